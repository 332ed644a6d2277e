"""A long thread opens with its end; what lies above comes a step at a time, and nothing is shown twice or lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from otklik.inbox import thread_queries
from otklik.inbox.models import Conversation, Message
from otklik.inbox.services import notes
from otklik.inbox.tests.support import MORNING, arrive, mail
from otklik.inbox.thread_queries import STEP, WINDOW

pytestmark = pytest.mark.django_db


def shown(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="m-(\d+)"', page)]


def first_of(page: str) -> str:
    return re.search(r'data-first="([\d.]+)"', page)[1]  # type: ignore[index]  # a missing place fails the test


@pytest.fixture
def long(demo_channel: Any) -> Conversation:
    """A hundred and twenty letters of one customer in one thread, five minutes apart."""
    first: Conversation = arrive(demo_channel, mail("a@x.test", "Начало", id="0@x", at=MORNING))
    told = Message.objects.get(conversation=first)
    Message.objects.bulk_create(
        [
            Message(
                **{
                    field.attname: getattr(told, field.attname)
                    for field in Message._meta.concrete_fields
                    if field.attname not in ("id", "external_id", "text", "occurred_at", "raw_event_id")
                },
                external_id=f"{number}@x",
                text=f"Письмо {number}",
                occurred_at=MORNING + timedelta(minutes=5 * number),
            )
            for number in range(1, 120)
        ]
    )
    return first


@pytest.fixture
def client(olga: Any) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def every(conversation: Conversation) -> list[int]:
    return list(
        Message.objects.filter(conversation=conversation)
        .order_by("occurred_at", "id")
        .values_list("pk", flat=True)
    )


def test_a_long_thread_opens_with_its_newest_messages(client: Client, long: Conversation) -> None:
    page = client.get(reverse("inbox-thread", args=[long.pk])).content.decode()
    assert shown(page) == every(long)[-WINDOW:]
    assert 'id="thread-earlier" hidden' not in page


def test_steps_upwards_show_everything_once_and_in_order(client: Client, long: Conversation) -> None:
    page = client.get(reverse("inbox-thread", args=[long.pk])).content.decode()
    for expected in (WINDOW + STEP, 120):
        page = client.get(
            reverse("inbox-stream", args=[long.pk]), {"first": first_of(page), "more": "1"}
        ).content.decode()
        assert shown(page) == every(long)[-expected:]
    assert 'id="thread-earlier" hidden' in page


def test_a_refresh_keeps_what_is_on_the_screen_and_adds_what_is_new(
    client: Client, long: Conversation, olga: Any
) -> None:
    page = client.get(reverse("inbox-thread", args=[long.pk])).content.decode()
    before = shown(page)
    added = notes.add(long.pk, "Позвонила на склад", by=olga)
    page = client.get(reverse("inbox-stream", args=[long.pk]), {"first": first_of(page)}).content.decode()
    assert shown(page) == [*before, added.pk]


def test_a_short_thread_never_loses_its_beginning(client: Client, demo_channel: Any, olga: Any) -> None:
    short = arrive(demo_channel, mail("b@x.test", "Вопрос"))
    page = client.get(reverse("inbox-thread", args=[short.pk])).content.decode()
    assert 'id="thread-earlier" hidden' in page
    for number in range(60):
        notes.add(short.pk, f"Заметка {number}", by=olga)
    page = client.get(reverse("inbox-stream", args=[short.pk]), {"first": first_of(page)}).content.decode()
    assert shown(page) == every(short)


@pytest.mark.parametrize("first", ["", "вчера", "-5.1", "9" * 400 + ".1", "1.²", "99999999999999999999.7"])
def test_a_place_that_is_none_shows_the_end(client: Client, long: Conversation, first: str) -> None:
    page = client.get(reverse("inbox-stream", args=[long.pk]), {"first": first})
    assert page.status_code == 200
    assert shown(page.content.decode()) == every(long)[-WINDOW:]


def test_the_newest_and_the_public_are_those_of_the_whole_thread(long: Conversation, olga: Any) -> None:
    """A letter that arrives late stands far above, and is still the newest that came."""
    late = every(long)[0]
    Message.objects.filter(pk=late).update(visibility="public")
    window = thread_queries.window(olga, long.pk)
    assert window.public
    assert late not in [one.pk for one in window.messages]
    assert window.newest_id == max(every(long))


def test_the_page_of_a_long_thread_asks_as_much_as_that_of_a_short_one(
    client: Client, long: Conversation, demo_channel: Any
) -> None:
    short = arrive(demo_channel, mail("b@x.test", "Вопрос"))
    for one in (long, short):
        client.get(reverse("inbox-thread", args=[one.pk]))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("inbox-thread", args=[short.pk]))
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("inbox-thread", args=[long.pk]))
    assert len(many) == len(few)
