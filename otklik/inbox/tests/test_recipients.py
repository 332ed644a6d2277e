"""To whom does a letter go?"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from otklik.channels import queries as channels
from otklik.channels import registry
from otklik.channels.mail.engine.parse import parse as parse_mail
from otklik.channels.mail.smtp_build import build
from otklik.channels.models import ChannelAccount, Delivery
from otklik.channels.protocol import Outbound, RawEvent
from otklik.inbox.models import Draft, Participant
from otklik.inbox.services import drafts, recipients, reply
from otklik.inbox.tests.support import arrive, far_end, mail
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Invalid
from otklik.people.models import Customer, Identity

pytestmark = pytest.mark.django_db


def person(address: str, name: str = "") -> dict[str, str]:
    return {"name": name, "address": address}


def letter(**fields: list[Any]) -> dict[str, Any]:
    """What a mail says of its recipients, as the mail adapter hands it over."""
    return {"recipients": {"to": [person("shop@test", "Магазин")], "cc": [], "reply_to": [], **fields}}


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


@pytest.fixture
def crowd(mailbox, demo_channel):
    """Anna wrote to the shop, to a colleague of hers, with a copy to her husband and to our second mailbox."""
    ChannelAccount.objects.create(
        organisation=demo_channel.organisation,
        kind="mail",
        name="Вторая",
        settings={"address": "second@test"},
        created_at=clock.now(),
    )
    said = letter(
        to=[person("shop@test"), person("kate@mail.test", "Катя")],
        cc=[person("Igor@mail.test", "Игорь"), person("second@test")],
    )
    return arrive(
        demo_channel, mail("anna@mail.test", name="Анна", extra=said, to=("kate@mail.test", "igor@mail.test"))
    )


def addresses(found: Any) -> list[str]:
    return [one.address for one in found]


def propose(conversation: Any) -> recipients.Proposal:
    return recipients.propose(conversation, channels.facts(conversation.account_id))


def answer(conversation: Any, by: Any, **more: Any) -> Any:
    message = reply.reply(conversation.pk, reply.Answer("Едет", **more), by=by)
    outbox.drain()
    return message


def test_by_default_only_who_wrote_gets_the_answer(crowd, mailbox, olga):
    message = answer(crowd, olga)
    assert message.recipients == {"to": ["anna@mail.test"], "cc": []}
    assert (mailbox.got[0].to, mailbox.got[0].also_to, mailbox.got[0].cc) == ("anna@mail.test", (), ())


def test_reply_to_comes_before_from_with_all_its_addresses(mailbox, demo_channel, olga):
    said = letter(reply_to=["desk@firm.test", "boss@firm.test"])
    conversation = arrive(demo_channel, mail("noreply@firm.test", extra=said))
    answer(conversation, olga)
    assert (mailbox.got[0].to, mailbox.got[0].also_to) == ("desk@firm.test", ("boss@firm.test",))


def test_everybody_else_is_proposed_without_ourselves_and_without_who_wrote(crowd):
    found = propose(crowd)
    assert [(one.address, one.name) for one in found.to] == [("anna@mail.test", "Анна")]
    assert addresses(found.everybody) == ["kate@mail.test", "igor@mail.test"]
    assert not found.hidden


def test_a_hidden_copy_to_us_is_not_given_away_by_answering_all(mailbox, demo_channel):
    said = letter(to=[person("rival@mail.test")], cc=[person("kate@mail.test")])
    found = propose(arrive(demo_channel, mail("anna@mail.test", extra=said)))
    assert found.hidden and found.everybody == ()


def test_a_bcc_header_is_never_kept():
    raw = b"From: a@x.test\r\nTo: shop@test\r\nBcc: secret@x.test\r\nSubject: s\r\nMessage-ID: <1@x>\r\n\r\nHi\r\n"
    adapter = registry.adapter("mail")
    inbound = adapter.parse({"address": "shop@test"}, RawEvent("k", raw, "message/rfc822"))[0]
    assert "secret@x.test" not in repr((inbound.participants, inbound.extra, inbound.text, inbound.quoted))
    assert "secret@x.test" not in parse_mail(raw).participants


def test_several_addressees_and_copies_leave_once_each(crowd, mailbox, olga):
    message = answer(
        crowd,
        olga,
        to=("anna@mail.test", "kate@mail.test", "ANNA@mail.test"),
        cc=("igor@mail.test", "kate@mail.test", "igor@mail.test"),
    )
    assert message.recipients == {"to": ["anna@mail.test", "kate@mail.test"], "cc": ["igor@mail.test"]}
    assert (mailbox.got[0].also_to, mailbox.got[0].cc) == (("kate@mail.test",), ("igor@mail.test",))


def test_a_real_letter_names_all_of_them_and_no_more():
    outbound = Outbound("k@x", "a@x.test", "Текст", also_to=("b@x.test",), cc=("c@x.test",))
    raw = build(outbound, "shop@test.ru", "", "k@x", clock.now())
    told = parse_mail(raw)
    assert [one.address for one in told.to] == ["a@x.test", "b@x.test"]
    assert [one.address for one in told.cc] == ["c@x.test"]


@pytest.mark.parametrize("wrong", ["igor", "igor@", "a b@mail.test", "igor(x)@mail.test", "igor@mail"])
@pytest.mark.parametrize("field", ["to", "cc"])
def test_what_is_no_address_is_named(crowd, olga, field, wrong):
    with pytest.raises(Invalid) as refusal:
        answer(crowd, olga, **{field: (wrong,)})
    assert refusal.value.data["field"] == field and wrong in refusal.value.sentence
    assert not Delivery.objects.exists()


def test_a_crowd_is_refused_with_its_limit(crowd, olga):
    with pytest.raises(Invalid) as refusal:
        answer(crowd, olga, cc=tuple(f"a{number}@mail.test" for number in range(51)))
    assert "50" in refusal.value.sentence


def test_who_asked_not_to_be_written_to_is_not_drawn_into_anothers_talk(crowd, olga):
    stopped = Customer.objects.create(
        organisation=olga.organisation,
        name="Пётр Тихий",
        do_not_contact=True,
        do_not_contact_reason="просил",
        first_seen_at=clock.now(),
        created_at=clock.now(),
    )
    Identity.objects.create(
        organisation=olga.organisation,
        customer=stopped,
        kind="mail",
        external_id="petr@mail.test",
        created_at=clock.now(),
    )
    with pytest.raises(recipients.DoNotContact) as refusal:
        answer(crowd, olga, cc=("Petr@mail.test",))
    assert "Пётр Тихий" in refusal.value.sentence


def test_who_gets_a_copy_takes_part_from_then_on_and_not_after_undo(crowd, olga, settings):
    settings.UNDO_SECONDS = 10
    message = reply.reply(crowd.pk, reply.Answer("Едет", cc=("vera@mail.test",)), by=olga)
    assert Participant.objects.filter(conversation=crowd, address="vera@mail.test").exists()
    draft = drafts.from_cancelled(message.pk, by=olga)
    assert draft.recipients["cc"] == ["vera@mail.test"]
    assert not Participant.objects.filter(conversation=crowd, address="vera@mail.test").exists()


# screen


@pytest.fixture
def screen(client, olga):
    client.force_login(olga)
    return client


def send(screen: Any, conversation: Any, **values: str) -> Any:
    fields = {"mode": "private", "text": "Едет", "client_key": "k", **values}
    return screen.post(
        reverse("inbox-send", args=[conversation.pk]), fields, headers={"accept": "application/json"}
    )


def test_the_composer_shows_who_gets_it_and_offers_everybody(crowd, screen):
    page = screen.get(f"/inbox/{crowd.pk}/").content.decode()
    shown = page.split('data-field="to"', 1)[1].split('data-field="cc"', 1)
    assert shown[0].count("data-address=") == 1 and 'data-address="anna@mail.test"' in shown[0]
    assert "data-address=" not in shown[1].split("<template", 1)[0]
    assert "data-reply-all" in shown[1]


def test_addresses_are_taken_as_people_paste_them(crowd, screen, mailbox):
    sent = send(
        screen, crowd, to="Анна <anna@mail.test>; kate@mail.test", cc="igor@mail.test\n", addressed="1"
    )
    assert sent.status_code == 200
    outbox.drain()
    assert (mailbox.got[0].to, mailbox.got[0].also_to, mailbox.got[0].cc) == (
        "anna@mail.test",
        ("kate@mail.test",),
        ("igor@mail.test",),
    )


def test_a_letter_to_nobody_is_refused(crowd, screen):
    refused = send(screen, crowd, to="", cc="", addressed="1")
    assert refused.status_code == 422
    assert not Delivery.objects.exists()


def test_a_draft_keeps_its_addresses(crowd, screen):
    screen.post(
        reverse("inbox-draft", args=[crowd.pk]),
        {"mode": "private", "text": "Едет", "to": "kate@mail.test", "cc": "vera@mail.test"},
    )
    assert Draft.objects.get().recipients == {"to": ["kate@mail.test"], "cc": ["vera@mail.test"]}
    page = screen.get(f"/inbox/{crowd.pk}/").content.decode()
    rows = page.split('data-field="to"', 1)[1].split("<template", 1)[0]
    assert 'data-address="kate@mail.test"' in rows and 'data-address="vera@mail.test"' in rows
    assert 'data-address="anna@mail.test"' not in rows


def test_the_thread_says_who_got_it(crowd, screen, olga):
    answer(crowd, olga, to=("anna@mail.test", "kate@mail.test"), cc=("igor@mail.test",))
    page = screen.get(f"/inbox/{crowd.pk}/").content.decode()
    assert "anna@mail.test, kate@mail.test" in page
    assert "Игорь, second@test" in page  # the copies of the letter that came in, by name
