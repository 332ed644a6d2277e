"""Parts, transfer encodings, files, limits."""

from __future__ import annotations

import binascii
import zipfile
from io import BytesIO

import pytest

from otklik.channels.mail.engine import parse, raw_key
from otklik.channels.mail.engine.mime import MAX_PARTS
from otklik.channels.mail.tests.engine.builders import (
    b64,
    codes,
    mail,
    multipart,
    nested,
    part,
    read,
    tnef,
    word,
)

PDF = b"%PDF-1.4\n" + b"x" * 100
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 30


def attached(data: bytes, kind: str, *headers: str) -> bytes:
    return part(b64(data), kind, "Content-Transfer-Encoding: base64", *headers)


def test_plain_text_wins_over_html_when_it_has_substance() -> None:
    raw = multipart(
        part("Где заказ?"), part("<p>Где <b>заказ</b>?</p>", "text/html; charset=utf-8"), kind="alternative"
    )
    parsed = parse(raw)
    assert parsed.text == "Где заказ?"
    assert parsed.html == "<p>Где <b>заказ</b>?</p>"


@pytest.mark.parametrize("plain", ["", "  \r\n", "Ваш почтовый клиент не поддерживает HTML"])
def test_html_gives_the_text_when_plain_has_none(plain: str) -> None:
    page = "<p>Верните, пожалуйста, деньги за заказ номер пять</p>"
    parsed = parse(multipart(part(plain), part(page, "text/html; charset=utf-8"), kind="alternative"))
    assert parsed.text == "Верните, пожалуйста, деньги за заказ номер пять"


def test_several_text_parts_are_one_text() -> None:
    raw = multipart(part("Первое"), attached(PDF, "application/pdf; name=a.pdf"), part("Второе"))
    parsed = parse(raw)
    assert parsed.text == "Первое\n\nВторое"
    assert [item.filename for item in parsed.attachments] == ["a.pdf"]


def test_an_inline_image_keeps_its_content_id() -> None:
    page = part('<p>Фото:</p><img src="cid:foto@1">', "text/html; charset=utf-8")
    image = attached(PNG, "image/png; name=foto.png", "Content-ID: <foto@1>", "Content-Disposition: inline")
    parsed = parse(multipart(page, image, kind="related"))
    assert parsed.attachments[0].inline
    assert parsed.attachments[0].content_id == "foto@1"
    assert 'src="cid:foto@1"' in (parsed.html or "")


def test_a_forwarded_mail_is_one_eml_file() -> None:
    inner = mail("Внутри", Subject=word("Старое письмо"))
    parsed = parse(multipart(part("См. вложение"), part(inner, "message/rfc822")))
    assert parsed.text == "См. вложение"
    assert parsed.attachments[0].filename == "Старое письмо.eml"
    assert parsed.attachments[0].content_type == "message/rfc822"


def test_a_mail_without_closing_boundary_is_read_to_its_end() -> None:
    parsed = parse(multipart(part("Начало"), part("Оборвано"), close=False))
    assert parsed.text == "Начало\n\nОборвано"
    assert codes(parsed) == ["missing_closing_boundary"]


def test_a_missing_boundary_parameter_is_guessed() -> None:
    parsed = parse(multipart(part("Текст"), attached(PDF, "application/pdf"), Content_Type="multipart/mixed"))
    assert parsed.text == "Текст"
    assert parsed.attachments[0].content == PDF
    assert "no_boundary" in codes(parsed)


def test_a_multipart_without_any_boundary_is_text() -> None:
    assert read("Просто текст", Content_Type="multipart/mixed; boundary=zzz").text == "Просто текст"


def test_one_boundary_may_begin_like_another() -> None:
    inner = nested("alternative", "b1_2", part("Внутри"), part("<p>Внутри</p>", "text/html"))
    assert parse(multipart(inner, part("Снаружи"), boundary="b1")).text == "Внутри\n\nСнаружи"


@pytest.mark.parametrize("spoil", ["{}", "{}!!!", "  {}\r\n\r\n", "{}===="])
def test_base64_with_junk_is_read(spoil: str) -> None:
    body = spoil.format(b64("Привет, где мой заказ номер пять?".encode()).strip().rstrip("="))
    assert read(body, Content_Transfer_Encoding="base64").text == "Привет, где мой заказ номер пять?"


def test_base64_that_is_not_base64_is_text() -> None:
    parsed = read("Это обычный текст, а не base64", Content_Transfer_Encoding="base64")
    assert parsed.text == "Это обычный текст, а не base64"
    assert codes(parsed) == ["bad_transfer_encoding"]


def test_base64_that_forgot_to_say_so_is_recognised() -> None:
    parsed = read(b64("Здравствуйте! Где мой заказ, уже неделя прошла?".encode()))
    assert parsed.text == "Здравствуйте! Где мой заказ, уже неделя прошла?"


def test_quoted_printable_without_a_label_is_recognised() -> None:
    body = binascii.b2a_qp("Где мой заказ?".encode())
    assert read(body).text == "Где мой заказ?"


def test_broken_quoted_printable_keeps_its_text() -> None:
    assert read("2=2 и =ZZ 100=", Content_Transfer_Encoding="quoted-printable").text.startswith(
        "2=2 и =ZZ 100"
    )


def test_a_uuencoded_file_leaves_the_text() -> None:
    lines = "".join(binascii.b2a_uu(PDF[i : i + 45]).decode() for i in range(0, len(PDF), 45))
    parsed = read(f"Чек во вложении\r\n\r\nbegin 644 chek.pdf\r\n{lines}`\r\nend\r\n\r\nЖду")
    assert parsed.text == "Чек во вложении\n\n\nЖду"
    assert (parsed.attachments[0].filename, parsed.attachments[0].content) == ("chek.pdf", PDF)


