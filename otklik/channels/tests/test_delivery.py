"""The way out: every step of the state machine, and what the customer's side has really got."""

from __future__ import annotations

import pytest
from django.db import transaction

from otklik.channels import delivery
from otklik.channels.models import ChannelAccount, Delivery, DeliveryAttempt, DeliveryState
from otklik.channels.protocol import Found, Outbound, OutboundFile, SendResult, SendState
from otklik.inbox.tests.support import far_end
from otklik.kernel import clock, media, outbox
from otklik.kernel.models import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def far(demo_channel):
    with far_end(demo_channel) as end:
        yield end


def queued(account: ChannelAccount, number: int = 1, thread: int = 1, wait: float = 0, **parts) -> Delivery:
    with transaction.atomic():
        return delivery.queue(
            organisation_id=account.organisation_id,
            account_id=account.pk,
            message_id=number,
            thread_id=thread,
            outbound=Outbound(idempotency_key=f"key-{number}", to="anna", text=f"Текст {number}", **parts),
            due_at=clock.after(wait),
        )


def state_of(row: Delivery) -> str:
    return str(Delivery.objects.get(pk=row.pk).state)


def later(seconds: float):
    return clock.at(clock.after(seconds))


def test_queued_becomes_sent_with_the_name_the_platform_gives(demo_channel, far):
    row = queued(
        demo_channel, references=("a@x",), cc=("b@x",), files=(OutboundFile("a.txt", "text/plain", b"a"),)
    )
    outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.external_id, row.attempts, row.error) == ("sent", "far-1", 1, "")
    assert far.got[0].files[0].content == b"a"
    assert (far.got[0].references, far.got[0].cc) == (("a@x",), ("b@x",))
    assert DeliveryAttempt.objects.get().outcome == "sent"


def test_nothing_leaves_before_its_moment(demo_channel, far):
    queued(demo_channel, wait=10)
    outbox.drain()
    assert far.got == []
    with later(11):
        outbox.drain()
    assert len(far.got) == 1


def test_a_handler_called_too_early_or_again_does_nothing(demo_channel, far):
    row = queued(demo_channel, wait=10)
    with pytest.raises(outbox.Later):
        delivery.deliver({"delivery_id": row.pk})
    with later(11):
        delivery.deliver({"delivery_id": row.pk})
        delivery.deliver({"delivery_id": row.pk})
    assert len(far.got) == 1


def test_nothing_leaves_when_the_transaction_is_rolled_back(demo_channel, far):
    with pytest.raises(RuntimeError), transaction.atomic():
        queued(demo_channel)
        raise RuntimeError
    outbox.drain()
    assert far.got == []


def test_a_refusal_is_failed_in_the_far_ends_words(demo_channel, far):
    far.answers = [SendResult(SendState.REJECTED, code="blocked", detail="550 no such user")]
    row = queued(demo_channel)
    outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.error_code, row.error) == ("failed", "blocked", "550 no such user")
    assert row.finished_at is not None


def test_what_was_certainly_not_accepted_is_tried_again(demo_channel, far):
    far.answers = [SendResult(SendState.RETRY, detail="greylisted")]
    row = queued(demo_channel)
    outbox.drain()
    assert state_of(row) == "queued"
    assert len(far.got) == 1
    with later(6):
        outbox.drain()
    assert state_of(row) == "sent"
    assert [one.outcome for one in row.tries.order_by("number")] == ["retry", "sent"]


def test_attempts_end(demo_channel, far):
    far.answers = [SendResult(SendState.RETRY)] * 20
    row = queued(demo_channel)
    for hour in range(20):
        with later(3700 * hour):
            outbox.drain()
    assert state_of(row) == "failed"
    assert len(far.got) == delivery.MAX_ATTEMPTS


def test_a_wait_the_platform_asks_for_is_kept(demo_channel, far):
    far.answers = [SendResult(SendState.THROTTLED, retry_after=100)]
    row = queued(demo_channel)
    outbox.drain()
    assert state_of(row) == "throttled"
    with later(90):
        outbox.drain()
    assert len(far.got) == 1
    with later(101):
        outbox.drain()
    assert state_of(row) == "sent"


