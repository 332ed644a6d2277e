"""What is signed is stored, also when it is nonsense; what leads inside by a detour is not called."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from standardwebhooks.webhooks import Webhook

from otklik.channels import intake, registry, transport
from otklik.channels.hook import HookAdapter
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.kernel import clock, outbox

SECRET = "whsec_" + "A" * 32


def signed(body: bytes) -> dict[str, str]:
    now = datetime.now(UTC)  # the library looks at the wall clock itself
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("m1", now, body.decode()),
    }


@pytest.mark.parametrize("body", [b"{{{", b"[" * 100_000, b"", b"null", b"[1, 2]", b'{"id": {}}'])
def test_a_signed_body_that_is_no_message_is_an_event_all_the_same(body):
    raw = HookAdapter().verify({"signing_secret": SECRET}, signed(body), body)
    assert raw is not None
    assert (raw.key, raw.payload) == ("m1", body)


@pytest.mark.parametrize(
    "changed", [{"webhook-signature": "v1,AAAA"}, {"webhook-timestamp": "inf"}, {"webhook-id": ""}]
)
def test_a_body_that_is_not_signed_so_is_none(changed):
    body = json.dumps({"id": "1"}).encode()
    assert HookAdapter().verify({"signing_secret": SECRET}, {**signed(body), **changed}, body) is None


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"{{{", b"[" * 100_000, b"null", b"[1, 2]"])
def test_an_unreadable_event_waits_on_the_operations_page(company, body):
    account = ChannelAccount.objects.create(
        organisation=company, kind="hook", name="Форма", created_at=clock.now()
    )
    raw = HookAdapter().verify({"signing_secret": SECRET}, signed(body), body)
    assert raw is not None
    assert registry.has("hook")
    intake.store(account, [raw])
    outbox.drain()
    stored = RawEvent.objects.get()
    assert stored.state == RawEvent.State.FAILED
    assert stored.error


INSIDE = [
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "224.0.0.1", "ff0e::1", "fe80::1", "fd00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_spelling_of_an_inner_address_is_called(monkeypatch, address):
    found = [(0, 0, 0, "", (address, 0))]
    monkeypatch.setattr(
        transport, "socket", SimpleNamespace(getaddrinfo=lambda *_a, **_k: found, SOCK_STREAM=1)
    )
    with pytest.raises(transport.Blocked):
        transport.allowed_addresses("partner.example")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_an_address_of_the_open_network_is_called(monkeypatch, address):
    found = [(0, 0, 0, "", (address, 0))]
    monkeypatch.setattr(
        transport, "socket", SimpleNamespace(getaddrinfo=lambda *_a, **_k: found, SOCK_STREAM=1)
    )
    assert transport.allowed_addresses("partner.example") == [address]
