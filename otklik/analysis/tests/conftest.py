"""A far end for second opinions, an endpoint that asks it, and customers our own reading is unsure of."""

from __future__ import annotations

from typing import Any

import pytest

from otklik.analysis.opinion_models import OpinionEndpoint
from otklik.analysis.services import following, opinion, reader
from otklik.analysis.services.opinion import Settings
from otklik.analysis.tests.opinions import TEXT
from tests.api.stream import visible
from tests.support.modelserver import KEY, labelled, model_server


@pytest.fixture
def far(settings):
    settings.TRUSTED_PRIVATE_HOSTS = ["127.0.0.1"]
    with model_server() as server:
        server.says = labelled(tone="negative", intent=["complaint"], cause=["delivery_late"], severity="3")
        yield server


@pytest.fixture
def endpoint(far, alisa):
    """Set up and switched on."""
    opinion.save(Settings(base_url=far.url, model=far.model, key=KEY, seconds=5), by=alisa)
    opinion.switch(on=True, by=alisa)
    return OpinionEndpoint.objects.get()


@pytest.fixture
def unsure(write_in, monkeypatch):
    """A customer writes, and our own reading is unsure of these fields."""

    def write(text: str = TEXT, *fields: str, **more: Any) -> Any:
        real = reader.read

        def read(organisation_id, texts):
            found = real(organisation_id, texts)
            for one in found:
                one["abstained"] = list(fields or ("tone", "intent"))
            return found

        monkeypatch.setattr(reader, "read", read)
        talk = write_in(text, **more)
        visible()
        following.follow()
        monkeypatch.setattr(reader, "read", real)
        return talk

    return write
