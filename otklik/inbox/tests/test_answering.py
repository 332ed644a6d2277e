"""An answer goes out: once, with what belongs to it, and can be taken back while it has not left."""

from __future__ import annotations

import pytest

from otklik.accounts import services
from otklik.accounts.models import Organisation
from otklik.channels import registry
from otklik.channels.models import ChannelAccount, Delivery
from otklik.channels.protocol import SendResult, SendState
from otklik.inbox import ports
from otklik.inbox.models import Attachment, Conversation, Draft, Message, Participant, ThreadKey
from otklik.inbox.services import drafts, files, outgoing, reply, start, state, summary
from otklik.inbox.tests.support import arrive, far_end, mail
from otklik.kernel import clock, outbox, textindex
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from otklik.people import services as people
from otklik.people.models import Customer

pytestmark = pytest.mark.django_db


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def test_an_answer_is_stored_queued_and_sent(write_in, olga):
    conversation = write_in("Где заказ?")
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    assert fresh(message).delivery_state == "queued"
    outbox.drain()
    assert fresh(message).delivery_state == "sent"
    after = fresh(conversation)
    assert (after.state, after.waiting_since, after.preview, after.preview_by_us) == (
        "waiting",
        None,
        "Едет",
        True,
    )
    assert after.assignee == olga
    assert after.first_response_at is not None


def test_a_double_click_sends_once(write_in, olga):
    conversation = write_in("Где заказ?")
    one = reply.reply(conversation.pk, reply.Answer("Едет", client_key="k1"), by=olga)
    two = reply.reply(conversation.pk, reply.Answer("Едет", client_key="k1"), by=olga)
    assert one == two
    assert Delivery.objects.count() == 1
    assert fresh(conversation).message_count == 2


def test_a_key_of_somebody_else_is_refused(write_in, olga, boris):
    conversation = write_in("Где заказ?")
    reply.reply(conversation.pk, reply.Answer("Едет", client_key="k1"), by=olga)
    with pytest.raises(Conflict):
        reply.reply(conversation.pk, reply.Answer("Другое", client_key="k1"), by=boris)


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_answer_is_refused(write_in, olga, text):
    conversation = write_in("Где заказ?")
    with pytest.raises(Invalid):
        reply.reply(conversation.pk, reply.Answer(text), by=olga)


@pytest.mark.parametrize("text", ["Здравствуйте, {{customer.name}}", "Здравствуйте, [имя клиента?]!"])
def test_blanks_stop_an_answer(write_in, olga, text):
    conversation = write_in("Где заказ?")
    with pytest.raises(Invalid) as caught:
        reply.reply(conversation.pk, reply.Answer(text), by=olga)
    assert caught.value.code == "unfilled"
    assert not Delivery.objects.exists()


def test_an_answer_to_something_older_stops_and_names_the_writer(write_in, olga):
    conversation = write_in("Где заказ?")
    seen = conversation.last_message_id
    write_in("Отменяйте!")
    with pytest.raises(reply.Newer) as caught:
        reply.reply(conversation.pk, reply.Answer("Едет", seen_message_id=seen), by=olga)
    assert "Анна Белова" in caught.value.sentence


