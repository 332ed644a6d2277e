"""The mail we write can be read by everyone else's parser, and no header can be smuggled in."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.channels.mail import smtp
from otklik.channels.mail.sasl import MailIOError
from otklik.channels.mail.tests.io.conftest import NOW, Box
from otklik.channels.protocol import Outbound, OutboundFile, SendState

LONG_ID = "<" + "A" * 90 + "@eurprd02.prod.outlook.com>"
ANSWER = Outbound(
    idempotency_key="k1",
    to="anna@mail.test",
    text="Здравствуйте!\nЗаказ уже едет.",
    html="<p>Здравствуйте!</p>",
    subject="Re: Где мой заказ № 1245 и почему его так долго нет в пункте выдачи на Ленина?",
    in_reply_to="<c@x>",
    references=("<a@x>", LONG_ID, "<c@x>"),
    cc=("boris@почта.рф",),
    files=(OutboundFile("Чек об оплате № 5.pdf", "application/pdf", b"%PDF-1.4"),),
)


def built(outbound: Outbound = ANSWER, **changes: str) -> tuple[bytes, EmailMessage]:
    raw = smtp.build(outbound, "care@shop.test", "Забота «Север-Техника»", "<m1@shop.test>", NOW, **changes)  # type: ignore[arg-type]
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return raw, message


def test_every_part_is_read_back_as_it_was_written() -> None:
    _, mail = built(reply_to="care+1245@shop.test")
    assert mail["Subject"] == ANSWER.subject
    assert mail["From"].addresses[0].display_name == "Забота «Север-Техника»"
    assert mail["From"].addresses[0].addr_spec == "care@shop.test"
    assert (mail["To"], mail["Cc"]) == ("anna@mail.test", "boris@xn--80a1acny.xn--p1ai")
    assert mail["Reply-To"] == "care+1245@shop.test"
    assert mail["Date"].datetime == NOW.replace(microsecond=0)
    assert mail["Thread-Topic"] == ANSWER.subject.removeprefix("Re: ")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and text.get_content().splitlines() == ANSWER.text.splitlines()
    assert html is not None and html.get_content().strip() == ANSWER.html
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Чек об оплате № 5.pdf", b"%PDF-1.4")


def test_the_whole_chain_is_kept_unbroken_even_with_ids_longer_than_a_line() -> None:
    raw, _ = built()
    head = raw.split(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    assert f"References: <a@x> {LONG_ID} <c@x>".encode() in head
    assert b"\r\nIn-Reply-To: <c@x>" in head
    assert b"\r\nMessage-ID: <m1@shop.test>" in head


def test_a_message_id_longer_than_a_line_stays_on_the_line_of_its_name() -> None:
    long = f"<otk.{'d' * 64}.{'a' * 32}@support.north-technics.example>"
    raw = smtp.build(ANSWER, "care@shop.test", "", long, NOW)
    assert f"\r\nMessage-ID: {long}\r\n".encode() in raw


def test_a_file_name_is_written_for_new_and_for_old_clients() -> None:
    raw, _ = built()
    assert b"filename*=utf-8''%D0%A7%D0%B5%D0%BA" in raw
    assert b'name="=?utf-8?b?' in raw


def test_the_mail_is_seven_bit_with_crlf_and_lines_everyone_accepts() -> None:
    many = replace(ANSWER, files=(OutboundFile("щ" * 300 + ".pdf", "application/pdf", b"\x00\xff" * 5000),))
    for outbound in (ANSWER, many, replace(ANSWER, html="", files=(), text="x" * 5000)):
        raw, _ = built(outbound)
        assert raw.isascii()
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_an_automatic_mail_says_so() -> None:
    _, mail = built(auto_submitted="auto-replied")
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert built()[1]["Auto-Submitted"] is None


@pytest.mark.parametrize(
    "bad",
    [
        {"subject": "Re: x\r\nBcc: all@shop.test"},
        {"subject": "x\x00"},
        {"to": "anna@mail.test\nBcc: b@shop.test"},
        {"to": "anna@mail.test, b@shop.test"},
        {"to": "anna"},
        {"cc": ("a@b.test\r\n",)},
        {"in_reply_to": "<a@b>\r\nX: y"},
        {"references": ("<a@b>", "<c@d>\nX: y")},
        {"files": (OutboundFile("a\r\nX: y.pdf", "application/pdf", b""),)},
    ],
)
def test_a_header_cannot_be_smuggled_in(bad: dict[str, object]) -> None:
    with pytest.raises(MailIOError) as caught:
        built(replace(ANSWER, **bad))  # type: ignore[arg-type]
    assert caught.value.code in ("bad_header", "bad_address")
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("message_id", ["", "two words", "<a@b> <c@d>", "ы@shop.test"])
def test_a_mail_cannot_leave_without_one_usable_message_id(message_id: str) -> None:
    with pytest.raises(MailIOError, match="Message-ID"):
        smtp.build(ANSWER, "care@shop.test", "", message_id, NOW)
    assert b"\r\nMessage-ID: <k1@shop.test>\r\n" in smtp.build(
        ANSWER, "care@shop.test", "", "k1@shop.test", NOW
    )


def test_a_strange_content_type_becomes_a_plain_file() -> None:
    _, mail = built(replace(ANSWER, files=(OutboundFile("a.eml", 'text/x"; evil=\r\nX: y', b"1"),)))
    (file,) = mail.iter_attachments()
    assert file.get_content_type() == "application/octet-stream"
    assert mail["X"] is None


printable = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=120)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(printable, printable)
def test_any_subject_and_file_name_survive_the_journey(subject: str, filename: str) -> None:
    outbound = replace(ANSWER, subject=subject, files=(OutboundFile(filename, "application/pdf", b"1"),))
    raw, mail = built(outbound)
    squeezed = " ".join(subject.split())
    assert " ".join(str(mail["Subject"] or "").split()) == squeezed
    assert raw.isascii()
    (file,) = mail.iter_attachments()
    assert file.get_content() == b"1"
    assert file.get_filename()


def test_our_mail_arrives_with_its_id_and_its_file(box: Box) -> None:
    message_id = "<otk.d-1@shop.test>"
    raw = smtp.build(replace(ANSWER, to=box.user), box.user, "Забота", message_id, NOW)
    assert smtp.send(box.smtp(), raw, box.user, [box.user]).state is SendState.SENT
    box.server.wait_for(box.user, 1)
    (held,) = box.server.mailbox(box.user)
    assert held.split(b"\r\n\r\n", 1)[1] == raw.split(b"\r\n\r\n", 1)[1]
    mail = message_from_bytes(held, policy=policy.default)
    assert mail["Message-ID"] == message_id
    assert [part.get_filename() for part in mail.iter_attachments()] == ["Чек об оплате № 5.pdf"]
