"""Whatever the bytes: an answer, in time, that JSON and databases accept. `_parse` has no safety net."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otklik.channels.mail.engine.charset import decode
from otklik.channels.mail.engine.dates import parse_date
from otklik.channels.mail.engine.headers import decode_words, message_ids, parameters
from otklik.channels.mail.engine.htmltext import html_to_text
from otklik.channels.mail.engine.parse import _parse, raw_key
from otklik.channels.mail.engine.reply import cut, split
from otklik.channels.mail.engine.tnef import read_tnef
from otklik.channels.mail.tests.engine.builders import b64, mail, multipart, nested, part, tnef, word

quick = settings(
    max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

SEEDS = (
    mail("Где заказ?\r\n\r\nС уважением,\r\nИван", Subject=word("Заказ", "koi8-r"), References="<a@x> <b@x>"),
    multipart(
        nested(
            "alternative",
            "b2",
            part("Текст"),
            part("<p>Текст<img src=http://e/x>", "text/html; charset=utf-8"),
        ),
        part(b64(tnef("счёт.pdf", b"%PDF-1.4")), "application/ms-tnef", "Content-Transfer-Encoding: base64"),
        part(mail("внутри"), "message/rfc822"),
        part("begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n", "text/plain; format=flowed; delsp=yes"),
        part("Action: failed\r\nStatus: 5.1.1\r\n", "message/delivery-status"),
        part("x", "application/pdf; name*0*=utf-8''%D1; name*1*=%87.pdf", "Content-Disposition: inline"),
    ),
)
fragments = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\x00", b"--=_b1", b"--=_b1--", b"=?utf-8?B?", b"?=",
    b"Content-Type: multipart/mixed",
     b'; boundary="=_b1"', b"charset=", b"x-unknown", b"utf-16", b"\xff\xfe", b"\xed\xa0\x80", b"<", b">",
     b'"', b"(",
     b"base64", b"quoted-printable", b"\xef\xbb\xbf", b"begin 644 x", b"From ", b": ", b" ", b"\x1b$B",
     b"+AGE-"]
)  # fmt: skip


def check(raw: bytes) -> None:
    parsed = _parse(raw)
    for lang in ("ru", "en"):
        json.dumps(parsed.as_dict(lang), ensure_ascii=False).encode("utf-8")
    assert "\r" not in parsed.text + parsed.quoted
    assert all(item.filename and item.size == len(item.content) for item in parsed.attachments)
    assert raw_key(raw)


@quick
@given(st.binary(max_size=400))
def test_random_bytes_are_read(raw: bytes) -> None:
    check(raw)


@quick
@given(st.lists(st.one_of(fragments, st.binary(max_size=12)), max_size=60))
def test_random_pieces_of_mail_are_read(pieces: list[bytes]) -> None:
    check(b"".join(pieces))


@quick
@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), fragments), max_size=8)
)
def test_mutated_mails_are_read(seed: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    for where, length, piece in changes:
        place = int(where * len(seed))
        seed = seed[:place] + piece + seed[place + length :]
    check(seed)


@quick
@given(st.sampled_from(SEEDS), st.floats(0, 1))
def test_truncated_mails_are_read(seed: bytes, where: float) -> None:
    check(seed[: int(where * len(seed))])


@quick
@given(
    st.binary(max_size=200),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["utf-7", "utf-16", "hz", "big5"])),
)
def test_any_bytes_decode_under_any_label(data: bytes, label: str | None) -> None:
    assert isinstance(decode(data, label).text, str)


@quick
@given(st.binary(max_size=200))
def test_small_readers_accept_any_bytes(data: bytes) -> None:
    assert isinstance(decode_words(data)[0], str)
    assert isinstance(message_ids(data), list)
    assert isinstance(parameters(data)[0], str)
    assert read_tnef(b"\x78\x9f\x3e\x22\x01\x00" + data) is not None


@quick
@given(st.text(max_size=80))
def test_any_text_is_a_date_or_a_problem(text: str) -> None:
    date, trouble = parse_date(text)
    assert date or trouble


@quick
@given(st.lists(st.sampled_from(["<p>", "</p>", "<div style=x>", "<blockquote>", "</blockquote>", "<td>", "<a href=http://x>",
                                 "</a>", "<li>", "<ol>", "</ol>", "<pre>", "</pre>", "<br>", "текст", "\n",
                                 "&nbsp;", "<",
                                 "<!--", "<hr>", "<img alt=x>", "\x00"]), max_size=40))  # fmt: skip
def test_any_html_is_text(pieces: list[str]) -> None:
    assert isinstance(html_to_text("".join(pieces)), str)


LINES = st.sampled_from(
    ["", " ", "Спасибо!", "> цитата", ">> ещё", "--", "-- ", "—", "___", "С уважением,", "Иван Петров",
    "тел. +7 495 123-45-67",
     '29.10.2026, 14:11, "Магазин" <help@shop.ru>:', "Магазин пишет:", "От: Иван <i@x.ru>",
     "Отправлено: вчера", "Кому: a@x.ru",
     "Тема: Заказ", "-----Исходное сообщение-----", "Отправлено с iPhone", "```", "P.S. Жду", "- пункт",
     "ИИ> текст", "x" * 3000,
     "On Tue, 1 Mar 2026 at 10:00, X <x@x.ru>", "wrote:", "&gt; q", "\u2028", "слово\x0bслово"]
)  # fmt: skip


@settings(quick, max_examples=400)
@given(st.one_of(st.lists(LINES, max_size=25).map("\n".join), st.text(max_size=200)))
def test_every_line_stands_in_exactly_one_part(text: str) -> None:
    parts = split(text)
    wanted = sorted(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    found = sorted(
        line for item in (parts.reply, parts.quoted, parts.signature) if item for line in item.split("\n")
    )
    assert found == wanted or (not text.strip() and found in ([], wanted))
    new, rest = cut(text)
    assert (new + rest).strip() or not text.strip()


@settings(quick, max_examples=200)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_lines_of_the_reply_keep_their_order(lines: list[str]) -> None:
    reply = split("\n".join(lines)).reply.split("\n")
    place = 0
    for line in reply:
        if line in lines[place:]:
            place = lines.index(line, place) + 1
        else:
            assert line == ""


@pytest.mark.parametrize(
    "raw",
    [
        mail("\n".join(["On Mon, Oct 2, 2026 a wrote"] * 20_000)),
        mail("\n".join(["От: a@b.ru"] * 20_000)),
        mail("\n".join(["С уважением, Иван"] * 15_000)),
        mail("\n\n".join(["--"] * 10_000)),
        mail("> " * 50_000 + "\n" + "\n".join(">" * (n % 50) + " x" for n in range(20_000))),
        mail("слово " * 200_000),
        mail("begin 644 x\n" * 20_000),
        mail("x", From="(" * 60_000 + "a@x.ru"),
        mail("x", To='"' * 60_000 + "a@x.ru"),
        mail("x", Subject="=?a?B?" * 10_000),
        mail("x", Content_Type="text/plain" + "; a=b" * 12_000),
        mail("--b\n" * 100_000, Content_Type="multipart/mixed; boundary=b"),
        mail("<script>" * 50_000, Content_Type="text/html"),
        mail("<blockquote>" * 390 + "x" + "<p>y" * 20_000, Content_Type="text/html"),
        mail(bytes(range(128, 256)) * 8000),
    ],
    ids=range(15),
)
def test_mails_built_to_be_slow_are_read_in_time(raw: bytes) -> None:
    started = time.monotonic()
    check(raw)
    assert time.monotonic() - started < 5
