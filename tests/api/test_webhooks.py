"""Outgoing webhooks against a real receiver: who is told what, signed, to which addresses, and the screen for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from otklik.accounts.models import User
from otklik.kernel import clock, events, outbox
from otklik.kernel.errors import Invalid
from otklik.kernel.models import Event
from otklik.web.models import WebhookAttempt, WebhookCursor, WebhookDelivery, WebhookSubscription
from otklik.web.webhooks import subscriptions, tail
from tests.api.conftest import Program
from tests.api.receiver import Receiver
from tests.api.stream import visible
from tests.api.telling import follow, happen, later, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_reaches_the_receiver_signed_and_whole(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    happen(company.pk, conversation_id=7, message_id=9)
    send()
    [came] = receiver.came
    payload = Webhook(told[1]).verify(came.body, came.headers)
    event = Event.objects.filter(topic="message.created").get()
    assert payload == {
        "type": "message.created",
        "timestamp": event.at.isoformat(),
        "data": {"conversation_id": 7, "message_id": 9},
    }
    assert came.id == f"evt_{event.pk}"
    assert came.headers["content-type"].startswith("application/json")
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.excerpt, attempt.duration_ms is not None) == (200, "noted", True)


def test_a_changed_body_does_not_verify(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    happen(company.pk)
    send()
    [came] = receiver.came
    with pytest.raises(WebhookVerificationError):
        Webhook(told[1]).verify(came.body.replace(b"message", b"massage"), came.headers)


def test_everything_after_the_subscription_is_told_and_nothing_before(
    receiver: Receiver, alisa: User, company: Any
) -> None:
    happen(company.pk, number=0)
    visible()
    subscriptions.create(name="CRM", url=receiver.url, topics=["message.created"], by=alisa)
    for number in (1, 2, 3):
        happen(company.pk, number=number)
    send()
    assert [json.loads(came.body)["data"]["number"] for came in receiver.came] == [1, 2, 3]


def test_more_events_than_one_batch_are_all_told(
    told: tuple[WebhookSubscription, str], company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "BATCH", 7)
    before = WebhookDelivery.objects.count()
    for number in range(30):
        happen(company.pk, number=number)
    follow()
    assert WebhookDelivery.objects.count() - before == 30
    assert follow() == 0


def test_only_chosen_topics_are_told(receiver: Receiver, alisa: User, company: Any) -> None:
    subscriptions.create(name="CRM", url=receiver.url, topics=["customer.merged"], by=alisa)
    happen(company.pk)
    happen(company.pk, "customer.merged", survivor_id=1)
    send()
    assert [json.loads(came.body)["type"] for came in receiver.came] == ["customer.merged"]


def test_who_types_and_personal_notices_are_never_told(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    happen(company.pk, "conversation.presence")
    happen(company.pk, "staff.notified", user_id=1)
    send()
    assert receiver.came == []


def test_another_company_is_told_nothing(
    told: tuple[WebhookSubscription, str], receiver: Receiver, other_company: Any
) -> None:
    happen(other_company.pk)
    send()
    assert receiver.came == []


def test_a_real_message_of_a_customer_is_told(
    told: tuple[WebhookSubscription, str], receiver: Receiver, write_in: Callable[..., Any]
) -> None:
    talk = write_in("Тайный текст")
    send()
    bodies = [json.loads(came.body) for came in receiver.came]
    message = next(one for one in bodies if one["type"] == "message.created")
    assert message["data"]["conversation_id"] == talk.pk
    assert "Тайный" not in str(bodies)  # ids and codes only


def test_for_a_day_both_secrets_sign(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, alisa: User
) -> None:
    row, fresh = subscriptions.rotate(told[0].pk, by=alisa)
    happen(company.pk)
    send()
    [came] = receiver.came
    for secret in (told[1], fresh):
        assert Webhook(secret).verify(came.body, came.headers)["type"] == "message.created"
    with clock.at(later(subscriptions.OLD_SECRET_FOR + 60)):
        row.refresh_from_db()
        assert subscriptions.secrets_of(row) == [fresh]


def test_a_test_event_goes_to_one_address_and_stands_in_the_log(
    told: tuple[WebhookSubscription, str], receiver: Receiver, program: Program
) -> None:
    status, row = program.post(f"/webhooks/{told[0].pk}/test")
    assert (status, row["state"]) == (202, "waiting")
    outbox.drain()
    assert json.loads(receiver.came[0].body)["type"] == "webhook.test"
    log = program.get(f"/webhooks/{told[0].pk}/deliveries")[1]["items"]
    assert (log[0]["message_id"], log[0]["state"], log[0]["tries"][0]["status"]) == (
        receiver.came[0].id,
        "delivered",
        200,
    )


@pytest.mark.postgres
def test_an_event_that_commits_late_is_not_skipped(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any
) -> None:
    """The first id is taken by a transaction that commits after the second one was read."""
    taken, go = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            events.publish("message.created", company.pk, number=1)
            taken.set()
            go.wait(20)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    taken.wait(20)
    happen(company.pk, number=2)
    tail.follow()
    outbox.drain()
    go.set()
    thread.join(20)
    send()
    assert sorted(json.loads(came.body)["data"]["number"] for came in receiver.came) == [1, 2]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https://user:secret@example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "https://10.0.0.1:70000/",
        "nonsense",
    ],
)
def test_an_address_that_must_not_be_called_gets_a_sentence(alisa: User, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        subscriptions.create(name="", url=url, topics=[], by=alisa)
    assert refused.value.data["field"] == "url"
    assert len(refused.value.sentence) > 20


def test_an_address_that_became_private_is_not_called(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, settings: Any
) -> None:
    settings.TRUSTED_PRIVATE_HOSTS = []
    happen(company.pk)
    send()
    assert receiver.came == []
    assert "127.0.0.1" in WebhookAttempt.objects.get().error


def test_an_unknown_topic_is_refused(program: Program, receiver: Receiver) -> None:
    status, body = program.post("/webhooks", {"url": receiver.url, "topics": ["message.gone"]})
    assert (status, body["error"]["data"]["field"]) == (422, "topics")


def test_the_secret_is_given_once_and_stored_sealed(program: Program, receiver: Receiver) -> None:
    status, made = program.post("/webhooks", {"url": receiver.url, "name": "CRM"})
    assert status == 201
    assert made["secret"].startswith("whsec_")
    assert "secret" not in program.get(f"/webhooks/{made['id']}")[1]
    assert made["secret"] not in WebhookSubscription.objects.get().secret


def test_an_address_that_was_deleted_is_told_nothing(
    told: tuple[WebhookSubscription, str], receiver: Receiver, company: Any, program: Program
) -> None:
    happen(company.pk)
    follow()
    assert program.call("DELETE", f"/webhooks/{told[0].pk}")[0] == 200
    outbox.drain()
    assert receiver.came == []
    assert program.get(f"/webhooks/{told[0].pk}")[0] == 404


def test_the_log_is_forgotten_after_a_month(told: tuple[WebhookSubscription, str], company: Any) -> None:
    happen(company.pk)
    send()
    with clock.at(later(tail.KEPT + 60)):
        assert tail.forget() > 0
    assert not WebhookDelivery.objects.exists()


def test_the_cursor_moves_also_when_nobody_listens(company: Any) -> None:
    follow()
    happen(company.pk)
    follow()
    assert WebhookCursor.objects.get().event_id == Event.objects.latest("id").pk


@pytest.mark.parametrize("right", ["", "new/"])
def test_the_screen_is_for_those_with_the_right(olga: User, right: str) -> None:
    browser = Client()
    browser.force_login(olga)
    assert browser.get(f"/webhooks/{right}").status_code == 403


def test_the_screen_adds_tests_and_replaces_the_secret(alisa: User, receiver: Receiver) -> None:
    browser = Client()
    browser.force_login(alisa)
    assert browser.get("/webhooks/").status_code == 200
    refused = browser.post("/webhooks/new/", {"name": "CRM", "url": "http://example.com/"})
    assert refused.status_code == 422
    made = browser.post("/webhooks/new/", {"name": "CRM", "url": receiver.url}).content.decode()
    assert made.count("whsec_") == 1
    row = WebhookSubscription.objects.get()
    browser.post(f"/webhooks/{row.pk}/test/")
    outbox.drain()
    page = browser.get(f"/webhooks/{row.pk}/").content.decode()
    assert "webhook.test" in page
    assert "whsec_" not in page
    assert "whsec_" in browser.post(f"/webhooks/{row.pk}/rotate/").content.decode()
    assert browser.post(f"/webhooks/{row.pk}/delete/").status_code == 302
    assert browser.get(f"/webhooks/{row.pk}/").status_code == 404
