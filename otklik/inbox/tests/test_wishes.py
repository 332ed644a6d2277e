"""Does an answer keep to what the customer asked for, and is the reason kept when it does not?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from otklik.audit import queries as audit
from otklik.channels.models import ChannelAccount, Delivery
from otklik.inbox import ways
from otklik.inbox.engine.tongue import language_of
from otklik.inbox.models import Conversation, Draft, Message
from otklik.inbox.services import reply, start, state, wishes
from otklik.kernel import clock
from otklik.kernel.errors import Invalid
from otklik.people import kinds
from otklik.people.models import Customer, Identity

pytestmark = pytest.mark.django_db
DAYS = 86400.0


def wants(conversation, **values) -> None:
    Customer.objects.filter(pk=conversation.customer_id).update(**values)


def answer(conversation, text="Едет", *, by, reason="", **more) -> Message:
    return reply.reply(conversation.pk, reply.Answer(text, reason=reason, **more), by=by)


@pytest.fixture
def old(write_in, olga):
    """Anna wrote here five days ago and was answered; since then it is quiet."""
    with clock.at(clock.ago(5 * DAYS)):
        conversation = write_in("Где заказ?")
        answer(conversation, by=olga)
    return Conversation.objects.get(pk=conversation.pk)


@pytest.fixture
def mailbox(company):
    """A second way to customers: a mailbox of the company."""
    return ChannelAccount.objects.create(
        organisation=company,
        kind="mail",
        name="Почта",
        settings={"address": "shop@test"},
        created_at=clock.now(),
    )


def has_mail(conversation, address="anna@mail.test") -> None:
    Identity.objects.create(
        organisation_id=conversation.organisation_id,
        customer_id=conversation.customer_id,
        kind="mail",
        external_id=address,
        created_at=clock.now(),
    )


# channel


@pytest.mark.req("S2-2")
def test_bringing_up_an_old_talk_in_another_channel_than_preferred_needs_a_reason(old, mailbox, olga):
    has_mail(old)
    wants(old, preferred_channel="mail")
    with pytest.raises(wishes.NeedsReason) as refusal:
        answer(old, "Ещё вопрос", by=olga)
    assert refusal.value.data["aspects"] == ["channel"] and kinds.title("mail") in refusal.value.sentence
    assert Delivery.objects.count() == 1  # only the answer of five days ago
    message = answer(old, "Ещё вопрос", by=olga, reason="  Почта  возвращается ")
    assert message.deviation["reason"] == "Почта возвращается"
    assert [one["code"] for one in message.deviation["aspects"]] == ["channel"]
    entry = audit.of_object(old.organisation_id, "conversation", old.pk)[0]
    assert (entry.action, entry.reason) == ("message.sent", "Почта возвращается")
    assert entry.data["deviation"] == ["channel"]


@pytest.mark.req("S2-2")
def test_answering_where_the_customer_wrote_is_never_another_channel(write_in, mailbox, olga):
    conversation = write_in("Где заказ?")
    has_mail(conversation)
    wants(conversation, preferred_channel="mail")
    assert answer(conversation, by=olga).deviation == {}
    assert answer(conversation, "И ещё", by=olga).deviation == {}  # just now, though nothing is owed any more


def test_who_still_waits_after_a_week_is_answered_where_they_wrote(write_in, mailbox, olga):
    with clock.at(clock.ago(7 * DAYS)):
        conversation = write_in("Где заказ?")
    has_mail(conversation)
    wants(conversation, preferred_channel="mail")
    assert answer(conversation, by=olga).deviation == {}


def test_a_public_answer_stands_where_the_question_stands_however_old_it_is(write_in, mailbox, olga):
    with clock.at(clock.ago(30 * DAYS)):
        conversation = write_in("Ужасный магазин", visibility="public")
        state.close(conversation.pk, by=olga)
    has_mail(conversation)
    wants(
        conversation, preferred_channel="mail", contact_since="00:00", contact_until="00:01", contact_days="0"
    )
    with clock.at(clock.now().replace(hour=12)):
        assert answer(conversation, "Простите", by=olga, visibility="public").deviation == {}


def test_what_cannot_be_used_from_here_asks_nobody_and_is_noted(old, olga):
    wants(old, preferred_channel="max")
    message = answer(old, by=olga)
    assert message.deviation["reason"] == wishes.UNREACHABLE
    assert message.deviation["aspects"][0]["wanted"] == "max"


def test_who_prefers_a_call_is_called_or_there_is_a_reason(old, olga):
    wants(old, preferred_channel="phone", phone="+79161234567")
    with pytest.raises(wishes.NeedsReason):
        answer(old, by=olga)
    wants(old, do_not_call=True)
    assert answer(old, by=olga).deviation["reason"] == wishes.UNREACHABLE


@pytest.mark.req("S2-2")
def test_beginning_a_talk_proposes_the_preferred_channel_and_another_needs_a_reason(
    old, mailbox, demo_channel, olga
):
    has_mail(old)
    wants(old, preferred_channel="vk", email="anna@mail.test")
    proposed = ways.ways(old.organisation_id, old.customer_id)
    assert [(one.account_id, one.address, one.preferred) for one in proposed] == [
        (demo_channel.pk, "anna", True),
        (mailbox.pk, "anna@mail.test", False),
    ]

    def write(**more):
        return start.write_first(
            mailbox.pk, to="anna@mail.test", subject="Заказ", text="Готов", by=olga, client_key="k", **more
        )

    with pytest.raises(wishes.NeedsReason):
        write()
    assert Conversation.objects.count() == 1
    assert write(reason="no_answer").deviation["reason"] == "no_answer"


# language


@pytest.mark.req("S2-2")
def test_another_language_than_preferred_needs_a_reason(write_in, olga):
    conversation = write_in("Where is my order?")
    wants(conversation, language="en")
    with pytest.raises(wishes.NeedsReason) as refusal:
        answer(conversation, "Здравствуйте! Ваш заказ приедет завтра.", by=olga)
    assert refusal.value.data["aspects"] == ["language"]
    assert answer(conversation, "Hello! Your order will arrive tomorrow.", by=olga).deviation == {}
    message = answer(conversation, "Ваш заказ приедет завтра утром.", by=olga, reason="no_speaker")
    assert message.deviation["aspects"] == [
        {"code": "language", "wanted": "en", "actual": "ru", "excused": ""}
    ]


def test_a_text_too_short_to_tell_stops_nobody(write_in, olga):
    conversation = write_in("Where?")
    wants(conversation, language="en")
    assert answer(conversation, "Ок, №4512", by=olga).deviation == {}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ru", "Здравствуйте! Деньги вернутся до пятницы."),
        ("ru", "Иван, смартфон Samsung Galaxy S24 Ultra будет в магазине в пятницу"),
        ("en", "Dear John, we are sorry about the delay with your fridge."),
        ("uk", "Добрий день! Ваше замовлення буде завтра, дякуємо."),
        ("be", "Добры дзень! Ваш заказ будзе заўтра."),
        ("kk", "Сәлеметсіз бе! Сіздің тапсырысыңыз ертең келеді."),
        ("uz", "Assalomu alaykum! Sizning buyurtmangiz ertaga yetib boradi, rahmat."),
        ("hy", "Բարև Ձեզ, ձեր պատվերը վաղը կլինի"),
        ("ka", "გამარჯობა, თქვენი შეკვეთა ხვალ მოვა"),
        ("zh", "您好，您的订单明天到达"),
        ("", "Hallo, Ihre Bestellung kommt morgen an"),
        ("", "OK https://shop.test/orders/very/long/address"),
        ("", "お待たせしております、ご注文は明日届きます"),
        ("", ""),
    ],
)
def test_a_language_is_told_or_nothing_is_said(code, text):
    assert language_of(text) == code


# hours


@pytest.mark.req("S2-2")
def test_outside_the_best_hours_of_the_customers_clock_a_reason_is_needed(write_in, olga):
    conversation = write_in("Где заказ?")
    wants(conversation, contact_since="10:00", contact_until="18:00", time_zone="Asia/Vladivostok")
    evening = clock.now().replace(
        hour=11, minute=0, second=0, microsecond=0
    )  # 21:00 in Vladivostok, 14:00 in Moscow
    with clock.at(evening):
        with pytest.raises(wishes.NeedsReason) as refusal:
            answer(conversation, by=olga)
        assert "10:00–18:00" in refusal.value.sentence and "21:00" in refusal.value.sentence
        morning = wishes.preferred_moment(conversation.organisation_id, conversation.customer_id, clock.now())
        assert morning is not None and timedelta(hours=12) < morning - evening <= timedelta(hours=13)
        assert answer(conversation, by=olga, reason="urgent").deviation["reason"] == "urgent"
    with clock.at(morning):
        assert answer(conversation, "И снова", by=olga).deviation == {}


@pytest.mark.parametrize("reason", [".", "  ", "12", "я" * 301])
def test_a_reason_is_words_that_a_colleague_can_read(old, olga, reason):
    wants(old, preferred_channel="phone", phone="+79161234567")
    with pytest.raises(Invalid) as refusal:
        answer(old, by=olga, reason=reason)
    assert refusal.value.data["field"] == "deviation_reason"


def test_a_reason_that_nobody_needed_is_not_kept(write_in, olga):
    assert answer(write_in("Где заказ?"), by=olga, reason="urgent").deviation == {}


# do not write


@pytest.fixture
def stopped(old):
    wants(old, do_not_contact=True, do_not_contact_reason="попросила 3 ноября")
    return old


def test_who_asked_not_to_be_written_to_cannot_be_written_to_first(stopped, demo_channel, olga):
    with pytest.raises(start.DoNotContact) as refusal:
        start.write_first(
            demo_channel.pk, to="anna", subject="", text="Акция", by=olga, client_key="k", reason="urgent"
        )
    assert "попросила 3 ноября" in refusal.value.sentence


def test_their_own_message_is_answered_and_a_word_out_of_turn_needs_a_reason(stopped, write_in, olga):
    with pytest.raises(wishes.NeedsReason) as refusal:
        answer(stopped, "Акция для вас", by=olga)
    assert refusal.value.data["aspects"] == ["contact"]
    again = write_in("А когда доставка?")
    assert again == stopped
    assert answer(again, by=olga).deviation == {}


# screen


@pytest.fixture
def screen(client, olga):
    client.force_login(olga)
    return client


def strip_of(page, mode="private") -> dict:
    panel = page.split(f'data-mode="{mode}" data-wish="', 1)[1].split('"', 1)[0]
    found: dict = json.loads(panel.replace("&quot;", '"').replace("&#x27;", "'"))
    return found


def test_the_composer_names_the_wish_and_offers_the_preferred_way(old, mailbox, screen):
    has_mail(old)
    wants(old, preferred_channel="mail")
    strip = strip_of(screen.get(f"/inbox/{old.pk}/").content.decode())
    assert strip["ask"] and strip["other"] == f"/inbox/new/?customer={old.customer_id}"
    dialog = screen.get(strip["other"]).content.decode()
    assert f'value="{mailbox.pk}:anna@mail.test"' in dialog


def test_a_fresh_message_shows_the_preference_and_asks_for_nothing(write_in, mailbox, screen):
    conversation = write_in("Где заказ?")
    has_mail(conversation)
    wants(conversation, preferred_channel="mail")
    strip = strip_of(screen.get(f"/inbox/{conversation.pk}/").content.decode())
    assert not strip["ask"] and strip["text"] and strip["other"]


def test_a_warning_stands_beside_the_answer_to_who_asked_not_to_be_written_to(write_in, screen):
    conversation = write_in("А когда доставка?")
    wants(conversation, do_not_contact=True, do_not_contact_reason="попросила 3 ноября")
    strip = strip_of(screen.get(f"/inbox/{conversation.pk}/").content.decode())
    assert not strip["ask"] and "попросила 3 ноября" in strip["text"]
    dialog = screen.get(f"/inbox/new/?customer={conversation.customer_id}").content.decode()
    assert "попросила 3 ноября" in dialog and "<textarea" not in dialog


def test_the_language_is_looked_at_while_the_draft_is_saved(write_in, screen):
    conversation = write_in("Where?")
    wants(conversation, language="en")
    url = reverse("inbox-draft", args=[conversation.pk])
    said = screen.post(url, {"mode": "private", "text": "Здравствуйте! Заказ приедет завтра."}).json()
    assert said["wish"]["ask"]
    said = screen.post(url, {"mode": "private", "text": "Hello! Your order will arrive tomorrow."}).json()
    assert not said["wish"]["ask"]


def test_a_refused_answer_stays_typed_and_goes_with_a_reason(old, screen):
    wants(old, preferred_channel="phone", phone="+79161234567")
    url = reverse("inbox-send", args=[old.pk])
    values = {"mode": "private", "text": "Ещё вопрос", "client_key": "k"}
    refused = screen.post(url, values, headers={"accept": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "deviation_reason_required"
    sent = screen.post(
        url,
        {**values, "reason": "own", "reason_own": "Не берёт трубку"},
        headers={"accept": "application/json"},
    )
    assert sent.status_code == 200
    page = screen.get(f"/inbox/{old.pk}/").content.decode()
    assert "Не берёт трубку" in page
    assert not Draft.objects.filter(conversation=old).exists()


def test_a_letter_goes_by_the_way_that_was_chosen(old, mailbox, screen):
    has_mail(old)
    values = {"way": f"{mailbox.pk}:anna@mail.test", "subject": "Заказ", "text": "Готов", "client_key": "k"}
    assert screen.post(reverse("inbox-start"), values).status_code == 302
    message = Message.objects.get(account=mailbox)
    assert (message.recipients["to"], message.conversation.customer_id) == (
        ["anna@mail.test"],
        old.customer_id,
    )


def test_the_customers_page_leads_to_a_letter(old, screen, olga):
    page = screen.get(f"/customers/{old.customer_id}/").content.decode()
    assert f"/inbox/?write={old.customer_id}" in page
    opened = screen.get(f"/inbox/?write={old.customer_id}").content.decode()
    assert f'hx-get="/inbox/new/?customer={old.customer_id}"' in opened
