"""Who asked for no answer may be written to, but quietly (S1-3): the composer says so, nothing forbids it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from otklik.accounts import services as accounts
from otklik.analysis import services as analysis
from otklik.inbox.models import Message
from otklik.inbox.services import reply
from otklik.inbox.tests.readings import read_as
from otklik.inbox.tests.test_views import sign_in

pytestmark = pytest.mark.django_db

QUIETLY = "не просил ответа"


@pytest.fixture
def talk(write_in: Callable[..., Any]) -> Any:
    return write_in("Просто купил у вас чайник")


def shown(who: Any, talk: Any) -> bool:
    page: str = sign_in(who).get(reverse("inbox-thread", args=[talk.pk])).content.decode()
    return QUIETLY in page


@pytest.mark.req("S1-3")
@pytest.mark.parametrize(("expected", "line"), [("no", True), ("yes", False), ("unclear", False)])
def test_the_composer_says_when_the_author_asked_for_no_answer(
    talk: Any, olga: Any, expected: str, line: bool
) -> None:
    read_as(talk, expects_reply=expected)
    assert shown(olga, talk) is line


def test_a_doubt_says_nothing(talk: Any, olga: Any) -> None:
    read_as(talk, expects_reply="no", abstained=["expects_reply"])
    assert not shown(olga, talk)


@pytest.mark.req("S1-3")
def test_the_newest_message_decides_and_a_persons_word_stands_above(
    talk: Any, olga: Any, write_in: Callable[..., Any]
) -> None:
    read_as(talk, expects_reply="no")
    read_as(write_in("А есть ли крышка?"), expects_reply="yes")
    assert not shown(olga, talk)
    talk.refresh_from_db()
    analysis.correct("message", talk.last_inbound_id, "expects_reply", "no", by=olga)
    assert shown(olga, talk)


@pytest.mark.req("S1-3")
def test_no_answer_is_forbidden_by_it(talk: Any, olga: Any) -> None:
    read_as(talk, expects_reply="no")
    sent = reply.reply(talk.pk, reply.Answer(text="Приятного чая", client_key="k"), by=olga)
    assert Message.objects.get(pk=sent.pk).direction == "out"


def test_who_may_not_answer_is_not_told_how_to(talk: Any, company: Any) -> None:
    reader = accounts.create_user(
        company, email="qa@shop.test", name="Контроль", roles=["qa"], password="correct horse battery"
    )
    read_as(talk, expects_reply="no")
    assert not shown(reader, talk)
