"""A program keeps to the wishes of customers like a person at the screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from otklik.channels.models import ChannelAccount, Delivery
from otklik.inbox.models import Conversation, Message
from otklik.inbox.tests.support import arrive, mail
from otklik.kernel import clock
from otklik.people.models import Customer
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
RUSSIAN = {"text": "Здравствуйте! Ваш заказ приедет завтра."}


def wants(talk: Any, **values: Any) -> None:
    Customer.objects.filter(pk=talk.customer_id).update(**values)


@pytest.mark.req("S2-2")
def test_a_reason_is_asked_for_taken_and_given_back(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Where is my order?")
    wants(talk, language="en")
    _status, advice = program.post(f"/conversations/{talk.pk}/advice", RUSSIAN)
    assert [one["code"] for one in advice["wishes"]] == ["language"]
    status, refused = program.post(f"/conversations/{talk.pk}/replies", RUSSIAN)
    assert (status, refused["error"]["code"]) == (422, "deviation_reason_required")
    assert refused["error"]["data"]["field"] == "deviation_reason"
    assert not Delivery.objects.exists()
    status, message = program.post(
        f"/conversations/{talk.pk}/replies", {**RUSSIAN, "deviation_reason": "no_speaker"}
    )
    assert status == 201
    assert message["deviation"]["reason"] == "no_speaker"
    assert message["deviation"]["aspects"][0]["wanted"] == "en"


@pytest.mark.req("S2-2")
def test_an_answer_is_planned_for_the_preferred_time_and_taken_back(
    program: Program, write_in: Callable[..., Any]
) -> None:
    talk = write_in("Где заказ?")
    soon = clock.now() + timedelta(hours=2)
    wants(talk, contact_since=soon.strftime("%H:00"), contact_until="", time_zone="UTC")
    if soon.hour == 0:  # two hours before midnight "after 00:00" is the whole day
        wants(talk, contact_since="", contact_until="00:30", time_zone="UTC")
    _status, advice = program.post(f"/conversations/{talk.pk}/advice", RUSSIAN)
    assert [one["code"] for one in advice["wishes"]] == ["hours"]
    status, message = program.post(
        f"/conversations/{talk.pk}/replies", {**RUSSIAN, "send_at": advice["preferred_at"]}
    )
    assert (status, message["delivery_state"], message["deviation"]) == (201, "scheduled", {})
    assert message["due_at"] is not None
    status, refused = program.post(f"/messages/{message['id']}/schedule/send-now", {})
    assert (status, refused["error"]["code"]) == (422, "deviation_reason_required")
    status, draft = program.post(f"/messages/{message['id']}/schedule/cancel", {})
    assert (status, draft["text"]) == (200, RUSSIAN["text"])
    assert not Message.objects.filter(direction="out").exists()


def test_who_asked_not_to_be_written_to_is_not_written_to_first(
    program: Program, write_in: Callable[..., Any], demo_channel: ChannelAccount
) -> None:
    talk = write_in("Где заказ?")
    wants(talk, do_not_contact=True, do_not_contact_reason="попросила 3 ноября")
    letter = {"account_id": demo_channel.pk, "to": "anna", "text": "Акция", "deviation_reason": "urgent"}
    status, refused = program.post("/conversations", letter)
    assert (status, refused["error"]["code"]) == (409, "do_not_contact")
    assert "попросила 3 ноября" in refused["error"]["message"]
    assert Conversation.objects.count() == 1
    status, _answer = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"})
    assert status == 201  # what they asked themselves is answered


def test_recipients_are_proposed_chosen_and_given_back(
    program: Program, demo_channel: ChannelAccount, olga: Any
) -> None:
    ChannelAccount.objects.filter(pk=demo_channel.pk).update(kind="mail", settings={"address": "shop@test"})
    demo_channel.refresh_from_db()
    people = {
        "to": [{"name": "", "address": "shop@test"}],
        "cc": [{"name": "Игорь", "address": "igor@mail.test"}],
    }
    talk = arrive(demo_channel, mail("anna@mail.test", extra={"recipients": {**people, "reply_to": []}}))
    _status, advice = program.post(f"/conversations/{talk.pk}/advice", {})
    assert [one["address"] for one in advice["recipients"]["to"]] == ["anna@mail.test"]
    assert [one["address"] for one in advice["recipients"]["everybody"]] == ["igor@mail.test"]
    sent = {"text": "Едет", "to": ["anna@mail.test", "kate@mail.test"], "cc": ["igor@mail.test"]}
    status, message = program.post(f"/conversations/{talk.pk}/replies", sent)
    assert (status, message["recipients"]) == (201, {"to": sent["to"], "cc": sent["cc"]})
    status, message = program.post(
        f"/conversations/{talk.pk}/replies", {"text": "И ещё", "to": "kate@mail.test"}
    )
    assert (status, message["recipients"]["to"]) == (201, ["kate@mail.test"])  # one address as a plain text
    status, refused = program.post(f"/conversations/{talk.pk}/replies", {"text": "И", "cc": ["igor"]})
    assert (status, refused["error"]["data"]["field"]) == (422, "cc")
