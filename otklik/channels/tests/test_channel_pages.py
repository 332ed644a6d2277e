"""Pages of channels: connecting tests first, secrets are never shown again, an import is seen before it runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from otklik.audit.models import Entry
from otklik.channels import health, queries, registry, services
from otklik.channels.importer import runner
from otklik.channels.mail.providers import guess
from otklik.channels.models import ChannelAccount, ImportJob, ImportMapping
from otklik.channels.protocol import CheckResult
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Forbidden

MAILBOX = {"address": "help@yandex.ru", "password": "secret-word", "auth": "password", "backfill_days": "7"}


@pytest.fixture
def admin(client, alisa):
    client.force_login(alisa)
    return client


@pytest.fixture
def far_end(monkeypatch):
    """The mail server of the form: says what it is told to say, and remembers what it was asked."""
    asked: list[dict] = []
    verdict = {
        "result": CheckResult(ok=True, facts={"folders": ["INBOX", "Архив"], "messages": {"INBOX": 5}})
    }

    def check(config: dict) -> CheckResult:
        asked.append(config)
        return verdict["result"]

    monkeypatch.setattr(registry.adapter("mail"), "check", check)
    return asked, verdict


def test_a_mailbox_is_tested_then_saved_with_the_servers_of_its_service(admin, far_end) -> None:
    asked, _ = far_end
    answer = admin.post("/channels/connect/mail/", MAILBOX)
    account = ChannelAccount.objects.get(kind="mail")
    assert answer.status_code == 302
    assert (asked[0]["imap_host"], asked[0]["smtp_port"], asked[0]["password"]) == (
        "imap.yandex.ru",
        465,
        "secret-word",
    )
    assert account.name == "help@yandex.ru"
    assert account.settings["backfill_days"] == 7
    assert "secret-word" not in str(account.settings) + account.sealed
    assert account.config["password"] == "secret-word"
    assert account.poll_due_at is not None


def test_a_refused_mailbox_is_a_sentence_and_can_be_saved_anyway(admin, far_end) -> None:
    _, verdict = far_end
    verdict["result"] = CheckResult(ok=False, code="auth", message="Сервер не пускает с этим паролем.")
    answer = admin.post("/channels/connect/mail/", MAILBOX, headers={"HX-Request": "true"})
    assert "Сервер не пускает с этим паролем." in answer.content.decode()
    assert not ChannelAccount.objects.exists()
    admin.post("/channels/connect/mail/", {**MAILBOX, "anyway": "1"})
    assert ChannelAccount.objects.get().kind == "mail"


def test_only_testing_shows_the_folders_and_saves_nothing(admin, far_end) -> None:
    answer = admin.post(
        "/channels/connect/mail/", {**MAILBOX, "only_test": "1"}, headers={"HX-Request": "true"}
    )
    assert "Архив" in answer.content.decode()
    assert not ChannelAccount.objects.exists()


def test_an_edit_without_a_password_keeps_it(admin, far_end) -> None:
    asked, _ = far_end
    admin.post("/channels/connect/mail/", MAILBOX)
    account = ChannelAccount.objects.get()
    page = admin.get(f"/channels/{account.pk}/edit/").content.decode()
    assert "secret-word" not in page
    admin.post(
        f"/channels/{account.pk}/edit/",
        {**MAILBOX, "password": "", "name": "Почта", "folders": "INBOX\nSpam"},
    )
    account.refresh_from_db()
    assert account.name == "Почта"
    assert account.settings["folders"] == ["INBOX", "Spam"]
    assert account.config["password"] == asked[1]["password"] == "secret-word"


def test_without_a_password_nobody_is_asked(admin, far_end) -> None:
    asked, _ = far_end
    answer = admin.post("/channels/connect/mail/", {**MAILBOX, "password": ""})
    assert answer.status_code == 422
    assert not asked


def test_a_feed_in_the_private_network_is_refused_with_the_reason(admin) -> None:
    answer = admin.post("/channels/connect/feed/", {"url": "http://10.0.0.1/rss", "poll_every": "300"})
    assert "во внутреннюю сеть" in answer.content.decode()
    assert not ChannelAccount.objects.exists()


def test_a_webhook_shows_address_and_secret_once(admin) -> None:
    shown = admin.post("/channels/connect/hook/", {"name": "Сайт", "visibility": "private"})
    account = ChannelAccount.objects.get()
    secret = account.config["signing_secret"]
    assert secret in shown.content.decode()
    assert account.path_secret in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    for page in (f"/channels/{account.pk}/", f"/channels/{account.pk}/edit/", "/channels/", "/operations/"):
        content = admin.get(page).content.decode()
        assert secret not in content
        assert account.path_secret not in content


def test_pause_archive_and_restore_leave_a_trace(admin, demo_channel, client) -> None:
    for action in ("pause", "resume", "archive", "restore"):
        assert admin.post(f"/channels/{demo_channel.pk}/{action}").status_code == 302
    demo_channel.refresh_from_db()
    assert demo_channel.archived_at is None
    assert not demo_channel.active
    actions = list(
        Entry.objects.filter(object_kind="channel").order_by("id").values_list("action", flat=True)
    )
    assert actions == ["channel.switched_off", "channel.switched_on", "channel.archived", "channel.restored"]
    assert admin.post(f"/channels/{demo_channel.pk}/explode").status_code == 404


def test_fetching_again_keeps_how_far_back_it_goes(company, alisa) -> None:
    account = ChannelAccount.objects.create(
        organisation=company,
        kind="mail",
        name="Почта",
        settings={"address": "a@b.test"},
        cursor={"INBOX": {"uidvalidity": 3, "uid": 90, "owed": [7], "since": "2026-11-01", "backlog_to": 40}},
        created_at=clock.now(),
    )
    services.rescan(account.pk, by=alisa)
    account.refresh_from_db()
    assert account.cursor["INBOX"] == {
        "uidvalidity": 3,
        "uid": 0,
        "owed": [],
        "since": "2026-11-01",
        "backlog_to": 90,
    }
    assert account.poll_due_at is not None


def test_an_operator_sees_channels_and_may_not_change_them(client, olga, demo_channel) -> None:
    client.force_login(olga)
    assert client.get("/channels/").status_code == 200
    assert "/channels/connect/" not in client.get("/channels/").content.decode()
    assert client.get("/channels/connect/mail/").status_code == 403
    assert client.post(f"/channels/{demo_channel.pk}/pause").status_code == 403
    with pytest.raises(Forbidden):
        services.archive(demo_channel.pk, on=True, by=olga)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("a@yandex.ru", "imap.yandex.ru"),
        ("a@bk.ru", "imap.mail.ru"),
        ("a@list.ru", "imap.mail.ru"),
        ("a@gmail.com", "imap.gmail.com"),
        ("a@outlook.com", "outlook.office365.com"),
        ("a@rambler.ru", "imap.rambler.ru"),
        ("a@firm.example", "imap.firm.example"),
    ],
)
def test_servers_are_known_by_the_domain(address: str, host: str) -> None:
    assert guess(address).imap_host == host


def test_the_state_of_a_channel_in_words(company) -> None:
    account = ChannelAccount(
        organisation=company, kind="mail", name="Почта", settings={}, created_at=clock.now()
    )
    assert health.of(account).level == "waiting"
    account.last_polled_at = clock.now()
    assert health.of(account).level == "ok"
    account.last_polled_at = clock.now() - timedelta(hours=1)
    assert health.of(account).level == "late"
    account.failing_since, account.error = clock.now(), "Пароль не подходит."
    assert (health.of(account).level, health.of(account).sentence) == ("failing", "Пароль не подходит.")
    account.active = False
    assert health.of(account).level == "paused"
    assert [health.span(n) for n in (5, 111, 500, 7800, 200_000)] == [
        "5 с",
        "1 мин 51",
        "8 мин 20",
        "2 ч 10",
        "2 дн",
    ]


def test_an_import_is_seen_before_it_runs_and_its_columns_are_kept(client, boris, company) -> None:
    client.force_login(boris)
    table = "Колонка;Когда;Кто\nНе привезли заказ вовремя;01.11.2026;Анна\nХорошо всё прошло;позавчера;Пётр\n"
    file = SimpleUploadedFile("отзывы.csv", table.encode("cp1251"))
    answer = client.post("/channels/import/", {"file": file})
    job = ImportJob.objects.get()
    assert answer["Location"] == f"/channels/import/{job.pk}/"
    page = client.get(answer["Location"]).content.decode()
    assert "cp1251" in page
    assert "Не привезли заказ вовремя" in page
    choice = {"col-0": "text", "col-1": "date", "col-2": "author_name", "kind": "review"}
    preview = client.post(f"/channels/import/{job.pk}/preview", choice).content.decode()
    assert "позавчера" in preview
    assert "1 ноября" in preview or "01.11" in preview
    started = client.post(
        f"/channels/import/{job.pk}/start", {**choice, "new_source": "Отзывы", "save_as": "Мои"}
    )
    assert started.status_code == 302
    outbox.drain()
    done = client.get(f"/channels/import/{job.pk}/").content.decode()
    assert f"/channels/import/{job.pk}/errors.csv" in done
    errors = b"".join(client.get(f"/channels/import/{job.pk}/errors.csv").streaming_content)
    assert "позавчера" in errors.decode("utf-8-sig")
    assert ImportMapping.objects.get().name == "Мои"
    client.post("/channels/import/", {"file": SimpleUploadedFile("ещё.csv", table.encode())})
    second = ImportJob.objects.latest("pk")
    assert second.mapping["columns"]["author_name"] == ["Кто"], (
        "the saved columns are offered for the same headers"
    )


def test_a_wrong_file_is_a_sentence_beside_the_field(client, boris) -> None:
    client.force_login(boris)
    answer = client.post(
        "/channels/import/", {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04 no workbook")}
    )
    assert answer.status_code == 422
    assert "не открывается как книга" in answer.content.decode()


def test_an_import_without_a_source_asks_for_one(client, boris) -> None:
    client.force_login(boris)
    client.post(
        "/channels/import/", {"file": SimpleUploadedFile("a.csv", "text;date\nпривет;01.11.2026\n".encode())}
    )
    job = ImportJob.objects.get()
    answer = client.post(f"/channels/import/{job.pk}/start", {"col-0": "text"})
    assert answer.status_code == 422
    assert "источник" in answer.content.decode()
    job.refresh_from_db()
    assert job.state == "uploaded"


def test_a_file_of_another_company_is_not_there(client, boris, company) -> None:
    other = type(company).objects.create(name="Другая", created_at=clock.now())
    job = ImportJob.objects.create(
        organisation=other, filename="a.csv", digest="0" * 64, created_at=clock.now(), state="uploaded"
    )
    client.force_login(boris)
    assert client.get(f"/channels/import/{job.pk}/").status_code == 404
    assert not queries.imports(company.pk).exists()
    assert runner.BATCH <= 500


def test_a_file_put_aside_before_it_began_can_be_taken_up_again(client, boris) -> None:
    client.force_login(boris)
    file = SimpleUploadedFile("отзывы.csv", "id;text\n1;Хорошо\n".encode())
    client.post("/channels/import/", {"file": file})
    job = ImportJob.objects.get()
    answer = client.post(f"/channels/import/{job.pk}/cancel")
    assert (answer.status_code, answer["Location"]) == (302, "/channels/import/")
    job.refresh_from_db()
    assert (job.state, job.account_id) == ("cancelled", None)
    for page in ("/channels/import/", f"/channels/import/{job.pk}/"):
        assert client.get(page).status_code == 200
    assert Entry.objects.filter(action="import.cancelled", object_id=job.pk).count() == 1
    client.post(f"/channels/import/{job.pk}/proceed")
    job.refresh_from_db()
    assert job.state == "uploaded"
    assert "col-0" in client.get(f"/channels/import/{job.pk}/").content.decode()


def test_a_file_put_aside_twice_is_put_aside_once(client, boris) -> None:
    client.force_login(boris)
    client.post("/channels/import/", {"file": SimpleUploadedFile("a.csv", b"id;text\n1;good\n")})
    job = ImportJob.objects.get()
    for _time in range(2):
        assert client.post(f"/channels/import/{job.pk}/cancel").status_code == 302
    assert Entry.objects.filter(action="import.cancelled").count() == 1
