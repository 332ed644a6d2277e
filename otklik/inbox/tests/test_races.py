"""The same things at the same moment: real threads, a real database, counted afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otklik.accounts import presence
from otklik.accounts.models import Team, TeamMember, User
from otklik.channels import intake
from otklik.channels.models import Delivery
from otklik.channels.models import RawEvent as Stored
from otklik.channels.protocol import RawEvent
from otklik.inbox.models import Conversation, Message, ParkedChange
from otklik.inbox.services import changes, drafts, grouping, reply, routing
from otklik.inbox.tests.support import arrive, far_end, mail
from otklik.kernel import clock, outbox
from otklik.people.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run at the same moment in threads of their own; results or errors in order."""
    gate = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait(20)
            results[number] = work()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    close_old_connections()
    return results


def raw(number: int, thread: str = "t", key: str = "", **more: Any) -> RawEvent:
    payload = {"id": f"m{number}", "author": {"id": "anna", "name": "Анна"}, "text": f"Текст {number}"}
    return RawEvent(key or f"k{number}", json.dumps({**payload, "thread": thread, **more}).encode(), "json")


def settle() -> None:
    """Everything planned is done; retries that are due later come now."""
    for seconds in (0, 10, 100, 1000, 5000, 10000):
        with clock.at(clock.after(seconds)):
            outbox.drain()


def test_one_event_delivered_five_times_at_once_is_one_message(demo_channel):
    results = together(*[lambda: intake.store(demo_channel, [raw(1)])] * 5)
    assert not [one for one in results if isinstance(one, Exception)]
    together(*[outbox.drain] * 3)
    settle()
    assert (Stored.objects.count(), Message.objects.count()) == (1, 1)
    assert Conversation.objects.get().message_count == 1


def test_the_same_events_in_opposite_order_at_once_are_stored_once(demo_channel):
    rows = [raw(number) for number in range(30)]
    results = together(
        lambda: intake.store(demo_channel, rows),
        lambda: intake.store(demo_channel, rows[::-1]),
        lambda: intake.store(demo_channel, rows[10:20]),
    )
    assert not [one for one in results if isinstance(one, Exception)]
    together(*[outbox.drain] * 3)
    settle()
    assert Message.objects.filter(direction="in").count() == 30
    assert Conversation.objects.get().message_count == 30
    assert not Stored.objects.exclude(state="parsed").exists()


def test_two_messages_that_open_one_thread_at_once_meet_in_one_conversation(demo_channel):
    for number in range(5):
        first, second = raw(2 * number, f"t{number}"), raw(2 * number + 1, f"t{number}")
        intake.store(demo_channel, [first])
        intake.store(demo_channel, [second])
        ids = list(Stored.objects.filter(state="new").values_list("pk", flat=True))
        together(*[lambda pk=pk: intake.parse({"ids": [pk]}) for pk in ids])
    settle()
    assert not Stored.objects.exclude(state="parsed").exists()
    assert Conversation.objects.count() == 5
    assert set(Conversation.objects.values_list("message_count", flat=True)) == {2}
    assert Customer.objects.count() == 1


def test_an_edit_and_its_message_in_one_moment_end_with_the_edited_text(demo_channel):
    for number in range(5):
        intake.store(demo_channel, [raw(number, f"t{number}")])
        edit = raw(100 + number, f"t{number}", kind="edit", target=f"m{number}", revision="2")
        intake.store(demo_channel, [edit])
        ids = list(Stored.objects.filter(state="new").values_list("pk", flat=True))
        together(*[lambda pk=pk: intake.parse({"ids": [pk]}) for pk in ids])
    settle()
    changes.apply_late()
    assert not ParkedChange.objects.exists()
    assert set(Message.objects.values_list("text", flat=True)) == {f"Текст {100 + n}" for n in range(5)}


