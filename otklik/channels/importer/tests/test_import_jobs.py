"""Files become conversations: once each, updated when they change, resumed where they stopped."""

from __future__ import annotations

import json

import pytest

from otklik.accounts.services import create_user
from otklik.audit import services as audit
from otklik.audit.models import Entry
from otklik.channels import intake
from otklik.channels.importer import runner, service
from otklik.channels.importer.engine.mapping import suggest
from otklik.channels.models import ImportedItem, ImportIssue, ImportJob, RawEvent
from otklik.inbox import queries as inbox
from otklik.inbox.models import Conversation, ConversationState, Message
from otklik.kernel import media, outbox, textindex
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound

YOUSCAN = (
    "id;published;sentiment;source;publicationPlace;postType;author.name;author.nickname;fullText;url;reach\n"
    "101;20.11.2026 10:15;Негатив;vk.com;Подслушано Тверь;Пост;Анна Белова;anna_b;{text};https://vk.com/w1;18 400\n"
    "102;20.11.2026 11:02;Позитив;otzovik.com;Отзовик;Отзыв;Пётр;petr77;Мастер приехал вовремя;https://otzovik.com/2;350\n"
    "101;20.11.2026 10:15;Негатив;vk.com;Подслушано Тверь;Пост;Анна Белова;anna_b;{text};https://vk.com/w1;18 400\n"
)
FRIDGE = "Привезли холодильник с вмятиной, курьер отказался забирать"


def begin(
    content: str, company, name: str = "reviews.csv", source: str = "Отзывы", **chosen: str
) -> ImportJob:
    job = service.register(content.encode(), name, organisation_id=company.pk, chosen=chosen)
    table = service.open_job(job)
    account = service.import_account(company.pk, source, by=audit.SYSTEM)
    service.begin(job, account, suggest(table.headers, table.sample))
    return ImportJob.objects.select_related("account").get(pk=job.pk)


def imported(content: str, company, **more: str) -> ImportJob:
    job = runner.run_here(begin(content, company, **more))
    assert job.account is not None
    intake.parse_waiting(job.account)
    return job


def counts(job: ImportJob) -> tuple[int, ...]:
    return job.rows, job.created, job.updated, job.unchanged, job.errors


@pytest.mark.req("S1-44")
def test_a_youscan_export_comes_in_once_with_place_author_reach_and_date(company) -> None:
    job = imported(YOUSCAN.format(text=FRIDGE), company)
    assert counts(job) == (3, 2, 0, 1, 0)
    first = Conversation.objects.get(channel_kind="vk")
    assert (first.permalink, first.reach, first.source) == ("https://vk.com/w1", 18400, "Подслушано Тверь")
    assert first.visibility == "public"
    message = first.messages.get()
    assert message.text == FRIDGE
    assert message.author_name == "Анна Белова"
    assert message.occurred_at.isoformat() == "2026-11-20T07:15:00+00:00"
    stored = json.loads(bytes(RawEvent.objects.get(pk=message.raw_event_id or 0).payload))
    assert stored["tone"] == "negative"


@pytest.mark.req("S1-44")
def test_the_same_export_again_changes_nothing_and_a_changed_row_is_an_edit(company) -> None:
    imported(YOUSCAN.format(text=FRIDGE), company)
    again = imported(YOUSCAN.format(text=FRIDGE), company)
    assert counts(again) == (3, 0, 0, 3, 0)
    changed = imported(YOUSCAN.format(text=FRIDGE + ". Деньги вернули").replace("18 400", "20 000"), company)
    assert counts(changed) == (3, 0, 1, 2, 0)
    assert Message.objects.count() == 2
    message = Message.objects.get(text__endswith="Деньги вернули")
    assert message.revisions.get().text == FRIDGE
    message.conversation.refresh_from_db()
    assert message.conversation.reach == 20000


def test_a_text_that_returns_to_its_first_wording_is_a_third_version(company) -> None:
    for text in (FRIDGE, "Другое", FRIDGE):
        imported(YOUSCAN.format(text=text), company)
    message = Message.objects.get(text=FRIDGE)
    assert message.revisions.count() == 2
    assert ImportedItem.objects.get(version=3).content_hash