def test_a_robots_letter_is_no_reason_to_stop(demo_channel, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test", id="a@x"))
    seen = Message.objects.get().pk
    arrive(demo_channel, mail("anna@mail.test", refs=("a@x",), extra={"auto": "auto_reply"}))
    reply.reply(conversation.pk, reply.Answer("Едет", seen_message_id=seen), by=olga)
    assert Delivery.objects.count() == 1


def test_an_analyst_cannot_answer(write_in, company):
    vera = services.create_user(company, email="vera@shop.test", name="Вера Рубина", roles=["analyst"])
    with pytest.raises(Forbidden):
        reply.reply(write_in("Где заказ?").pk, reply.Answer("Едет"), by=vera)


def test_a_conversation_of_another_company_looks_missing(write_in, db):
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = services.create_user(other, email="x@other.test", name="Чужой", roles=["administrator"])
    conversation = write_in("Где заказ?")
    for act in (
        lambda: reply.reply(conversation.pk, reply.Answer("Едет"), by=stranger),
        lambda: state.close(conversation.pk, by=stranger),
        lambda: drafts.save(conversation.pk, "private", "а", by=stranger),
        lambda: files.attach(conversation.pk, "private", "a.txt", b"a", by=stranger),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_gate_that_fails_means_wait(write_in, olga, monkeypatch):
    def broken(conversation_id, text, user_id):
        raise RuntimeError("gate")

    monkeypatch.setattr(ports, "reply_gates", [broken])
    with pytest.raises(ports.Refused):
        reply.reply(write_in("Где заказ?").pk, reply.Answer("Едет"), by=olga)
    assert not Message.objects.filter(direction="out").exists()


def test_a_text_longer_than_the_channel_takes_is_refused_with_both_numbers(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    with far_end(demo_channel, max_length=5), pytest.raises(Invalid) as caught:
        reply.reply(conversation.pk, reply.Answer("длинный текст"), by=olga)
    assert "13" in caught.value.sentence and "5" in caught.value.sentence


def test_a_channel_that_is_switched_off_refuses(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    ChannelAccount.objects.filter(pk=demo_channel.pk).update(active=False)
    with pytest.raises(reply.CannotAnswer):
        reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)


# by hand


def test_an_answer_to_post_by_hand_never_leaves_by_itself(write_in, olga, demo_channel):
    conversation = write_in("Ужасный магазин", visibility="public")
    waiting = conversation.waiting_since
    with far_end(demo_channel, reply_public=False, reply_private=False, reply_manual=True) as end:
        message = reply.reply(conversation.pk, reply.Answer("Простите", visibility="public"), by=olga)
        outbox.drain()
        assert end.got == []
    assert message.delivery_state == "manual"
    assert not Delivery.objects.exists()
    after = fresh(conversation)
    assert (after.state, after.waiting_since, after.first_response_at) == ("open", waiting, None)


def test_posting_by_hand_is_noted_with_its_proof(write_in, olga, demo_channel):
    conversation = write_in("Ужасный магазин")
    with far_end(demo_channel, reply_public=False, reply_manual=True):
        message = reply.reply(
            conversation.pk, reply.Answer("Простите", visibility="public", close=True), by=olga
        )
        with pytest.raises(Invalid):
            reply.mark_posted(message.pk, "javascript:alert(1)", by=olga)
        reply.mark_posted(message.pk, "https://otzovik.test/1", by=olga)
    message = fresh(message)
    assert (message.delivery_state, message.permalink) == ("sent", "https://otzovik.test/1")
    after = fresh(conversation)
    assert (after.state, after.waiting_since) == ("closed", None)
    assert after.first_response_at is not None
    with pytest.raises(NotFound):
        reply.mark_posted(message.pk, "", by=olga)


# signature


@pytest.fixture
def mailbox(demo_channel):
    """A far end that calls itself mail."""
    with far_end(demo_channel) as end:
        end.kind = "mail"
        registry.register(end)
        demo_channel.kind = "mail"
        demo_channel.settings = {"address": "shop@test"}
        demo_channel.save(update_fields=["kind", "settings"])
        yield end


def test_a_mail_is_signed_on_its_way_and_stored_without_signature(demo_channel, mailbox, olga, company):
    company.signature = "{{agent.name}}\nСевер-Техника"
    company.save(update_fields=["signature"])
    conversation = arrive(demo_channel, mail("anna@mail.test"))
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    outbox.drain()
    assert mailbox.got[0].text == "Едет\n\n-- \nОльга Ильина\nСевер-Техника"
    assert message.text == "Едет"


def test_ones_own_signature_comes_before_the_companys(demo_channel, mailbox, olga, company):
    company.signature, olga.signature = "Компания", "Оля"
    company.save(update_fields=["signature"])
    olga.save(update_fields=["signature"])
    reply.reply(arrive(demo_channel, mail("anna@mail.test")).pk, reply.Answer("Едет"), by=olga)
    outbox.drain()
    assert mailbox.got[0].text.endswith("-- \nОля")


def test_a_mail_answers_with_the_right_headers(demo_channel, mailbox, olga):
    conversation = arrive(
        demo_channel,
        mail("anna@mail.test", id="b@x", refs=("a@x",), subject="Заказ", extra={"references": ["a@x"]}),
    )
    reply.reply(conversation.pk, reply.Answer("Едет", cc=("igor@mail.test",)), by=olga)
    outbox.drain()
    sent = mailbox.got[0]
    assert (sent.to, sent.cc, sent.subject) == ("anna@mail.test", ("igor@mail.test",), "Re: Заказ")
    assert (sent.in_reply_to, sent.references) == ("b@x", ("a@x", "b@x"))


def test_an_address_that_is_none_is_refused(demo_channel, mailbox, olga):
    conversation = arrive(demo_channel, mail("anna@mail.test"))
    with pytest.raises(Invalid) as caught:
        reply.reply(conversation.pk, reply.Answer("Едет", cc=("igor",)), by=olga)
    assert "igor" in caught.value.sentence


def test_the_echo_of_our_own_answer_is_not_a_new_message(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    with far_end(demo_channel):
        message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
        outbox.drain()
    assert fresh(message).external_id == "far-1"
    arrive(demo_channel, mail("shop", "Едет", id="far-1"))
    assert Message.objects.filter(direction="in").count() == 1
    assert ThreadKey.objects.filter(key="far-1", conversation=conversation).exists()


# undo


def test_an_answer_taken_back_leaves_the_conversation_exactly_as_it_was(write_in, olga, settings):
    settings.UNDO_SECONDS = 10
    conversation = write_in("Где заказ?")
    before = summary.snapshot(conversation)
    message = reply.reply(conversation.pk, reply.Answer("Едет", close=True, client_key="k"), by=olga)
    assert summary.snapshot(fresh(conversation)) != before
    drafts.from_cancelled(message.pk, by=olga)
    assert summary.snapshot(fresh(conversation)) == before
    assert Delivery.objects.get().state == "cancelled"
    assert not Message.objects.filter(direction="out").exists()


def test_an_answer_taken_back_is_a_draft_with_its_files_again(write_in, olga, settings):
    settings.UNDO_SECONDS = 10
    conversation = write_in("Где заказ?")
    photo = files.attach(conversation.pk, "private", "чек.png", b"\x89PNG\r\n\x1a\n", by=olga)
    answer = reply.Answer("Едет", attachment_ids=(photo.pk,), cc=("igor@mail.test",))
    message = reply.reply(conversation.pk, answer, by=olga)
    assert not Draft.objects.exists()
    draft = drafts.from_cancelled(message.pk, by=olga)
    assert (draft.text, draft.recipients["cc"]) == ("Едет", ["igor@mail.test"])
    assert list(draft.attachments.all()) == [photo]
    assert not Participant.objects.filter(address="igor@mail.test").exists()
    assert textindex.search(olga.organisation_id, "message", "едет") == []


def test_what_was_begun_meanwhile_is_kept_under_the_returned_text(write_in, olga, settings):
    settings.UNDO_SECONDS = 10
    conversation = write_in("Где заказ?")
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    drafts.save(conversation.pk, "private", "И ещё", by=olga)
    assert drafts.from_cancelled(message.pk, by=olga).text == "Едет\n\nИ ещё"


def test_taking_back_keeps_what_the_customer_wrote_meanwhile(write_in, olga, settings):
    settings.UNDO_SECONDS = 10
    conversation = write_in("Где заказ?")
    waiting = conversation.waiting_since
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    write_in("Алло")
    drafts.from_cancelled(message.pk, by=olga)
    after = fresh(conversation)
    assert (after.state, after.preview, after.message_count) == ("open", "Алло", 2)
    assert (after.waiting_since, after.first_response_at) == (waiting, None)


def test_what_has_left_cannot_be_taken_back(write_in, olga):
    conversation = write_in("Где заказ?")
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    outbox.drain()
    with pytest.raises(drafts.TooLate):
        drafts.from_cancelled(message.pk, by=olga)
    assert Message.objects.filter(pk=message.pk).exists()


def test_only_the_author_takes_an_answer_back(write_in, olga, boris, settings):
    settings.UNDO_SECONDS = 10
    message = reply.reply(write_in("Где заказ?").pk, reply.Answer("Едет"), by=olga)
    with pytest.raises(NotFound):
        drafts.from_cancelled(message.pk, by=boris)


def test_taking_back_leaves_an_owner_that_was_given_since(write_in, olga, boris, settings):
    settings.UNDO_SECONDS = 10
    conversation = write_in("Где заказ?")
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    state.assign(conversation.pk, by=boris, user_id=boris.pk)
    drafts.from_cancelled(message.pk, by=olga)
    after = fresh(conversation)
    assert (after.assignee, after.state) == (boris, "open")


# trouble


def test_a_refused_answer_brings_the_conversation_back_and_the_waiting_goes_on(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    waiting = conversation.waiting_since
    with far_end(demo_channel) as end:
        end.answers = [SendResult(SendState.REJECTED, code="blocked", detail="user blocked you")]
        message = reply.reply(conversation.pk, reply.Answer("Едет", close=True), by=olga)
        outbox.drain()
        after = fresh(conversation)
        assert (after.state, after.trouble, after.waiting_since) == ("open", "failed", waiting)
        assert fresh(message).delivery_error == "user blocked you"
        assert reply.retry(message.pk, by=olga)
        outbox.drain()
    after = fresh(conversation)
    assert (after.state, after.trouble, after.waiting_since) == ("waiting", "", None)


def test_an_uncertain_answer_waits_for_a_person(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    with far_end(demo_channel) as end:
        end.answers = [SendResult(SendState.UNCERTAIN, detail="connection lost")]
        message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
        outbox.drain()
        assert fresh(conversation).trouble == "uncertain"
        assert reply.decide(message.pk, arrived=False, by=olga)
        assert not reply.decide(message.pk, arrived=False, by=olga)
        outbox.drain()
        assert len(end.got) == 2
        assert end.got[0].idempotency_key == end.got[1].idempotency_key
    assert fresh(message).delivery_state == "sent"


def test_a_late_failure_does_not_open_what_was_answered_again(write_in, olga, demo_channel):
    conversation = write_in("Где заказ?")
    with far_end(demo_channel) as end:
        end.answers = [SendResult(SendState.REJECTED)]
        reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
        outbox.drain()
        first = Message.objects.get(direction="out")
        reply.reply(conversation.pk, reply.Answer("Приехал"), by=olga)
        outbox.drain()
        reply.retry(first.pk, by=olga)
        outbox.drain()
    assert fresh(conversation).trouble == ""


# the first word


def test_an_agent_opens_a_conversation(demo_channel, olga):
    message = start.write_first(
        demo_channel.pk,
        to="anna",
        subject="Ваш заказ",
        text="Готов",
        by=olga,
        client_key="k",
        name="Анна Белова",
    )
    again = start.write_first(
        demo_channel.pk, to="anna", subject="Ваш заказ", text="Готов", by=olga, client_key="k"
    )
    assert message == again
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.subject, conversation.customer_name) == (
        "waiting",
        "Ваш заказ",
        "Анна Белова",
    )
    assert message.recipients["to"] == ["anna"]
    outbox.drain()
    assert fresh(message).delivery_state == "sent"


def test_an_answer_to_our_first_word_finds_it(demo_channel, olga):
    message = start.write_first(
        demo_channel.pk, to="anna@mail.test", subject="Заказ", text="Готов", by=olga, client_key="k"
    )
    assert arrive(demo_channel, mail("anna@mail.test", refs=(message.wire_id,))) == message.conversation


def test_who_asked_not_to_be_written_to_is_not_written_to(demo_channel, olga):
    person = people.resolve(
        olga.organisation_id, kind="vk", scope=demo_channel.public_id.hex, external_id="anna", name="Анна"
    )
    Customer.objects.filter(pk=person.id).update(do_not_contact=True)
    with pytest.raises(start.DoNotContact) as caught:
        start.write_first(demo_channel.pk, to="anna", subject="а", text="б", by=olga, client_key="k")
    assert "Анна" in caught.value.sentence
    assert not Conversation.objects.exists()


def test_a_first_word_taken_back_leaves_a_draft_in_an_empty_conversation(demo_channel, olga, settings):
    settings.UNDO_SECONDS = 10
    message = start.write_first(
        demo_channel.pk, to="anna", subject="а", text="Готов", by=olga, client_key="k"
    )
    draft = drafts.from_cancelled(message.pk, by=olga)
    assert draft.text == "Готов"
    assert fresh(draft.conversation).message_count == 0


def test_files_of_another_person_cannot_be_sent(write_in, olga, boris):
    conversation = write_in("Где заказ?")
    foreign = files.attach(conversation.pk, "private", "a.txt", b"secret", by=boris)
    with pytest.raises(Invalid):
        reply.reply(conversation.pk, reply.Answer("Едет", attachment_ids=(foreign.pk,)), by=olga)
    assert Attachment.objects.get().message is None


def test_long_chains_of_references_are_cut_in_the_middle(demo_channel, olga):
    chain = [f"{number}@x" for number in range(300)]
    conversation = arrive(demo_channel, mail("anna@mail.test", id="last@x", extra={"references": chain}))
    message = reply.reply(conversation.pk, reply.Answer("Едет"), by=olga)
    assert len(message.references) == outgoing.MAX_REFERENCES
    assert (message.references[0], message.references[-1]) == ("0@x", "last@x")