def test_begin_in_a_sentence_is_no_uuencode() -> None:
    text = "begin 644 times\nвсё равно текст\nend"
    assert read(text).text == text


def test_winmail_dat_is_unpacked() -> None:
    parsed = parse(
        multipart(part("Текст"), attached(tnef("счёт.pdf", PDF), "application/ms-tnef; name=winmail.dat"))
    )
    assert [(item.filename, item.content) for item in parsed.attachments] == [("счёт.pdf", PDF)]


def test_a_broken_winmail_dat_stays_a_file() -> None:
    broken = tnef("счёт.pdf", PDF)[:60]
    parsed = parse(multipart(part("Текст"), attached(broken, "application/ms-tnef; name=winmail.dat")))
    assert parsed.attachments[-1].filename == "winmail.dat"
    assert "bad_tnef" in codes(parsed)


def test_flowed_text_is_joined() -> None:
    body = "Это длинная \r\nстрока.\r\n> цитата \r\n> дальше\r\n-- \r\nИван"
    parsed = read(body, Content_Type="text/plain; charset=utf-8; format=flowed")
    assert parsed.text == "Это длинная строка."
    assert parsed.quoted == "> цитата дальше\n--\nИван"


def test_flowed_text_with_delsp_loses_the_space() -> None:
    parsed = read("Сло \r\nво", Content_Type="text/plain; charset=utf-8; format=flowed; delsp=yes")
    assert parsed.text == "Слово"


def test_an_invitation_is_a_file_and_a_text() -> None:
    event = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Встреча\r\nLOCATION:Офис\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    parsed = read(event, Content_Type="text/calendar; charset=utf-8; method=REQUEST")
    assert parsed.text == "Встреча\nОфис"
    assert parsed.attachments[0].filename == "invite.ics"


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*0*=utf-8''%D1%87%D0%B5; filename*1*=%D0%BA.pdf",
        "attachment; filename*=windows-1251''%F7%E5%EA.pdf",
        f'attachment; filename="{word("чек.pdf", "koi8-r")}"',
        'attachment; filename="%D1%87%D0%B5%D0%BA.pdf"',
        'attachment; filename="C:\\\\Users\\\\me\\\\чек.pdf"',
        'attachment; filename="../../чек.pdf"',
        "attachment; filename=чек.pdf",
    ],
)
def test_file_names_are_read_however_they_are_written(disposition: str) -> None:
    raw = multipart(
        part("x"), attached(PDF, "application/octet-stream", f"Content-Disposition: {disposition}")
    )
    assert parse(raw).attachments[0].filename == "чек.pdf"


def office(name: str) -> bytes:
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr(name, "x")
    return memory.getvalue()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"0" * 9, "image/jpeg"),
        (b"RIFF0000WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (
            office("word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (office("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("a.txt"), "application/zip"),
        (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
        (b"<html><body>x", "text/html"),
        ("Обычный текст".encode(), "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
    ],
)
def test_the_kind_of_a_file_comes_from_its_bytes(content: bytes, wanted: str) -> None:
    raw = multipart(part("x"), attached(content, "application/octet-stream; name=file"))
    assert parse(raw).attachments[0].content_type == wanted


def test_ten_thousand_parts_stop_at_the_limit() -> None:
    parsed = parse(multipart(*[part(f"Часть {n}") for n in range(10_000)]))
    assert "too_many_parts" in codes(parsed)
    assert parsed.text.startswith("Часть 0")
    assert parsed.text.count("Часть") < MAX_PARTS


def test_a_deep_nest_stops_at_the_limit() -> None:
    raw = b"".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n".encode() for n in range(2000)
    )
    assert "too_deep" in codes(parse(b"From: a@b.ru\r\n" + raw + b"\r\nx"))


def test_huge_headers_are_cut() -> None:
    raw = b"X-Long: " + b"a" * 3_000_000 + b"\r\n" + b"X-Many: 1\r\n" * 50_000 + mail("Тело")
    parsed = parse(raw)
    assert "headers_too_large" in codes(parsed)


def test_lone_cr_line_ends_are_line_ends() -> None:
    parsed = parse(mail("Раз\r\nДва").replace(b"\r\n", b"\r"))
    assert parsed.text == "Раз\nДва"
    assert parsed.sender_key == "ivan@example.ru"


def test_the_same_words_have_the_same_content_hash() -> None:
    first = read("Где заказ?\r\n")
    second = read(b64("Где заказ?".encode()), Content_Transfer_Encoding="base64", Message_ID="<other@x>")
    assert first.content_hash == second.content_hash


def test_a_mail_without_message_id_has_a_key_of_its_bytes() -> None:
    raw = mail("Текст", Message_ID="")
    assert raw_key(raw) == raw_key(raw.replace(b"\r\n", b"\n") + b"\n")
    assert raw_key(raw).startswith("sha256:")
    assert codes(parse(raw)) == ["no_message_id"]


def test_two_mails_under_one_message_id_have_two_keys() -> None:
    assert raw_key(mail("Раз")) != raw_key(mail("Два"))
    assert raw_key(mail("Раз")).startswith("m1@example.ru#")


def test_an_empty_file_is_a_mail_with_a_problem() -> None:
    assert "empty" in codes(parse(b""))
    assert parse(b"").text == ""
