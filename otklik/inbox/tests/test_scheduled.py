"""An answer for later leaves at its moment, or comes back when the customer writes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from otklik.accounts import services
from otklik.accounts.models import Organisation
from otklik.audit import queries as audit
from otklik.channels import queries as channels
from otklik.channels.models import Delivery
from otklik.channels.protocol import SendResult, SendState
from otklik.inbox.models import Conversation, Draft, Message
from otklik.inbox.services import drafts, reply, scheduled, start, state, summary, wishes
from otklik.inbox.tests.support import arrive, far_end, mail
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Forbidden, Invalid, NotFound
from otklik.people.models import Customer
from otklik.people.services import merging, profile

pytestmark = pytest.mark.django_db
HOUR = 3600.0


def fresh(thing: Any) -> Any:
    return type(thing).objects.get(pk=thing.pk)


@pytest.fixture
def plan(write_in, olga):
    """Olga plans an answer to Anna in an hour: the conversation and the answer."""
    conversation = write_in("Где заказ?")
    message = reply.reply(conversation.pk, reply.Answer("Едет", send_at=clock.after(HOUR)), by=olga)
    return fresh(conversation), message


def later(seconds: float = HOUR + 1) -> Any:
    return clock.at(clock.after(seconds))


@pytest.mark.req("S2-2")
def test_an_answer_at_the_preferred_time_needs_no_reason_and_leaves_then(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    Customer.objects.filter(pk=conversation.customer_id).update(
        contact_since="10:00", contact_until="18:00", time_zone="Asia/Vladivostok"
    )
    evening = clock.now().replace(hour=11, minute=0) + timedelta(days=1)
    with far_end(demo_channel) as end:
        with clock.at(evening):
            best = wishes.preferred_moment(
                conversation.organisation_id, conversation.customer_id, clock.now()
            )
            assert best is not None
            message = reply.reply(conversation.pk, reply.Answer("Едет", send_at=best), by=olga)
            assert message.deviation == {}
            outbox.drain()
            assert end.got == []
        with clock.at(best + timedelta(seconds=1)):
            outbox.drain()
            assert [one.text for one in end.got] == ["Едет"]
    assert fresh(message).delivery_state == "sent"


def test_until_it_leaves_the_customer_waits_and_nothing_counts_as_answered(plan, olga):
    conversation, message = plan
    assert message.delivery_state == "scheduled"
    assert (conversation.state, conversation.message_count, conversation.preview) == ("open", 1, "Где заказ?")
    assert conversation.waiting_since is not None and conversation.first_response_at is None
    assert conversation.assignee == olga
    with later() as _moment:
        outbox.drain()
    after, left = fresh(conversation), fresh(message)
    assert (after.state, after.waiting_since, after.preview, after.message_count) == (
        "waiting",
        None,
        "Едет",
        2,
    )
    assert after.first_response_at == left.occurred_at >= left.due_at


def test_it_closes_the_conversation_when_it_leaves_if_asked_to(write_in, olga):
    conversation = write_in("Спасибо")
    reply.reply(conversation.pk, reply.Answer("Рады помочь", send_at=clock.after(HOUR), close=True), by=olga)
    assert fresh(conversation).state == "open"
    with later():
        outbox.drain()
    assert fresh(conversation).state == "closed"


def test_the_customer_writes_first_and_the_answer_is_a_draft_again(plan, write_in, olga):
    conversation, message = plan
    write_in("Уже не нужно")
    assert not Message.objects.filter(pk=message.pk).exists()
    draft = Draft.objects.get(conversation=conversation)
    assert (draft.user, draft.text) == (olga, "Едет")
    assert Delivery.objects.get().state == "cancelled"
    line = Message.objects.get(conversation=conversation, direction="system", event__code="message.held")
    assert line.event["user"] == "Ольга Ильина"
    after = fresh(conversation)
    assert (after.preview, after.message_count, after.state) == ("Уже не нужно", 2, "open")
    with later():
        outbox.drain()
    assert not Message.objects.filter(direction="out").exists()


def test_a_robots_letter_holds_nothing(demo_channel, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    message = reply.reply(conversation.pk, reply.Answer("Едет", send_at=clock.after(HOUR)), by=olga)
    arrive(demo_channel, mail("anna@mail.test", refs=("a@x",), extra={"auto": "auto_reply"}))
    assert fresh(message).delivery_state == "scheduled"


def test_a_colleague_takes_it_back_and_the_author_has_the_draft(plan, boris, olga):
    conversation, message = plan
    before = summary.snapshot(conversation)
    draft = scheduled.cancel(message.pk, by=boris)
    assert (draft.user, draft.text) == (olga, "Едет")
    assert {**summary.snapshot(fresh(conversation)), "assignee_id": olga.pk} == before
    with pytest.raises(NotFound):
        scheduled.cancel(message.pk, by=boris)


def test_who_may_not_answer_takes_nothing_back(plan, company):
    vera = services.create_user(company, email="vera@shop.test", name="Вера", roles=["analyst"])
    for act in (scheduled.cancel, scheduled.send_now):
        with pytest.raises(Forbidden):
            act(plan[1].pk, by=vera)


def test_another_company_sees_no_planned_answer(plan, db):
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = services.create_user(other, email="x@other.test", name="Чужой", roles=["administrator"])
    for act in (scheduled.cancel, scheduled.send_now):
        with pytest.raises(NotFound):
            act(plan[1].pk, by=stranger)


def test_sent_at_once_it_leaves_once(plan, olga, demo_channel):
    _conversation, message = plan
    with far_end(demo_channel) as end:
        scheduled.send_now(message.pk, by=olga)
        outbox.drain()
        with later():
            outbox.drain()
        assert len(end.got) == 1
    with pytest.raises(drafts.TooLate):
        scheduled.send_now(message.pk, by=olga)


@pytest.mark.req("S2-2")
def test_sent_at_once_outside_the_best_hours_needs_a_reason(plan, olga):
    conversation, message = plan
    now = clock.now()
    Customer.objects.filter(pk=conversation.customer_id).update(
        contact_since=(now + timedelta(hours=1)).strftime("%H:00"),
        contact_until=(now + timedelta(hours=2)).strftime("%H:00"),
        time_zone="UTC",
    )
    with pytest.raises(wishes.NeedsReason):
        scheduled.send_now(message.pk, by=olga)
    assert Delivery.objects.get().due_at > clock.now()
    scheduled.send_now(message.pk, "urgent", by=olga)
    assert fresh(message).deviation["reason"] == "urgent"
    entry = audit.of_object(conversation.organisation_id, "conversation", conversation.pk)[0]
    assert (entry.action, entry.reason) == ("message.hastened", "urgent")


def test_an_answer_of_now_does_not_wait_for_the_planned_one(plan, olga, demo_channel):
    conversation, _message = plan
    with far_end(demo_channel) as end:
        reply.reply(conversation.pk, reply.Answer("Уточняем"), by=olga)
        outbox.drain()
        assert [one.text for one in end.got] == ["Уточняем"]
        with later():
            outbox.drain()
        assert [one.text for one in end.got] == ["Уточняем", "Едет"]


def test_a_planned_answer_that_is_refused_brings_the_conversation_back_and_the_waiting_goes_on(
    plan, demo_channel
):
    conversation, message = plan
    with far_end(demo_channel) as end:
        end.answers = [SendResult(SendState.REJECTED, code="blocked", detail="user blocked you")]
        with later():
            outbox.drain()
    after = fresh(conversation)
    assert (fresh(message).delivery_state, after.state, after.trouble) == ("failed", "open", "failed")
    assert after.waiting_since == conversation.waiting_since


@pytest.mark.parametrize("seconds", [-60.0, 91 * 86400.0])
def test_a_moment_that_cannot_be_kept_is_refused(write_in, olga, seconds):
    conversation = write_in("Где заказ?")
    with pytest.raises(Invalid) as refusal:
        reply.reply(conversation.pk, reply.Answer("Едет", send_at=clock.after(seconds)), by=olga)
    assert refusal.value.data["field"] == "send_at"


def test_what_a_person_posts_by_hand_cannot_be_planned(write_in, olga, demo_channel):
    conversation = write_in("Ужас", visibility="public")
    with far_end(demo_channel, reply_public=False, reply_manual=True), pytest.raises(Invalid):
        reply.reply(
            conversation.pk,
            reply.Answer("Простите", visibility="public", send_at=clock.after(HOUR)),
            by=olga,
        )


def test_reopening_counts_the_planned_answer_as_not_given(plan, olga):
    conversation, _message = plan
    state.close(conversation.pk, by=olga)
    state.reopen(conversation.pk, by=olga)
    assert fresh(conversation).waiting_since == conversation.waiting_since


def test_a_first_letter_for_later_waits_calmly_and_leaves(demo_channel, olga):
    message = start.write_first(
        demo_channel.pk,
        to="anna",
        subject="",
        text="Готов",
        by=olga,
        client_key="k",
        send_at=clock.after(HOUR),
    )
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.preview, conversation.message_count) == ("waiting", "Готов", 0)
    with later():
        outbox.drain()
    assert fresh(message).delivery_state == "sent"
    assert fresh(conversation).message_count == 1


def test_what_waits_for_its_moment_is_not_shown_as_stuck(plan, company):
    assert channels.delivery_counts(company.pk) == {}
    assert not channels.waiting_deliveries(company.pk).exists()


def test_the_screen_plans_shows_and_takes_back(write_in, client, olga):
    client.force_login(olga)
    conversation = write_in("Где заказ?")
    dialog = client.get(reverse("inbox-later", args=[conversation.pk])).content.decode()
    moment = dialog.split('data-send-at="', 1)[1].split('"', 1)[0]
    values = {"mode": "private", "text": "Едет", "client_key": "k", "send_at": moment}
    headers = {"accept": "application/json"}
    planned = client.post(reverse("inbox-send", args=[conversation.pk]), values, headers=headers).json()
    page = client.get(f"/inbox/{conversation.pk}/").content.decode()
    message = Message.objects.get(direction="out")
    assert reverse("inbox-scheduled", args=[message.pk, "now"]) in page
    assert planned["undo"]["url"] == reverse("inbox-scheduled", args=[message.pk, "cancel"])
    back = client.post(planned["undo"]["url"], headers=headers).json()
    assert back["draft"] == "private"
    assert Draft.objects.get().text == "Едет"


def test_who_asks_not_to_be_written_to_gets_nothing_that_was_planned(plan, olga):
    conversation, message = plan
    profile.stop_contact(conversation.customer_id, "позвонила 3 ноября", by=olga)
    assert not Message.objects.filter(pk=message.pk).exists()
    assert Draft.objects.get().text == "Едет"
    assert Message.objects.filter(event__code="message.held_stopped").exists()
    with later():
        outbox.drain()
    assert not Message.objects.filter(direction="out").exists()


def test_a_merge_with_somebody_who_must_not_be_written_to_holds_what_was_planned(plan, olga):
    _conversation, message = plan
    twin = profile.create({"name": "Анна Белова", "phone": "+79161234567"}, by=olga)
    profile.stop_contact(twin.pk, "попросила 3 ноября", by=olga)
    assert fresh(message).delivery_state == "scheduled"
    merging.merge(message.conversation.customer_id, twin.pk, by=olga)
    assert Draft.objects.get().text == "Едет"


def test_a_planned_answer_leaves_once_whatever_comes_between(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    with far_end(demo_channel) as end:
        message = reply.reply(conversation.pk, reply.Answer("Едет", send_at=clock.after(HOUR)), by=olga)
        scheduled.send_now(message.pk, by=olga)
        with later():
            for _time in range(3):
                outbox.drain()
        after = fresh(conversation)
        assert [one.text for one in end.got] == ["Едет"]
        assert (after.state, after.message_count) == ("waiting", 2)
