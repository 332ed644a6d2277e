"""The list in the order of what was read: every field, both plans, pages without gaps, rows that change meanwhile."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from otklik.analysis import marks, words
from otklik.analysis.services import taxonomy
from otklik.inbox import forms, meanings, orders, queries
from otklik.inbox.models import Conversation, ConversationMark
from otklik.inbox.queries import Filters
from otklik.inbox.tests.readings import read_as
from otklik.inbox.tests.support import MORNING, arrive, mail

pytestmark = pytest.mark.django_db

FIELDS = tuple(orders.LADDERS)
ALONE = ("severity", "urgency", "complexity")  # whose labels are numbers


@pytest.fixture(params=["short", "long"])
def plan(request, monkeypatch):
    """A list that is sorted here, and one that is walked label by label."""
    if request.param == "long":
        monkeypatch.setattr(meanings, "FEW", 0)
    return request.param


def written(channel, number: int, **fields) -> Conversation:
    """The moments of three conversations in a row are the same: then the later number is the newer one."""
    at = MORNING + timedelta(hours=number // 3)
    return read_as(arrive(channel, mail(f"c{number}@mail.test", f"Текст {number}", at=at)), **fields)


def label_of(field: str, rng: random.Random):
    labels = [one for one in words.VALUES[field] if one or field == "cause"]
    if field in marks.SEVERAL:
        return tuple(rng.sample([one for one in labels if one], rng.randint(field == "intent", 3)))
    if field == "safety":
        return rng.random() < 0.4
    return int(rng.choice(labels)) if field in ALONE else rng.choice(labels)


def walked(user, size: int, **filters) -> list[int]:
    found: list[int] = []
    after = ""
    while rows := queries.page(user, Filters(**filters), after=after, size=size):
        found += [row.conversation.pk for row in rows]
        after = rows[-1].place
    return found


def sorted_by_hand(field: str, ladder: list[str]) -> list[int]:
    stands: dict[int, set[str]] = {}
    for pk, mark in ConversationMark.objects.values_list("conversation_id", "mark"):
        stands.setdefault(pk, set()).add(mark)

    def key(talk: Conversation) -> tuple[int, float, int]:
        steps = [ladder.index(one) for one in ladder if marks.mark(field, one) in stands.get(talk.pk, ())]
        return min(steps, default=len(ladder)), -talk.last_message_at.timestamp(), -talk.pk

    return [talk.pk for talk in sorted(Conversation.objects.all(), key=key)]


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_orders_the_list_whole_and_in_pages(demo_channel, olga, plan, field):
    rng = random.Random(field)
    arrive(demo_channel, mail("nobody@mail.test", "Не прочитано", at=MORNING + timedelta(hours=2)))
    for number in range(14):
        written(demo_channel, number, **{field: label_of(field, rng)})
    ladder = list(orders.LADDERS[field]) or [one for one in words.VALUES["cause"] if one] + [""]
    expected = sorted_by_hand(field, ladder)
    assert len(expected) == 15
    for size in (50, 4, 1):
        assert walked(olga, size, order=field) == expected


def test_the_most_pressing_stand_first_and_of_equals_the_newest(demo_channel, olga, plan):
    talks = [written(demo_channel, n * 3, priority="P2" if n % 3 else "P1") for n in range(7)]
    assert walked(olga, 2, order="priority") == [talks[n].pk for n in (6, 3, 0, 5, 4, 2, 1)]


def test_the_least_sure_stand_first(demo_channel, olga):
    talks = [written(demo_channel, n, confidence={"tone": sure}) for n, sure in enumerate((0.9, 0.2, 0.7))]
    assert walked(olga, 1, order="unsure") == [talks[n].pk for n in (1, 2, 0)]


def test_an_order_holds_within_filters_and_for_causes_of_ones_own(demo_channel, olga, alisa, plan):
    made = taxonomy.add("Парковка", phrases=("на парковке",), by=alisa).every[-1].key
    own = written(demo_channel, 1, cause=(made,), tone="negative")
    late = written(demo_channel, 2, cause=("delivery_late",), tone="negative")
    none = written(demo_channel, 3, cause=(), tone="negative")
    written(demo_channel, 4, cause=("delivery_late",), tone="positive")
    assert walked(olga, 1, order="cause", tones=("negative",)) == [late.pk, own.pk, none.pk]


def test_a_row_that_changed_or_went_meanwhile_ends_no_page(demo_channel, olga, plan):
    talks = [written(demo_channel, n * 3, priority="P2") for n in range(4)]
    first = queries.page(olga, Filters(order="priority"), size=2)
    assert [row.conversation.pk for row in first] == [talks[3].pk, talks[2].pk]
    Conversation.objects.filter(pk=talks[3].pk).delete()
    ConversationMark.objects.filter(conversation=talks[2], mark="priority:P2").update(mark="priority:P4")
    rest = queries.page(olga, Filters(order="priority"), after=first[-1].place, size=5)
    assert [row.conversation.pk for row in rest][:2] == [talks[1].pk, talks[0].pk]


def test_a_place_of_another_order_or_nonsense_opens_a_list(demo_channel, olga, plan):
    talk = written(demo_channel, 1, priority="P2")
    for after in ("", "x", "1.2.3.4", "99999999999999999999999.1", f"0.{talk.pk}.1000000000000000000000"):
        assert walked_from(olga, after) == [talk.pk], after
    assert walked_from(olga, f"0.{talk.pk}.9999") == []


def walked_from(user, after: str) -> list[int]:
    return [row.conversation.pk for row in queries.page(user, Filters(order="priority"), after=after)]


def test_every_order_has_a_name():
    assert set(forms.ORDER_TITLES) == set(orders.KNOWN)
    assert set(forms.DAILY_ORDERS) < set(orders.KNOWN)
    assert set(orders.LADDERS) == set(marks.FIELDS)