CHATWOOT = (
    "id,conversation_id,content,message_type,created_at,sender.name,sender.id,sender.email,assignee,status,inbox.name\n"
    "1,7,Где мой заказ 204518?,0,2026-11-18 10:00,Анна Белова,55,anna@mail.test,,open,Чат\n"
    "2,7,Едет к вам завтра,1,2026-11-18 10:05,Ольга Ильина,2,,Ольга Ильина,open,Чат\n"
    "3,7,Спасибо,0,2026-11-18 10:06,Анна Белова,55,anna@mail.test,Ольга Ильина,open,Чат\n"
    "4,8,Верните деньги,0,2026-11-17 09:00,Пётр,56,,,resolved,Чат\n"
)


@pytest.mark.req("S0-18")
def test_another_help_desk_comes_over_with_owner_history_and_state(company, olga) -> None:
    job = imported(CHATWOOT, company, name="chatwoot.csv", source="Старая система")
    assert counts(job) == (4, 4, 0, 0, 0)
    closed, talk = Conversation.objects.order_by("state")
    said = [(one.direction, one.author_name, one.text) for one in talk.messages.order_by("occurred_at")]
    assert said == [
        ("in", "Анна Белова", "Где мой заказ 204518?"),
        ("note", "Ольга Ильина", "Едет к вам завтра"),
        ("in", "Анна Белова", "Спасибо"),
    ]
    assert talk.assignee == olga
    assert talk.visibility == "private"
    assert closed.state == ConversationState.CLOSED
    assert closed.waiting_since is None
    found = inbox.filtered(olga, inbox.Filters(view="all", query="заказы"))
    assert talk in found, "one shared queue, found in another word form"


@pytest.mark.req("S0-18")
def test_a_json_export_comes_in_as_well(company) -> None:
    record = {
        "tickets": [{"id": 5, "subject": "Обмен", "description": "Хочу обменять чайник", "requester_id": 9}]
    }
    job = imported(json.dumps(record), company, name="tickets.json")
    assert counts(job) == (1, 1, 0, 0, 0)
    assert Conversation.objects.get().subject == "Обмен"


def test_rows_with_errors_are_in_a_file_that_no_spreadsheet_will_run(company) -> None:
    content = 'Текст;Дата;Автор\n"=cmd()";позавчера;А\nХорошо;01.11.2026;Б\n'
    job = imported(content, company)
    assert counts(job) == (2, 1, 0, 0, 1)
    lines = media.get(job.error_digest).decode("utf-8-sig").splitlines()
    assert "bad_date" in lines[1]
    assert ";'=cmd()" in lines[1]
    assert not ImportIssue.objects.exists()


def test_an_import_goes_on_behind_its_cursor_after_it_died(company, monkeypatch) -> None:
    rows = "".join(f"{n};Отзыв номер {n}\n" for n in range(1000))
    job = begin("id;text\n" + rows, company)
    first = runner.Runner(job)
    first.step()
    first.step()
    half = ImportJob.objects.select_related("account").get(pk=job.pk)
    assert 0 < half.rows < 1000
    done = runner.run_here(half)
    assert counts(done) == (1000, 1000, 0, 0, 0)
    assert RawEvent.objects.count() == 1000


def test_two_workers_on_one_file_store_every_row_once(company) -> None:
    rows = "".join(f"{n};Отзыв номер {n}\n" for n in range(600))
    job = begin("id;text\n" + rows, company)
    slow, fast = runner.Runner(job), runner.Runner(ImportJob.objects.select_related("account").get(pk=job.pk))
    fast.step()
    with pytest.raises(runner.Overtaken):
        slow.step()
    done = runner.run_here(ImportJob.objects.select_related("account").get(pk=job.pk))
    assert counts(done) == (600, 600, 0, 0, 0)


def test_the_worker_takes_an_import_from_the_outbox(company, boris) -> None:
    job = service.upload(YOUSCAN.format(text=FRIDGE).encode(), "y.csv", by=boris)
    table = service.open_job(job)
    account = service.import_account(company.pk, "Отзывы", by=boris)
    service.start(job.pk, account_id=account.pk, mapping=suggest(table.headers, table.sample), by=boris)
    outbox.drain()
    job.refresh_from_db()
    assert (job.state, job.created) == ("done", 2)
    assert Message.objects.count() == 2
    actions = set(Entry.objects.filter(object_kind="import").values_list("action", flat=True))
    assert actions == {"import.started", "import.finished"}