def test_a_lost_answer_is_uncertain_and_never_sent_again_by_itself(demo_channel, far):
    far.answers = [SendResult(SendState.UNCERTAIN, detail="connection cut")]
    row = queued(demo_channel)
    outbox.drain()
    with later(86400):
        outbox.drain()
        delivery.rescue()
        outbox.drain()
    assert state_of(row) == "uncertain"
    assert len(far.got) == 1


def test_an_adapter_that_fails_is_uncertain(demo_channel, far):
    far.answers = [ConnectionResetError("peer")]
    row = queued(demo_channel)
    outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("uncertain", "adapter_failed")


def test_an_uncertain_answer_that_is_found_is_reconciled(demo_channel, far):
    far.answers, far.found = [SendResult(SendState.UNCERTAIN)], Found.FOUND
    row = queued(demo_channel)
    outbox.drain()
    row.refresh_from_db()
    assert row.state == "reconciled" and row.finished_at is not None


@pytest.mark.parametrize("found", [Found.ABSENT, Found.CANNOT_TELL, RuntimeError("imap away")])
def test_an_uncertain_answer_that_is_not_found_waits_for_a_person(demo_channel, far, found):
    far.answers, far.found = [SendResult(SendState.UNCERTAIN)], found
    row = queued(demo_channel)
    outbox.drain()
    assert state_of(row) == "uncertain"


def test_where_the_platform_drops_second_copies_a_lost_answer_goes_again_under_the_same_key(demo_channel):
    with far_end(demo_channel, idempotent_send=True) as end:
        end.answers = [SendResult(SendState.UNCERTAIN)]
        row = queued(demo_channel)
        outbox.drain()
        with later(6):
            outbox.drain()
        assert [one.idempotency_key for one in end.got] == ["key-1", "key-1"]
    assert state_of(row) == "sent"


def crash(row: Delivery) -> None:
    """What a process leaves behind that dies between the attempt and the answer."""
    attempt = delivery._begin(row)
    assert attempt is not None
    Outbox.objects.update(run_after=clock.after(outbox.LEASE))


def test_a_crash_while_sending_is_uncertain_after_the_lease(demo_channel, far):
    row = queued(demo_channel)
    crash(row)
    outbox.drain()
    assert state_of(row) == "sending"
    with later(outbox.LEASE + 1):
        outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("uncertain", "sender_died")
    assert far.got == []
    assert row.tries.get().outcome == "uncertain"


def test_a_slow_sender_that_was_taken_for_dead_still_settles(demo_channel, far):
    row = queued(demo_channel)
    attempt = delivery._begin(row)
    assert attempt is not None
    with later(outbox.LEASE + 1):
        delivery.deliver({"delivery_id": row.pk})
        assert state_of(row) == "uncertain"
        delivery._end(row, attempt, SendResult(SendState.SENT, external_id="slow"))
    assert state_of(row) == "sent"


@pytest.mark.parametrize(("arrived", "state", "copies"), [(True, "reconciled", 1), (False, "sent", 2)])
def test_a_person_decides_an_uncertain_answer_once(demo_channel, far, arrived, state, copies):
    far.answers = [SendResult(SendState.UNCERTAIN)]
    row = queued(demo_channel)
    outbox.drain()
    assert delivery.decide(row, arrived=arrived)
    assert not delivery.decide(row, arrived=not arrived)
    outbox.drain()
    assert state_of(row) == state
    assert len(far.got) == copies


def test_every_decision_to_send_again_is_planned_also_with_an_old_copy_of_the_row(demo_channel, far):
    far.answers = [SendResult(SendState.UNCERTAIN)] * 3
    row = queued(demo_channel)
    stale = Delivery.objects.select_related("account").get(pk=row.pk)
    outbox.drain()
    for _ in range(2):
        assert delivery.decide(stale, arrived=False)
        outbox.drain()
    assert len(far.got) == 3


def test_a_failed_answer_goes_again_when_a_person_says_so(demo_channel, far):
    far.answers = [SendResult(SendState.REJECTED)] * 2
    row = queued(demo_channel)
    outbox.drain()
    for _ in range(2):
        assert delivery.retry(row)
        assert not delivery.retry(row)
        outbox.drain()
    assert state_of(row) == "sent"
    assert len(far.got) == 3


