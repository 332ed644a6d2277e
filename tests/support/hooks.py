"""The far end of a generic webhook: signs, sends, and repeats until it hears 200, as platforms do."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

CONNECT = """
import json
from otklik.accounts.models import User
from otklik.channels import services
by = User.objects.filter(grants__role="administrator").first()
account = services.connect("hook", "Форма", {"signing_secret": "%s", "looks_like": "form"}, by=by)
print(json.dumps({"id": account.pk, "path": f"/hooks/hook/{account.public_id}/{account.path_secret}"}))
"""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 of the test's own far end


@dataclass
class FarEnd:
    """Keeps its own log of what was acknowledged: the count that tests compare with."""

    url: str
    path: str
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0

    def post(self, payload: dict[str, Any], *, patience: float = 60.0) -> None:
        """Send until 200; a lost answer is a reason to send again."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.try_once(payload):
                self.acknowledged.append(payload["id"])
                return
            self.refused += 1
            time.sleep(0.05)
        raise AssertionError(f"{payload['id']} was never acknowledged")

    def try_once(self, payload: dict[str, Any]) -> bool:
        body = json.dumps(payload)
        now = datetime.now(UTC)  # noqa: DTZ the far end has a clock of its own
        headers = {
            "content-type": "application/json",
            "webhook-id": f"evt-{payload['id']}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(f"evt-{payload['id']}", now, body),
        }
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection("127.0.0.1", place.port or 80, timeout=10)
        try:
            connection.request("POST", self.path, body.encode(), headers)
            return connection.getresponse().status == 200  # noqa: PLR2004
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
