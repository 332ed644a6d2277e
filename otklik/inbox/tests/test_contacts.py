"""Contacts counted by hand: intents by kinds of sources, shares of channels by week, and what is no contact."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from otklik.accounts import services as accounts
from otklik.accounts.models import Organisation
from otklik.analysis import services as analysis
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import Visibility
from otklik.inbox import contacts
from otklik.inbox.models import Conversation
from otklik.inbox.services import grouping, reply, start
from otklik.inbox.tests.readings import read_as
from otklik.inbox.tests.support import arrive, mail
from otklik.inbox.tests.test_views import sign_in
from otklik.kernel import clock
from otklik.kernel.errors import Invalid

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday, ISO week 47


@pytest.fixture(autouse=True)
def _wednesday() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def channel(company: Any) -> Any:
    """`channel("vk")`: an account whose conversations stand under that channel."""

    def make(kind: str, of: Any = None) -> ChannelAccount:
        return ChannelAccount.objects.create(
            organisation=of or company, kind=kind, name=kind, created_at=clock.now()
        )

    return make


def begins(account: Any, number: int, *, days: int = 0, public: bool = False, **read: Any) -> Conversation:
    """Somebody writes, so many days ago; `read` empty: nobody has read it yet."""
    place = Visibility.PUBLIC if public else Visibility.PRIVATE
    at = NOW - timedelta(days=days)
    talk = arrive(account, mail(f"{account.pk}-{number}@mail.test", "Текст", at=at, visibility=place))
    return read_as(talk, **read) if read else talk


def counted(who: Any, *names: str, **period: Any) -> dict[Any, int]:
    found = contacts.report(who, contacts.period(who.organisation_id, **period))
    return {key[0] if len(key) == 1 else key: number for key, number in found.by(*names).items()}


@pytest.mark.req("S1-7")
def test_a_question_a_claim_and_a_wish_are_counted_where_they_were_said(channel: Any, olga: Any) -> None:
    vk, letters, blog = channel("vk"), channel("mail"), channel("feed")
    begins(vk, 1, public=True, intent="complaint")
    begins(vk, 2, public=True, intent=("complaint", "question"))
    begins(vk, 3, public=False, intent="question")
    begins(letters, 4, intent="suggestion")
    begins(blog, 5, public=True, intent="thanks")
    assert counted(olga, "source", "intent") == {
        ("group", "complaint"): 2,
        ("messenger", "question"): 1,
        ("mail", "suggestion"): 1,
        ("forum", "thanks"): 1,
    }


@pytest.mark.req("S1-7")
def test_the_share_of_each_channel_is_given_week_by_week(channel: Any, olga: Any) -> None:
    vk, letters = channel("vk"), channel("mail")
    for number in range(30):
        begins(vk, number, days=7 if number < 24 else 0, intent="question")
    for number in range(30):
        begins(letters, number, days=7 if number < 6 else 0, intent="question")
    answer = sign_in(olga).get(reverse("contacts"), {"weeks": "4"})
    weeks = {week.name: (week.whole, of, cells) for week, of, cells in answer.context["weeks"]}
    assert list(weeks) == ["2026-W44", "2026-W45", "2026-W46", "2026-W47"]
    assert weeks["2026-W44"] == (True, 0, [(0, None), (0, None)])
    assert weeks["2026-W46"] == (True, 30, [(6, 20), (24, 80)])
    assert weeks["2026-W47"] == (False, 30, [(24, 80), (6, 20)])
    assert [line.number for line in answer.context["lines"]] == [30, 30]
    # two weeks without contacts have no shares; the lines begin behind them
    assert [line.dots for line in answer.context["lines"]] == [
        [(427, 96), (640, 24)],
        [(427, 24), (640, 96)],
    ]


@pytest.mark.req("S1-7")
def test_what_is_not_read_or_not_sure_stands_in_the_table(channel: Any, olga: Any) -> None:
    letters = channel("mail")
    begins(letters, 1)
    begins(letters, 2, intent="complaint", abstained=["intent"])
    assert counted(olga, "intent") == {"unread": 1, "unsure": 1}
    page = sign_in(olga).get(reverse("contacts"))
    shown = {row["intent"]: row["all"].number for row in page.context["rows"]}
    assert shown == {"complaint": 0, "question": 0, "suggestion": 0, "unsure": 1, "unread": 1}


def test_a_persons_word_counts_and_ends_the_doubt(channel: Any, olga: Any) -> None:
    talk = begins(channel("mail"), 1, intent="complaint", abstained=["intent"])
    analysis.correct("message", talk.last_inbound_id, "intent", "suggestion", by=olga)
    assert counted(olga, "intent") == {"suggestion": 1}


def test_the_first_message_says_what_it_is_and_counts_once(channel: Any, olga: Any) -> None:
    letters = channel("mail")
    first = mail("a@mail.test", "Верните деньги", at=NOW - timedelta(days=9))
    talk = read_as(arrive(letters, first), intent="complaint")
    again = arrive(letters, mail("a@mail.test", "Спасибо", at=NOW, refs=(first.external_id,)))
    assert again.pk == talk.pk
    read_as(again, intent="thanks")
    assert counted(olga, "week", "intent", weeks=4) == {(2, "complaint"): 1}


def test_what_we_began_what_a_robot_wrote_and_merged_ones_are_no_contacts(
    demo_channel: Any, channel: Any, olga: Any
) -> None:
    letters = channel("mail")
    start.write_first(demo_channel.pk, to="anna", subject="", text="Здравствуйте", by=olga, client_key="k")
    arrive(letters, mail("x@mail.test", "Автоответ", at=NOW, extra={"auto": "auto_reply"}))
    one, other = begins(letters, 1, intent="question"), begins(letters, 2, intent="question")
    grouping.merge(one.pk, other.pk, by=olga)
    assert Conversation.objects.count() == 4
    assert counted(olga, "channel", "intent") == {("mail", "question"): 1}


def test_an_answer_of_ours_changes_nothing(demo_channel: Any, write_in: Any, olga: Any) -> None:
    talk = write_in("Где заказ?")
    before = counted(olga, "source", "intent", "week")
    reply.reply(talk.pk, reply.Answer(text="Уже едет", client_key="k"), by=olga)
    assert counted(olga, "source", "intent", "week") == before
    assert sum(before.values()) == 1


@pytest.mark.req("S1-7")
def test_another_company_is_never_counted(channel: Any, olga: Any) -> None:
    other = Organisation.objects.create(name="Другая", created_at=clock.now())
    begins(channel("mail", of=other), 1, intent="complaint")
    begins(channel("mail"), 2, intent="question")
    assert counted(olga, "intent") == {"question": 1}
    stranger = accounts.create_user(
        other, email="x@other.test", name="Чужой", roles=["operator"], password="correct horse battery"
    )
    assert counted(stranger, "intent") == {"complaint": 1}
    page = sign_in(olga).get(reverse("contacts_list"), {"intent": "complaint"})
    assert list(page.context["rows"]) == []


def test_days_and_weeks_are_those_of_the_company(company: Any, channel: Any, olga: Any) -> None:
    """Sunday evening in London is Monday in Vladivostok: another ISO week."""
    letters = channel("mail")
    sunday = datetime(2026, 11, 15, 20, 0, tzinfo=UTC)
    arrive(letters, mail("a@mail.test", "Текст", at=sunday))
    for zone, week in (("Europe/London", "2026-W46"), ("Asia/Vladivostok", "2026-W47")):
        company.time_zone = zone
        company.save(update_fields=["time_zone"])
        found = contacts.report(olga, contacts.period(company.pk, weeks=4))
        assert [found.weeks[cell.week].name for cell in found.cells] == [week]


def test_a_week_of_the_year_before_keeps_its_iso_name(company: Any) -> None:
    found = contacts.period(company.pk, since="2026-12-30", until="2027-01-05").cut()
    assert [(one.name, one.since, one.until, one.whole) for one in found] == [
        ("2026-W53", date(2026, 12, 30), date(2027, 1, 3), False),
        ("2027-W01", date(2027, 1, 4), date(2027, 1, 5), False),
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"since": "2026-11-18", "until": "2026-11-17"},
        {"since": "gestern"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"since": "2025-01-01", "until": "2026-11-01"},
    ],
)
def test_what_is_no_period_gets_a_sentence_and_the_usual_one(
    company: Any, olga: Any, given: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        contacts.period(company.pk, **given)
    page = sign_in(olga).get(reverse("contacts"), given)
    assert page.status_code == 200
    assert page.context["problem"]
    assert page.context["period"].weeks == contacts.USUAL


@pytest.mark.req("S1-7")
def test_every_number_opens_exactly_the_conversations_behind_it(channel: Any, olga: Any) -> None:
    vk, letters = channel("vk"), channel("mail")
    for number in range(3):
        begins(vk, number, public=True, intent="complaint")
        begins(vk, 10 + number, public=False, intent="complaint")
        begins(letters, 20 + number, intent="question")
    begins(letters, 30)
    begins(letters, 31, days=200, intent="question")
    client = sign_in(olga)
    page = client.get(reverse("contacts"))
    figures = [one for row in page.context["rows"] for one in (row["all"], *row["cells"])]
    figures += [page.context["all"], *(one for _title, one in page.context["columns"])]
    assert page.context["all"].number == 10
    for figure in figures:
        assert len(client.get(figure.url).context["rows"]) == figure.number, figure.url


def test_a_long_list_goes_on_behind_its_cursor(channel: Any, olga: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("otklik.inbox.views.contacts.PAGE", 2)
    made = [begins(channel("mail"), number).pk for number in range(5)]
    client, address, seen = sign_in(olga), reverse("contacts_list"), []
    while address:
        page = client.get(address)
        seen += [row.pk for row, _said in page.context["rows"]]
        address = reverse("contacts_list") + page.context["further"] if page.context["further"] else ""
    assert seen == made[::-1]


def test_the_list_leads_to_the_like_of_it_in_the_inbox(channel: Any, olga: Any) -> None:
    talk = begins(channel("vk"), 1, public=True, intent="complaint")
    begins(channel("vk"), 2, public=False, intent="complaint")
    client = sign_in(olga)
    page = client.get(reverse("contacts_list"), {"source": "group", "intent": "complaint"})
    inbox = client.get(page.context["inbox"])
    assert [line.conversation.pk for line in inbox.context["page"].lines] == [talk.pk]


def test_the_file_holds_the_numbers_of_the_page(channel: Any, olga: Any) -> None:
    begins(channel("vk"), 1, public=True, intent="complaint")
    begins(channel("=1+1"), 2, days=7)
    answer = sign_in(olga).get(reverse("contacts_csv"), {"weeks": "4"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(row[0], row[4], row[6]) for row in rows[1:]] == [
        ("2026-W46", "'=1+1", "1"),
        ("2026-W47", "VK", "1"),
    ]
    assert "contacts-2026-10-26-2026-11-18.csv" in answer["Content-Disposition"]


def test_an_empty_period_says_what_will_stand_there(olga: Any) -> None:
    page = sign_in(olga).get(reverse("contacts"))
    assert "table" not in page.content.decode().split("<main")[1].split("</main")[0]
    assert page.context["report"].total == 0


def test_the_report_takes_the_same_questions_for_few_and_for_many(channel: Any, olga: Any) -> None:
    letters = channel("mail")
    begins(letters, 1, intent="question")
    within = contacts.period(olga.organisation_id)
    assert contacts.report(olga, within).total == 1  # what the person may do is known from now on
    with CaptureQueriesContext(connection) as few:
        contacts.report(olga, within)
    for number in range(2, 12):
        begins(letters, number, days=number * 5, intent="complaint")
    with CaptureQueriesContext(connection) as many:
        assert contacts.report(olga, within).total == 11
    assert len(few) == len(many)
    [asked] = [one["sql"] for one in many if one["sql"].startswith("SELECT")]
    assert '"text"' not in asked


def test_more_than_four_channels_are_drawn_as_three_and_the_rest(channel: Any, olga: Any) -> None:
    for place, kind in enumerate(("vk", "mail", "max", "form", "feed")):
        account = channel(kind)
        for number in range(6 - place):
            begins(account, number)
    lines = sign_in(olga).get(reverse("contacts")).context["lines"]
    assert [line.number for line in lines] == [6, 5, 4, 5]


def test_shares_stand_only_where_there_are_enough() -> None:
    assert contacts.share(15, 30) == 0.5
    assert contacts.share(15, 29) is None
