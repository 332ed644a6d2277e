"""Answers given in another help desk count as answers: when rows come in, in any order, and when counted anew."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import pytest

from otklik.channels.importer.tests.test_import_jobs import imported
from otklik.inbox.models import Conversation
from otklik.inbox.services import grouping, summary

HEAD = "id,conversation_id,content,message_type,created_at,sender.name,sender.id\n"
QUESTION = "1,7,Где мой заказ 204518?,0,2026-11-18 10:00,Анна Белова,55\n"
ANSWER = "2,7,Едет к вам завтра,1,2026-11-18 10:05,Ольга Ильина,2\n"
MORE = "3,7,А во сколько?,0,2026-11-18 10:06,Анна Белова,55\n"
LINE = "4,7,Диалог назначен,2,2026-11-18 10:01,,\n"


def talk() -> Conversation:
    return Conversation.objects.get(merged_into=None)


def at(minute: int) -> datetime:
    return datetime.fromisoformat(f"2026-11-18T10:{minute:02}:00+03:00")


@pytest.mark.req("S0-18")
@pytest.mark.parametrize("rows", list(permutations((QUESTION, ANSWER, LINE))))
def test_an_answered_question_waits_for_nobody_whatever_the_order_of_rows(company, rows) -> None:
    imported(HEAD + "".join(rows), company)
    row = talk()
    assert (row.waiting_since, row.first_response_at, row.message_count) == (None, at(5), 2)
    assert (row.preview, row.preview_by_us) == ("Едет к вам завтра", True)


@pytest.mark.req("S0-18")
@pytest.mark.parametrize("rows", list(permutations((QUESTION, ANSWER, MORE))))
def test_what_was_written_after_the_answer_waits(company, rows) -> None:
    imported(HEAD + "".join(rows), company)
    row = talk()
    assert (row.waiting_since, row.first_response_at, row.message_count) == (at(6), at(5), 3)
    assert (row.preview, row.preview_by_us) == ("А во сколько?", False)


@pytest.mark.req("S0-18")
@pytest.mark.parametrize("rows", [(QUESTION, ANSWER, LINE), (MORE, ANSWER, QUESTION)])
def test_counting_anew_gives_what_the_import_gave(company, rows) -> None:
    imported(HEAD + "".join(rows), company)
    before = summary.snapshot(talk())
    row = talk()
    summary.recount(row)
    assert summary.snapshot(row) == before


@pytest.mark.req("S0-18")
def test_a_merge_keeps_the_first_answer_of_the_old_help_desk(company, boris) -> None:
    imported(HEAD + QUESTION + ANSWER, company)
    imported(HEAD + MORE.replace("3,7,", "9,8,"), company)
    answered, other = Conversation.objects.order_by("pk")
    grouping.merge(answered.pk, other.pk, by=boris)
    row = talk()
    assert (row.first_response_at, row.message_count, row.waiting_since) == (at(5), 3, at(6))
