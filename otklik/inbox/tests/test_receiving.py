"""A message comes in: once, in the right thread, whatever the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from otklik.channels import intake
from otklik.channels.models import RawEvent as Stored
from otklik.channels.protocol import Identity, Inbound, InboundFile, InboundKind, RawEvent
from otklik.inbox import queries
from otklik.inbox.models import (
    Conversation,
    ConversationLink,
    Message,
    ParkedChange,
    Revision,
    ThreadKey,
)
from otklik.inbox.services import changes, reply, state, threading
from otklik.inbox.tests.support import MORNING, arrive, mail
from otklik.kernel import clock, events, ids, outbox, textindex
from otklik.kernel.models import Event, Outbox

pytestmark = pytest.mark.django_db


def test_the_same_message_under_two_raw_keys_is_one_message(demo_channel):
    letter = mail("anna@mail.test")
    arrive(demo_channel, letter)
    arrive(demo_channel, letter)
    assert Message.objects.count() == 1
    assert Conversation.objects.get().message_count == 1


def test_an_answer_joins_the_thread_it_refers_to(demo_channel):
    first = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    second = arrive(demo_channel, mail("anna@mail.test", id="b@x", refs=("a@x",)))
    assert first == second


def test_a_child_that_comes_before_its_parent_ends_in_one_thread(demo_channel):
    child = arrive(demo_channel, mail("anna@mail.test", id="b@x", refs=("a@x",)))
    parent = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    assert child == parent
    assert ThreadKey.objects.get(key="a@x").own


def test_a_broken_chain_is_closed_by_a_link_when_the_middle_comes_last(demo_channel):
    first = arrive(demo_channel, mail("anna@mail.test", id="1@x"))
    third = arrive(demo_channel, mail("anna@mail.test", id="3@x", refs=("2@x",)))
    assert first != third
    middle = arrive(demo_channel, mail("anna@mail.test", id="2@x", refs=("1@x",)))
    assert middle == third
    assert ConversationLink.objects.get().reason == "references"


def test_strangers_who_answer_one_newsletter_do_not_meet(demo_channel):
    one = arrive(demo_channel, mail("anna@mail.test", refs=("news@far",)))
    other = arrive(demo_channel, mail("igor@mail.test", refs=("news@far",)))
    assert one != other
    assert not ConversationLink.objects.exists()  # the newsletter is nobody's message here


def test_a_forwarded_letter_of_a_stranger_is_new_and_linked(demo_channel):
    old = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    new = arrive(demo_channel, mail("husband@mail.test", refs=("a@x",)))
    assert new != old
    link = ConversationLink.objects.get()
    assert {link.first_id, link.second_id} == {old.pk, new.pk}


def test_somebody_in_copy_may_answer_in_the_thread(demo_channel):
    old = arrive(demo_channel, mail("anna@mail.test", id="a@x", to=("shop@test", "Igor@mail.test")))
    assert arrive(demo_channel, mail("igor@mail.test", refs=("a@x",))) == old


def test_a_number_in_the_subject_never_threads(demo_channel):
    old = arrive(demo_channel, mail("anna@mail.test", subject="Заказ"))
    new = arrive(demo_channel, mail("anna@mail.test", subject=f"Re: Заказ [#{old.pk}] №{old.pk}"))
    assert new != old


def test_our_signed_id_is_proof_and_a_new_writer_is_pointed_out(demo_channel, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    answer = reply.reply(conversation.pk, reply.Answer("Проверяем"), by=olga)
    assert ids.ours(answer.wire_id) == answer.wire_id
    stranger = mail("husband@mail.test", refs=(answer.wire_id,), ours=(answer.wire_id,))
    assert arrive(demo_channel, stranger) == conversation
    message = Message.objects.get(external_id=stranger.external_id)
    assert message.problems == [["new_participant", "husband@mail.test"]]


def test_another_body_under_a_known_id_is_a_message_of_its_own_with_a_notice(demo_channel):
    first = arrive(demo_channel, mail("anna@mail.test", "Один", id="a@x", external_id="a@x#1"))
    second = arrive(demo_channel, mail("anna@mail.test", "Другой", id="a@x", external_id="a@x#2"))
    assert first == second
    assert Message.objects.get(external_id="a@x#2").problems == [["same_id_other_body", "a@x"]]


def test_a_stranger_who_steals_a_known_id_gets_his_own_conversation_with_a_notice(demo_channel):
    first = arrive(demo_channel, mail("anna@mail.test", id="a@x", external_id="a@x#1"))
    second = arrive(demo_channel, mail("thief@mail.test", id="a@x", external_id="a@x#2"))
    assert first != second
    assert Message.objects.get(external_id="a@x#2").problems == [["same_id_other_body", "a@x"]]


def test_two_ids_longer_than_the_column_with_one_beginning_stay_two(demo_channel):
    long = "x" * 300
    arrive(demo_channel, mail("anna@mail.test", id=long + "1@x", external_id=long + "1"))
    arrive(demo_channel, mail("anna@mail.test", id=long + "2@x", external_id=long + "2"))
    assert Message.objects.count() == 2


def test_two_raw_keys_longer_than_the_column_stay_two(demo_channel):
    raws = [RawEvent("k" * 300 + end, b"{}", "json") for end in ("1", "2")]
    assert intake.store(demo_channel, raws) == 2
    assert intake.store(demo_channel, raws) == 0


def test_a_nul_and_half_characters_cost_no_message(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", "до\x00после\ud800", subject="те\x00ма"))
    assert conversation.messages.get().text == "до\ufffdпосле\ufffd"
    assert conversation.subject == "те\ufffdма"


def test_a_clock_that_runs_ahead_does_not_keep_a_conversation_on_top(demo_channel):
    ahead = arrive(demo_channel, mail("anna@mail.test", at=clock.after(86400 * 365)))
    assert ahead.last_message_at <= clock.now()


def test_a_date_without_a_zone_is_taken_as_utc(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", at=MORNING.replace(tzinfo=None)))
    assert conversation.last_message_at == MORNING


def test_a_customers_message_opens_a_closed_conversation(write_in, olga):
    conversation = write_in("Где заказ?")
    state.close(conversation.pk, by=olga)
    again = write_in("Так где?")
    assert again == conversation
    again.refresh_from_db()
    assert (again.state, again.closed_at) == ("open", None)
    assert again.waiting_since is not None


def test_a_customers_message_ends_a_snooze(write_in, olga):
    conversation = write_in("Где заказ?")
    state.snooze(conversation.pk, clock.after(3600), by=olga)
    again = write_in("Срочно")
    again.refresh_from_db()
    assert (again.state, again.snoozed_until) == ("open", None)


@pytest.mark.parametrize("kind", [InboundKind.AUTO_REPLY, InboundKind.BOUNCE])
def test_a_robot_never_reopens(demo_channel, olga, kind):
    conversation = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    state.close(conversation.pk, by=olga)
    arrive(demo_channel, mail("anna@mail.test", "Я в отпуске", refs=("a@x",), kind=kind, target_id="nobody"))
    conversation.refresh_from_db()
    assert (conversation.state, conversation.waiting_since) == ("closed", None)
    assert conversation.message_count == 2


def test_a_person_behind_a_mailing_list_still_reopens_a_known_thread(demo_channel, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    state.close(conversation.pk, by=olga)
    arrive(demo_channel, mail("anna@mail.test", refs=("a@x",), extra={"auto": "list"}))
    conversation.refresh_from_db()
    assert conversation.state == "open"


def test_waiting_is_counted_from_the_oldest_unanswered_message_also_out_of_order(demo_channel):
    arrive(demo_channel, mail("anna@mail.test", id="b@x", refs=("a@x",), at=MORNING + timedelta(minutes=5)))
    conversation = arrive(demo_channel, mail("anna@mail.test", id="a@x", at=MORNING))
    assert conversation.waiting_since == MORNING
    assert conversation.preview_by_us is False
    assert conversation.last_message_at == MORNING + timedelta(minutes=5)


def change(kind: InboundKind, target: str, text: str = "", **more) -> Inbound:
    letter = mail("anna@mail.test", text, external_id=f"change-of-{target}-{text}")
    fields = {"kind": kind, "target_id": target, **more}
    return replace(letter, **fields)


def test_an_edit_keeps_the_old_text_as_a_revision(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", "Плохо", id="a@x"))
    arrive(demo_channel, change(InboundKind.EDIT, "a@x", "Очень плохо"))
    conversation.refresh_from_db()
    message = conversation.messages.get()
    assert (message.text, conversation.preview) == ("Очень плохо", "Очень плохо")
    assert [one.text for one in message.revisions.all()] == ["Плохо"]


def test_an_edit_that_comes_before_its_message_waits_for_it(demo_channel):
    assert arrive(demo_channel, change(InboundKind.EDIT, "a@x", "Новый текст")) is None
    assert ParkedChange.objects.count() == 1
    conversation = arrive(demo_channel, mail("anna@mail.test", "Старый текст", id="a@x"))
    assert conversation.messages.get().text == "Новый текст"
    assert not ParkedChange.objects.exists()


def test_an_older_revision_that_comes_later_does_not_win(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", "один", id="a@x", revision="1"))
    arrive(demo_channel, change(InboundKind.EDIT, "a@x", "десять", revision="10"))
    arrive(demo_channel, change(InboundKind.EDIT, "a@x", "девять", revision="9"))
    message = conversation.messages.get()
    assert message.text == "десять"
    assert set(message.revisions.values_list("text", flat=True)) == {"один", "девять"}


def test_edits_without_revisions_go_by_their_moment(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", "один", id="a@x"))
    arrive(demo_channel, change(InboundKind.EDIT, "a@x", "три", occurred_at=MORNING + timedelta(hours=3)))
    arrive(demo_channel, change(InboundKind.EDIT, "a@x", "два", occurred_at=MORNING + timedelta(hours=2)))
    assert conversation.messages.get().text == "три"


def test_the_same_edit_twice_leaves_one_revision(demo_channel):
    arrive(demo_channel, mail("anna@mail.test", "один", id="a@x"))
    edit = change(InboundKind.EDIT, "a@x", "два")
    arrive(demo_channel, edit)
    arrive(demo_channel, edit)
    assert Revision.objects.count() == 1


def test_a_deleted_text_is_a_tombstone_and_no_longer_found(demo_channel, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test", "Холодильник гремит", id="a@x"))
    arrive(demo_channel, change(InboundKind.DELETE, "a@x"))
    conversation.refresh_from_db()
    message = conversation.messages.get()
    assert message.deleted_at is not None and message.text == "Холодильник гремит"
    assert conversation.preview == ""
    assert textindex.search(olga.organisation_id, "message", "холодильник") == []
    assert queries.page(olga, queries.Filters())[0].deleted


def test_an_edit_of_a_deleted_text_does_not_bring_it_back_into_the_search(demo_channel, olga):
    arrive(demo_channel, mail("anna@mail.test", "Холодильник гремит", id="a@x"))
    arrive(demo_channel, change(InboundKind.DELETE, "a@x"))
    arrive(demo_channel, change(InboundKind.EDIT, "a@x", "Холодильник молчит"))
    assert textindex.search(olga.organisation_id, "message", "холодильник") == []


def test_a_change_that_missed_its_message_by_a_moment_is_applied_later(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", "Старый", id="a@x"))
    # what two transactions of PostgreSQL leave behind that ran in the same moment
    ParkedChange.objects.create(account=demo_channel, target_id="a@x", kind="edit", text="Новый")
    assert changes.apply_late() == 1
    assert conversation.messages.get().text == "Новый"
    assert changes.apply_late() == 0


def test_a_message_is_found_by_the_name_of_its_file(demo_channel, olga):
    photo = InboundFile("накладная-1284.pdf", "application/pdf", b"%PDF-1")
    conversation = arrive(demo_channel, mail("anna@mail.test", "См. файл", files=(photo,)))
    assert textindex.search(olga.organisation_id, "message", "накладные") == [conversation.pk]


def test_a_new_message_is_announced_once(demo_channel):
    start = events.latest()
    letter = mail("anna@mail.test")
    arrive(demo_channel, letter)
    arrive(demo_channel, letter)
    topics = [event.topic for event in _since(start)]
    assert topics.count("message.created") == 1
    assert topics.count("conversation.changed") == 1


def _since(start: events.Cursor) -> list:
    return list(Event.objects.filter(id__gt=start.id).order_by("id"))


def test_an_event_that_cannot_be_understood_is_kept_and_can_be_replayed(demo_channel):
    intake.store(demo_channel, [RawEvent("bad", b"no json", "json")])
    outbox.drain()
    row = Stored.objects.get(key="bad")
    assert row.state == "failed" and "JSON" in row.error
    Stored.objects.filter(pk=row.pk).update(
        payload=b'{"id": "m1", "author": {"id": "anna"}, "text": "\xd0\xb4\xd0\xb0"}'
    )
    row.refresh_from_db()
    intake.replay(row)
    outbox.drain()
    assert Message.objects.get().text == "да"


def test_a_failure_that_comes_late_does_not_undo_what_another_process_understood(demo_channel):
    intake.store(demo_channel, [RawEvent("k", b'{"id": "m1", "author": {"id": "anna"}}', "json")])
    stale = Stored.objects.get()
    outbox.drain()
    intake._failed(stale, ValueError("late"))
    assert Stored.objects.get().state == "parsed"


def test_overlapping_sets_with_the_same_ends_are_all_planned(demo_channel):
    intake._plan_parse(demo_channel, [1, 2, 4])
    intake._plan_parse(demo_channel, [1, 3, 4])
    assert Outbox.objects.count() == 2


def test_a_link_is_stored_once_whichever_side_it_comes_from(write_in):
    one, other = write_in("а", author="a"), write_in("б", author="b")
    threading.link(one.pk, other.pk, "references")
    threading.link(other.pk, one.pk, "subject")
    threading.link(one.pk, one.pk, "subject")
    assert ConversationLink.objects.count() == 1


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "data:text/html,<script>", " JavaScript:x", "//evil.test"]
)
def test_a_link_that_is_no_address_of_a_page_is_not_kept(demo_channel, bad):
    inbound = replace(
        mail("anna@mail.test", "Смотрите", permalink=bad), author=Identity("anna@mail.test", url=bad)
    )
    conversation = arrive(demo_channel, inbound)
    assert conversation.permalink == ""
    assert conversation.messages.get().permalink == ""
    assert conversation.customer.identities.get().url == ""