def test_what_has_not_left_can_be_taken_back(demo_channel, far):
    row = queued(demo_channel, wait=10)
    assert delivery.cancel(row.message_id)
    assert not delivery.cancel(row.message_id)
    with later(11):
        outbox.drain()
    assert state_of(row) == "cancelled"
    assert far.got == []


def test_what_was_tried_once_cannot_be_taken_back(demo_channel, far):
    far.answers = [SendResult(SendState.RETRY)]
    row = queued(demo_channel)
    outbox.drain()
    assert not delivery.cancel(row.message_id)


def test_a_bounce_fails_what_was_sent_and_repeats_do_nothing(demo_channel, far):
    row = queued(demo_channel)
    outbox.drain()
    for _ in range(3):
        assert delivery.bounced(demo_channel.pk, "key-1", detail="mailbox full", code="5.2.2") is not None
    row.refresh_from_db()
    assert (row.state, row.error_code, row.error) == ("failed", "5.2.2", "mailbox full")


def test_a_bounce_of_what_never_left_changes_nothing(demo_channel, far):
    row = queued(demo_channel, wait=10)
    delivery.bounced(demo_channel.pk, "key-1", detail="forged", code="5.0.0")
    assert state_of(row) == "queued"
    assert delivery.bounced(demo_channel.pk, "unknown", detail="", code="") is None


def test_receipts_go_forward_only(demo_channel, far):
    row = queued(demo_channel)
    assert not delivery.receipt(demo_channel.pk, "key-1", DeliveryState.DELIVERED)
    outbox.drain()
    assert delivery.receipt(demo_channel.pk, "far-1", DeliveryState.READ)
    assert not delivery.receipt(demo_channel.pk, "key-1", DeliveryState.DELIVERED)
    assert not delivery.receipt(demo_channel.pk, "", DeliveryState.READ)
    assert state_of(row) == "read"


def test_a_receipt_settles_an_uncertain_answer(demo_channel, far):
    far.answers = [SendResult(SendState.UNCERTAIN)]
    row = queued(demo_channel)
    outbox.drain()
    assert delivery.receipt(demo_channel.pk, "key-1", DeliveryState.DELIVERED)
    assert state_of(row) == "delivered"


def test_answers_of_one_thread_keep_their_order(demo_channel, far):
    far.answers = [SendResult(SendState.RETRY)]
    queued(demo_channel, 1)
    queued(demo_channel, 2)
    queued(demo_channel, 3, thread=2)
    outbox.drain()
    assert [one.text for one in far.got] == ["Текст 1", "Текст 3"]
    with later(6):
        outbox.drain()
    with later(60):
        outbox.drain()
    assert [one.text for one in far.got[2:]] == ["Текст 1", "Текст 2"]


def test_an_uncertain_answer_does_not_hold_up_the_next(demo_channel, far):
    far.answers = [SendResult(SendState.UNCERTAIN)]
    queued(demo_channel, 1)
    row = queued(demo_channel, 2)
    outbox.drain()
    with later(5):
        outbox.drain()
    assert state_of(row) == "sent"


def test_a_file_that_is_gone_fails_with_a_reason_and_sends_nothing(demo_channel, far):
    row = queued(demo_channel, files=(OutboundFile("a.txt", "text/plain", b"a"),))
    media.path_of(row.content["files"][0]["digest"]).unlink()
    outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("failed", "not_prepared")
    assert far.got == []


def test_an_account_that_is_switched_off_keeps_its_answers_until_it_is_on(demo_channel, far):
    row = queued(demo_channel)
    ChannelAccount.objects.update(active=False)
    outbox.drain()
    assert state_of(row) == "queued"
    ChannelAccount.objects.update(active=True)
    with later(61):
        outbox.drain()
    assert state_of(row) == "sent"


def test_a_delivery_whose_plan_is_lost_is_planned_again(demo_channel, far):
    row = queued(demo_channel)
    Outbox.objects.all().delete()
    assert delivery.rescue() == 0
    with later(700):
        assert delivery.rescue() == 1
        outbox.drain()
    assert state_of(row) == "sent"
    assert len(far.got) == 1
