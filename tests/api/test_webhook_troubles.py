"""Outgoing webhooks when a receiver fails or a worker dies: tried again, switched off, sent again, nothing lost."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client

from otklik.accounts.models import User
from otklik.audit.models import Entry
from otklik.channels import transport
from otklik.kernel import clock, outbox
from otklik.kernel.models import Event
from otklik.web.models import WebhookAttempt, WebhookDelivery, WebhookSubscription
from otklik.web.webhooks import sending, services, subscriptions
from tests.api.conftest import Program
from tests.api.receiver import Receiver
from tests.api.telling import follow, happen, later, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_failing_receiver_is_tried_again_with_the_same_id_and_body(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    receiver.script = [500, 503, 200]
    happen(company.pk)
    send()
    assert len(receiver.came) == 1
    for pause in (10, 60):
        with clock.at(later(pause)):
            outbox.drain()
    assert len({came.id for came in receiver.came}) == 1
    assert len({came.body for came in receiver.came}) == 1
    assert [one.status for one in WebhookAttempt.objects.order_by("id")] == [500, 503, 200]
    assert WebhookDelivery.objects.get().state == "delivered"
    assert WebhookSubscription.objects.get().failing_since is None


def test_pauses_grow_to_about_two_days_and_then_it_is_given_up(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    receiver.script = [500]
    happen(company.pk)
    send()
    start = moment = clock.now()
    for _attempt in range(40):
        row = WebhookDelivery.objects.get()
        if row.state == "failed":
            break
        moment = row.due_at + timedelta(seconds=1)
        with clock.at(moment):
            outbox.drain()
    assert WebhookDelivery.objects.get().state == "failed"
    assert len(receiver.came) == len(sending.PAUSES) + 1
    assert timedelta(days=1.5) < moment - start < timedelta(days=2.5)


def test_a_receiver_that_asks_to_wait_is_left_alone(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    receiver.script, receiver.headers = [429, 200], {"Retry-After": "900"}
    happen(company.pk)
    send()
    with clock.at(later(600)):
        outbox.drain()
    assert len(receiver.came) == 1
    with clock.at(later(1000)):
        outbox.drain()
    assert len(receiver.came) == 2


def test_a_receiver_that_hangs_is_a_failed_attempt(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", httpx.Timeout(0.3))
    receiver.script = [lambda _handler: None if receiver.release.wait(20) else None]
    happen(company.pk)
    send()
    attempt = WebhookAttempt.objects.get()
    assert attempt.status is None
    assert "127.0.0.1" in attempt.error
    assert WebhookDelivery.objects.get().state == "waiting"


def test_a_receiver_that_cuts_the_connection_is_a_failed_attempt(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    receiver.script = [lambda handler: handler.connection.close()]
    happen(company.pk)
    send()
    assert WebhookAttempt.objects.get().status is None
    assert WebhookDelivery.objects.get().state == "waiting"


def test_a_redirect_is_not_followed(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    receiver.script, receiver.headers = [307], {"Location": "http://169.254.169.254/latest/meta-data"}
    happen(company.pk)
    send()
    assert len(receiver.came) == 1
    assert WebhookAttempt.objects.get().status == 307
    assert WebhookDelivery.objects.get().state == "waiting"


def test_a_receiver_that_is_gone_is_switched_off_at_once(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    receiver.script = [410]
    happen(company.pk)
    send()
    row = WebhookSubscription.objects.get()
    assert (row.active, row.off_reason) == (False, "gone")


def test_five_days_of_failure_switch_an_address_off_with_a_notice(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, alisa: User
) -> None:
    receiver.script = [500]
    happen(company.pk)
    send()
    WebhookSubscription.objects.update(failing_since=clock.ago(sending.OFF_AFTER + 60))
    with clock.at(later(10)):
        outbox.drain()
    row = WebhookSubscription.objects.get()
    assert (row.active, row.off_reason) == (False, "failing")
    assert Entry.objects.get(action="webhook.switched_off").actor_kind == "system"
    notice = Event.objects.get(topic="staff.notified").payload
    assert (notice["user_id"], notice["kind"]) == (alisa.pk, "webhook_off")
    browser = Client()
    browser.force_login(alisa)
    assert browser.get(f"/webhooks/{row.pk}/").status_code == 200


def test_what_was_missed_while_switched_off_is_sent_by_a_replay_of_the_time(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, alisa: User
) -> None:
    since = clock.ago(60)
    subscriptions.switch(told[0].pk, on=False, by=alisa)
    for number in range(3):
        happen(company.pk, number=number)
    send()
    assert receiver.came == []
    subscriptions.switch(told[0].pk, on=True, by=alisa)
    planned = services.replay_time(told[0].pk, since, later(60), by=alisa)
    outbox.drain()
    assert planned == len(receiver.came) >= 3
    assert services.replay_time(told[0].pk, since, later(60), by=alisa) == 0  # delivered ones are left alone


def test_a_replay_before_the_tail_does_not_stop_the_tail(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, alisa: User
) -> None:
    happen(company.pk, number=1)
    services.replay_time(told[0].pk, clock.ago(60), later(60), by=alisa)
    send()
    numbers = [json.loads(came.body)["data"].get("number") for came in receiver.came]
    assert numbers.count(1) == 1


def test_one_event_is_sent_again_under_its_old_id(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, alisa: User
) -> None:
    happen(company.pk)
    send()
    services.replay(WebhookDelivery.objects.get().pk, by=alisa)
    outbox.drain()
    assert len(receiver.came) == 2
    assert receiver.came[0].id == receiver.came[1].id


def test_an_event_on_its_way_is_not_sent_again(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, program: Program
) -> None:
    receiver.script = [500]
    happen(company.pk)
    send()
    status, body = program.post(f"/webhook-deliveries/{WebhookDelivery.objects.get().pk}/replay")
    assert (status, body["error"]["code"]) == (409, "on_its_way")


def test_a_sender_that_dies_after_the_call_sends_again_under_the_same_id(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*_args: Any) -> None:
        raise Died

    happen(company.pk)
    follow()
    monkeypatch.setattr(sending, "_settle", die)
    with pytest.raises(Died):
        outbox.drain()
    monkeypatch.undo()
    outbox.drain()
    assert len(receiver.came) == 1  # the lease of the dead one still holds
    with clock.at(later(outbox.LEASE + 1)):
        outbox.drain()
    assert [came.id for came in receiver.came] == [receiver.came[0].id] * 2
    assert WebhookDelivery.objects.get().state == "delivered"


def test_two_workers_do_not_send_one_event_twice(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    happen(company.pk)
    follow()
    row = WebhookDelivery.objects.get()
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        try:
            sending.deliver({"delivery_id": row.pk, "round": 0})
        except outbox.Later:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert len(receiver.came) == 1