def test_a_stopped_import_keeps_what_came_and_can_go_on(company, boris) -> None:
    rows = "".join(f"{n};Отзыв номер {n}\n" for n in range(600))
    job = begin("id;text\n" + rows, company)
    running = runner.Runner(job)
    running.step()
    service.cancel(job.pk, by=boris)
    with pytest.raises(runner.Overtaken):
        running.step()
    assert RawEvent.objects.count() == runner.BATCH
    service.proceed(job.pk, by=boris)
    outbox.drain()
    job.refresh_from_db()
    assert counts(job) == (600, 600, 0, 0, 0)
    with pytest.raises(Conflict):
        service.proceed(job.pk, by=boris)


def test_an_operator_may_not_import(company, olga) -> None:
    with pytest.raises(Forbidden):
        service.upload(b"text\nhello\n", "a.csv", by=olga)


def test_a_file_without_text_says_so(company, boris) -> None:
    job = service.upload(b"a;b\n1;2\n3;4\n", "a.csv", by=boris)
    table = service.open_job(job)
    with pytest.raises(Invalid) as refused:
        service.check_mapping(suggest(table.headers, table.sample), table.headers)
    assert refused.value.code == "no_text"


BOTH = (
    "id;text;author;source;rating;date\n"
    "1;Привезли холодильник с вмятиной;Анна;otzovik.com;2;20.11.2026 10:00\n"
    "2;Спасибо мастеру;;vk.com;5;20.11.2026 11:00\n"
)


def _picture(organisation_id: int) -> list[tuple[object, ...]]:
    rows = Message.objects.filter(organisation_id=organisation_id).select_related(
        "conversation", "author_customer"
    )
    shown = []
    for one in rows.order_by("external_id"):
        talk = one.conversation
        assert talk.last_message_id == talk.last_inbound_id == one.pk
        own = [
            getattr(one, name)
            for name in ("text", "wire_id", "author_name", "author_address", "occurred_at", "auto")
        ]
        names = (
            "state",
            "preview",
            "rating",
            "source",
            "waiting_since",
            "last_inbound_at",
            "message_count",
            "permalink",
        )
        keys = sorted(talk.thread_keys.values_list("key", "own"))
        people = sorted(talk.participants.values_list("address", flat=True))
        customer = one.author_customer
        shown.append(
            (*own, *[getattr(talk, name) for name in names], keys, people, customer and customer.name)
        )
    return shown


def test_many_rows_at_once_and_row_by_row_give_the_same(company, monkeypatch) -> None:
    imported(BOTH, company)
    together = _picture(company.pk)
    other = type(company).objects.create(name="Другая", created_at=company.created_at)
    monkeypatch.setattr("otklik.channels.importer.adapter.ImportAdapter.bulk", False)
    imported(BOTH, other)
    assert together == _picture(other.pk)
    assert textindex.search(company.pk, "message", "холодильники") == textindex.search(
        company.pk, "message", "вмятина"
    )


def test_a_batch_with_one_bad_row_keeps_the_others(company, monkeypatch) -> None:
    job = runner.run_here(begin(BOTH, company))
    bad = RawEvent.objects.order_by("id").first()
    assert bad is not None
    RawEvent.objects.filter(pk=bad.pk).update(payload=b"{not json")
    assert job.account is not None
    intake.parse_waiting(job.account)
    assert sorted(RawEvent.objects.values_list("state", flat=True)) == ["failed", "parsed"]
    assert Message.objects.get().text == "Спасибо мастеру"


def test_a_known_author_id_is_one_customer_and_a_bare_name_is_not(company) -> None:
    rows = ["1;раз;Анна;a1", "2;два;Анна;a1", "3;три;Ира;", "4;четыре;Ира;"]
    content = "id;text;author;author_id\n" + "\n".join(rows)
    imported(content, company)
    customers = Conversation.objects.values_list("customer_name", "customer_id")
    assert len({pk for name, pk in customers if name == "Анна"}) == 1
    assert len({pk for name, pk in customers if name == "Ира"}) == 2


def test_companies_do_not_see_each_others_imports(company, boris) -> None:
    other = type(company).objects.create(name="Другая", created_at=company.created_at)
    stranger = create_user(other, email="x@other.test", name="Икс", roles=["supervisor"])
    job = service.upload(b"text\nhello there\n", "a.csv", by=boris)
    with pytest.raises(NotFound):
        service.cancel(job.pk, by=stranger)
