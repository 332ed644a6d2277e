"""Mails that broke the reader once: rough headers, line ends, encodings and reports from the wild."""

from __future__ import annotations

import hashlib
import time

import pytest

from otklik.channels.mail.engine import Address, parse
from otklik.channels.mail.tests.engine.builders import b64, codes, joined, mail, multipart, part, read, word

RUSSIAN = "Здравствуйте! Заказ 4512 приехал разбитым, прошу вернуть деньги за чайник."
OTHER = "Курьер опоздал на три часа и нагрубил, когда привезут чайник и почему мне не отвечают?"


@pytest.mark.parametrize(
    "head",
    [
        b"From : i@x.ru\r\nSubject: s",
        b" From: i@x.ru\r\nSubject: s",
        b"From: i@x.ru\r\n \r\nSubject: s",
        "Тема: чайник\r\nFrom: i@x.ru\r\nSubject: s".encode(),
        b"From i@x.ru Thu Oct 29 14:11:00 2026\r\nFrom: i@x.ru\r\nSubject: s",
        b"From: i@x.ru\r\n" + b"".join(b"X-%d: v\r\n" % n for n in range(9000)) + b"Subject: s",
        b"X-Big: " + b"x" * 700_000 + b"\r\nFrom: i@x.ru\r\nSubject: s",
    ],
    ids=["blank before colon", "first indented", "blank fold", "foreign field", "mbox", "many", "huge"],
)
def test_rough_headers_still_name_sender_and_subject(head: bytes) -> None:
    parsed = parse(head + b"\r\n\r\nhi\r\n")
    assert (parsed.sender, parsed.subject, parsed.text) == (Address("", "i@x.ru"), "s", "hi")


def test_a_text_that_begins_like_a_field_is_no_header() -> None:
    assert "Тема: чайник" in parse("Тема: чайник\r\nГде он?".encode()).text


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ('"i p"@x.ru', "", '"i p"@x.ru'),
        ('Иван <"i p"@X.ru>', "Иван", '"i p"@x.ru'),
        ("i @ x.ru", "", "i@x.ru"),
        ("<@relay.ru:i@x.ru>", "", "i@x.ru"),
        ("ООО Ромашка, отдел <i@x.ru>", "ООО Ромашка, отдел", "i@x.ru"),
    ],
)
def test_rough_addresses_are_whole(value: str, name: str, address: str) -> None:
    assert read(From=value).sender == Address(name, address)


def test_a_wrong_address_is_told_in_its_own_letters() -> None:
    parsed = read(To="Иван Петров")
    assert [p.message() for p in parsed.problems] == ["Адрес написан с ошибкой: Иван Петров."]


def test_everyone_of_a_long_list_is_named() -> None:
    wanted = [f"u{n}@x.ru" for n in range(3000)]
    assert [person.address for person in read(Cc=", ".join(wanted)).cc] == wanted


def test_an_encoded_message_id_is_decoded() -> None:
    parsed = read(Message_ID=word("<a@x>"), In_Reply_To=word("<b@x>"), References=word("<c@x>"))
    assert (parsed.message_id, parsed.in_reply_to, parsed.references) == ("a@x", "b@x", ("c@x",))


def test_a_lost_semicolon_does_not_hide_the_text() -> None:
    assert read(RUSSIAN, Content_Type="text/plain charset=utf-8").text == RUSSIAN


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_an_attached_file_keeps_every_byte(end: str) -> None:
    data = b"%PDF-1.4\r\n\r\r\n\n\r\x00" + bytes(range(256)) + b"\r"
    sheet = "товар;цена\r\nчайник;990\r\n".encode()
    raw = mail("", Content_Type='multipart/mixed; boundary="=_b1"').replace(b"\r\n", end.encode())
    raw += joined(
        (
            part(data, "application/pdf; name=a.pdf", "Content-Transfer-Encoding: binary"),
            part(sheet, "text/csv; name=a.csv", "Content-Disposition: attachment"),
        ),
        "=_b1",
    )
    assert [(f.size, f.sha256) for f in parse(raw).attachments] == [
        (len(item), hashlib.sha256(item).hexdigest()) for item in (data, sheet)
    ]


def test_a_soft_break_with_blanks_behind_it_is_a_soft_break() -> None:
    assert read("Где за=  \r\nказ?", Content_Transfer_Encoding="quoted-printable").text == "Где заказ?"


def test_the_footer_of_a_list_below_base64_stays_readable() -> None:
    footer = "-- \r\nСписок рассылки http://list.ru"
    text = f"{b64(RUSSIAN.encode())}\r\n\r\n{footer}"
    parsed = read(text, Content_Transfer_Encoding="base64")
    assert (parsed.text, "http://list.ru" in parsed.quoted) == (RUSSIAN, True)


def test_fifty_levels_are_read_to_the_bottom() -> None:
    inner = part(RUSSIAN)
    for level in range(50):
        kind = f'multipart/mixed; boundary="=_n{level}"'
        inner = part(joined((inner,), f"=_n{level}"), kind)
    assert multipart(inner) and parse(multipart(inner)).text == RUSSIAN


@pytest.mark.parametrize("label", ["", "; charset=koi8-r", "; charset=windows-1251"])
def test_lines_in_two_single_byte_charsets_are_both_read(label: str) -> None:
    body = RUSSIAN.encode("koi8-r") + b"\r\n" + OTHER.encode("cp1251")
    parsed = read(body, Content_Type=f"text/plain{label}")
    assert parsed.text == f"{RUSSIAN}\n{OTHER}"
    assert "charset_damaged" in codes(parsed)


def test_utf7_is_read_when_it_is_named() -> None:
    assert read("Где заказ?".encode("utf-7"), Content_Type="text/plain; charset=utf-7").text == "Где заказ?"


@pytest.mark.parametrize(
    ("status", "last", "kind"),
    [
        ("Reporting-MTA: dns; x", "Message-ID: <ours@shop.ru>\r\n", "message/global-headers"),
        ("X-Original-Message-ID: <ours@shop.ru>", "X: y\r\n", "text/plain"),
    ],
    ids=["international headers", "Gmail"],
)
def test_reports_name_the_mail_that_failed(status: str, last: str, kind: str) -> None:
    report = f"{status}\r\n\r\nFinal-Recipient: rfc822; gone@x.ru\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    parsed = parse(
        multipart(
            part("Не доставлено"), part(report, "message/delivery-status"), part(last, kind),
            Content_Type='multipart/report; report-type=delivery-status; boundary="=_b1"',
        )
    )  # fmt: skip
    assert (parsed.auto, parsed.bounce_of) == ("bounce", "ours@shop.ru")


@pytest.mark.parametrize("unit", ["Ив", "Ив,(  ", "a", "\t", " ", "a@", "<", '"', "(", "=?utf-8?Q?", ","])
def test_a_header_full_of_anything_is_read_in_a_moment(unit: str) -> None:
    head = "".join(
        f"{name}: {unit * (60_000 // len(unit))}\r\n" for name in ("From", "To", "Subject", "References")
    )
    started = time.process_time()
    parse(f"{head}\r\nТело".encode())
    assert time.process_time() - started < 5  # quadratic patterns took minutes


def test_an_unknown_name_is_null_in_the_record() -> None:
    record = read(From="i@x.ru", To="Иван Петров").as_dict()
    assert record["from"] == {"name": None, "address": "i@x.ru"}
    assert record["to"] == [{"name": "Иван Петров", "address": None}]
