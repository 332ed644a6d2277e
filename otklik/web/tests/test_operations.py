"""The operations page: what stands still is seen, said in words, and can be set going."""

from __future__ import annotations

import json

import pytest

from otklik.audit.models import Entry
from otklik.channels import delivery, intake
from otklik.channels.models import ChannelAccount, Delivery, DeliveryState, RawEvent
from otklik.channels.protocol import Outbound
from otklik.channels.protocol import RawEvent as Raw
from otklik.inbox.models import Message
from otklik.kernel import clock, outbox
from otklik.kernel.models import Outbox, PeriodicJob


@pytest.fixture
def leader(client, boris):
    client.force_login(boris)
    return client


@pytest.fixture
def alive() -> None:
    PeriodicJob.objects.create(name="outbox.sweep", next_at=clock.now(), last_run_at=clock.now())


def page(client) -> str:
    answer = client.get("/operations/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def an_answer(write_in, boris, state: str) -> Delivery:
    talk = write_in("Где заказ?")
    message = Message.objects.create(
        organisation=boris.organisation,
        conversation=talk,
        account=talk.account,
        direction="out",
        author_user=boris,
        text="Едет",
        occurred_at=clock.now(),
        created_at=clock.now(),
    )
    return Delivery.objects.create(
        organisation=boris.organisation,
        account=talk.account,
        message_id=message.pk,
        thread_id=talk.pk,
        idempotency_key=f"k{message.pk}",
        content=delivery._freeze(Outbound(f"k{message.pk}", "anna", "Мастер приедет завтра")),
        due_at=clock.now(),
        queued_at=clock.now(),
        state=state,
    )


def test_without_a_worker_it_says_so_in_red(leader) -> None:
    assert "Фоновый процесс не работает" in page(leader)


def test_with_everything_in_order_it_is_calm(leader, alive, demo_channel) -> None:
    text = page(leader)
    assert "o-callout--danger" not in text
    assert "Сомнительных ответов нет." in text
    assert "Всё пришедшее разобрано." in text


def test_a_failing_channel_is_named_with_its_sentence(leader, alive, company) -> None:
    ChannelAccount.objects.create(
        organisation=company,
        kind="mail",
        name="Почта",
        settings={"address": "help@shop.test"},
        failing_since=clock.now(),
        error="Сервер не пускает с этим паролем.",
        created_at=clock.now(),
    )
    text = page(leader)
    assert "Почта: не отвечает" in text
    assert "Сервер не пускает с этим паролем." in text


def test_an_uncertain_answer_is_decided_here_once(leader, boris, write_in, alive) -> None:
    lost = an_answer(write_in, boris, DeliveryState.UNCERTAIN)
    assert "Мастер приедет завтра" in page(leader)
    assert leader.post(f"/operations/answers/{lost.pk}/arrived").status_code == 302
    lost.refresh_from_db()
    assert lost.state == DeliveryState.RECONCILED
    assert leader.post(f"/operations/answers/{lost.pk}/again").status_code == 409
    assert Entry.objects.filter(action="delivery.arrived").count() == 1


def test_an_uncertain_answer_that_is_not_there_goes_once_more(leader, boris, write_in, alive) -> None:
    lost = an_answer(write_in, boris, DeliveryState.UNCERTAIN)
    leader.post(f"/operations/answers/{lost.pk}/again")
    outbox.drain()
    lost.refresh_from_db()
    assert (lost.state, lost.attempts) == (DeliveryState.SENT, 1)


def test_a_refused_answer_is_sent_again(leader, boris, write_in, alive) -> None:
    refused = an_answer(write_in, boris, DeliveryState.FAILED)
    answer = leader.post(f"/operations/answers/{refused.pk}/retry", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert json.loads(answer["HX-Trigger"])["otklik:toast"]["text"] == "Ответ уйдёт ещё раз."
    outbox.drain()
    refused.refresh_from_db()
    assert refused.state == DeliveryState.SENT


def test_an_event_nobody_understood_is_kept_shown_and_replayed(leader, demo_channel, alive) -> None:
    intake.store(demo_channel, [Raw("bad", b"{nonsense <b>", "application/json")])
    outbox.drain()
    row = RawEvent.objects.get()
    assert row.state == "failed"
    assert "JSONDecodeError" in page(leader)
    raw = leader.get(f"/operations/raw/{row.pk}")
    assert raw.content == b"{nonsense <b>"
    assert raw["Content-Type"] == "application/octet-stream"
    assert "attachment" in raw["Content-Disposition"]
    good = {"id": "m1", "author": {"id": "a", "name": "Анна"}, "text": "Теперь понятно"}
    RawEvent.objects.filter(pk=row.pk).update(payload=json.dumps(good).encode())
    leader.post("/operations/replay/0")
    outbox.drain()
    assert Message.objects.get().text == "Теперь понятно"


def test_dead_work_is_shown_with_its_error_and_revived(leader, company, alive) -> None:
    row = Outbox.objects.create(
        topic="channels.parse",
        key="dead",
        organisation_id=company.pk,
        payload={"ids": []},
        state="dead",
        attempts=12,
        last_error="ConnectionError: gone",
        run_after=clock.now(),
        created_at=clock.now(),
    )
    assert "ConnectionError: gone" in page(leader)
    leader.post(f"/operations/work/{row.pk}/revive")
    outbox.drain()
    row.refresh_from_db()
    assert row.state == "done"


def test_a_failed_periodic_job_shows_its_error(leader, alive) -> None:
    PeriodicJob.objects.create(
        name="channels.census", next_at=clock.now(), last_run_at=clock.now(), last_error="TimeoutError: imap"
    )
    text = page(leader)
    assert "Сверяет почту с сервером" in text
    assert "TimeoutError: imap" in text


def test_an_operator_is_not_let_in_and_an_analyst_only_looks(client, olga, company, write_in, boris) -> None:
    client.force_login(olga)
    assert client.get("/operations/").status_code == 403
    analyst = type(olga).objects.create(
        organisation=company, email="an@shop.test", name="Ана", created_at=clock.now()
    )
    analyst.grants.create(role="analyst")
    lost = an_answer(write_in, boris, DeliveryState.UNCERTAIN)
    client.force_login(analyst)
    text = page(client)
    assert "Мастер приедет завтра" in text
    assert f"/operations/answers/{lost.pk}/" not in text
    assert client.post(f"/operations/answers/{lost.pk}/arrived").status_code == 403
    assert client.post("/operations/replay/0").status_code == 403


def test_another_companys_trouble_is_not_shown(leader, company, alive) -> None:
    other = type(company).objects.create(name="Другая", created_at=clock.now())
    account = ChannelAccount.objects.create(
        organisation=other, kind="demo", name="Чужой", created_at=clock.now()
    )
    row = RawEvent.objects.create(
        account=account, key="k", state="failed", error="чужое", received_at=clock.now()
    )
    text = page(leader)
    assert "Чужой" not in text
    assert "чужое" not in text
    assert leader.get(f"/operations/raw/{row.pk}").status_code == 404
    assert leader.post(f"/operations/replay/{row.pk}").status_code == 404