def test_one_click_in_four_processes_sends_once(demo_channel, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test"))
    answer = reply.Answer("Едет", client_key="click")
    with far_end(demo_channel) as end:
        results = together(*[lambda: reply.reply(conversation.pk, answer, by=olga)] * 4)
        together(*[outbox.drain] * 3)
        settle()
        assert len(end.got) == 1
    assert len({one.pk for one in results}) == 1
    assert Delivery.objects.count() == 1


def test_taking_back_and_sending_at_once_do_one_of_both(demo_channel, olga):
    with far_end(demo_channel) as end:
        for number in range(5):
            conversation = arrive(demo_channel, mail(f"c{number}@mail.test"))
            message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
            sent = len(end.got)
            together(outbox.drain, partial(drafts.from_cancelled, message.pk, by=olga))
            settle()
            there = Message.objects.filter(pk=message.pk).exists()
            assert there == (len(end.got) == sent + 1)


def test_two_merges_of_one_pair_at_once_are_one(demo_channel, olga):
    one, other = (arrive(demo_channel, mail(f"c{n}@mail.test")) for n in range(2))
    results = together(
        lambda: grouping.merge(one.pk, other.pk, by=olga), lambda: grouping.merge(other.pk, one.pk, by=olga)
    )
    assert sum(isinstance(result, Exception) for result in results) == 1
    assert Conversation.objects.filter(merged_into=None).count() == 1


def test_a_message_that_arrives_during_a_merge_is_in_the_survivor(demo_channel, olga):
    for number in range(5):
        one = arrive(demo_channel, mail(f"a{number}@mail.test", id=f"a{number}@x"))
        other = arrive(demo_channel, mail(f"b{number}@mail.test", id=f"b{number}@x"))
        letter = mail(f"b{number}@mail.test", refs=(f"b{number}@x",))
        together(partial(grouping.merge, one.pk, other.pk, by=olga), partial(arrive, demo_channel, letter))
        survivor = Conversation.objects.get(pk=one.pk)
        assert survivor.messages.filter(direction="in").count() == survivor.message_count == 3


def test_two_workers_give_each_conversation_once_and_nobody_too_many(company, olga, boris, demo_channel):
    team = Team.objects.create(organisation=company, name="Первая линия", round_robin=True)
    for person in (olga, boris):
        TeamMember.objects.create(team=team, user=person)
    ids = [arrive(demo_channel, mail(f"c{n}@mail.test")).pk for n in range(12)]
    Conversation.objects.filter(pk__in=ids).update(team=team)
    User.objects.filter(pk__in=(olga.pk, boris.pk)).update(capacity=4)
    for person in (olga, boris):
        presence.set_presence(User.objects.get(pk=person.pk), "online")
    results = together(*[lambda: routing.drain(team.pk)] * 3)
    assert not [one for one in results if isinstance(one, Exception)]
    routing.drain(team.pk)
    load = [Conversation.objects.filter(assignee=person).count() for person in (olga, boris)]
    assert load == [4, 4]
    assert Message.objects.filter(event__code="conversation.routed").count() == 8


PLANS = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 5)), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS, edits=st.lists(st.integers(0, 7), max_size=4), cut=st.integers(1, 5))
def test_any_order_and_number_of_deliveries_ends_the_same(demo_channel, plan, edits, cut):
    """A story of 8 messages in 3 threads and edits of them, told in any order, any part 1 to 5 times."""
    Message.objects.all().delete()
    Conversation.objects.all().delete()
    Stored.objects.all().delete()
    ParkedChange.objects.all().delete()
    told = [raw(number, f"t{number % 3}") for number, times in plan for _ in range(times)]
    told += [
        raw(
            number,
            f"t{number % 3}",
            key=f"edit-{number}",
            kind="edit",
            target=f"m{number}",
            text=f"Правка {number}",
        )
        for number in edits
    ]
    for start in range(0, len(told), cut):
        intake.store(demo_channel, told[start : start + cut])
        if start % 2:
            outbox.drain()
    outbox.drain()
    numbers = {number for number, _times in plan}
    said = Message.objects.filter(direction="in")  # a line of the system may say that somebody writes a lot
    assert set(said.values_list("external_id", flat=True)) == {f"m{number}" for number in numbers}
    assert said.count() == len(numbers)
    assert Conversation.objects.count() == len({number % 3 for number in numbers})
    for number in numbers & set(edits):
        assert Message.objects.get(external_id=f"m{number}").text == f"Правка {number}"
    assert sum(Conversation.objects.values_list("message_count", flat=True)) == len(numbers)
    waiting = set(ParkedChange.objects.values_list("target_id", flat=True))
    assert waiting == {f"m{number}" for number in set(edits) - numbers}
