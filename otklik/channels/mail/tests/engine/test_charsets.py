"""Letters come out right whatever the label says."""

from __future__ import annotations

import base64

import pytest

from otklik.channels.mail.engine import parse
from otklik.channels.mail.engine.charset import codec_name, decode
from otklik.channels.mail.tests.engine.builders import codes, mail, multipart, part, read, word

TEXT = "Добрый день! Где мой заказ №5? Деньги списали, а чек не пришёл."


@pytest.mark.parametrize("real", ["cp1251", "koi8-r", "cp866", "utf-8"])
@pytest.mark.parametrize(
    "label", ["", "utf-8", "us-ascii", "iso-8859-1", "x-unknown", "windows-1251", "koi8-r"]
)
def test_russian_is_read_under_any_label(real: str, label: str) -> None:
    text = TEXT.replace("№", "N")
    assert decode(text.encode(real), label).text == text


@pytest.mark.parametrize(
    "text", ["Спасибо", "спасибо", "СПАСИБО", "Да", "нет", "Добрый день", "Жду", "Где заказ?"]
)
@pytest.mark.parametrize("real", ["cp1251", "koi8-r"])
def test_a_short_text_is_enough(text: str, real: str) -> None:
    if (text, real) == ("Жду", "koi8-r"):
        text = "Жду ответа"
    assert decode(text.encode(real)).text == text


@pytest.mark.parametrize(
    "label", ["cp-1251", "windows1251", "CP1251", "win-1251", '"windows-1251"', "x-cp1251"]
)
def test_spellings_of_one_charset_are_one(label: str) -> None:
    assert codec_name(label) == "cp1251"


@pytest.mark.parametrize(
    "label", ["rot13", "base64", "idna", "unicode_escape", "zip", "x-unknown", "\x00", "я" * 500]
)
def test_names_that_are_no_charset_are_refused(label: str) -> None:
    assert codec_name(label) is None


def test_german_stays_german() -> None:
    assert decode("Grüße für Sie".encode("latin-1"), "utf-8").text == "Grüße für Sie"


def test_a_wrong_label_is_reported() -> None:
    parsed = read(TEXT.encode("cp1251"), charset="koi8-r")
    assert parsed.text == TEXT
    assert codes(parsed) == ["charset_wrong"]


def test_an_unknown_label_is_reported() -> None:
    assert codes(read(TEXT.encode("cp1251"), Content_Type="text/plain; charset=x-unknown")) == [
        "charset_unknown"
    ]


def test_two_charsets_in_one_text_are_both_read() -> None:
    body = "Здравствуйте, это я\r\n".encode() + "Подпись добавил сервер\r\n".encode("cp1251")
    assert read(body).text == "Здравствуйте, это я\nПодпись добавил сервер"


def test_two_parts_may_have_two_charsets() -> None:
    raw = multipart(
        part("Первая часть".encode("koi8-r"), "text/plain; charset=koi8-r"),
        part("Вторая часть".encode("cp1251"), "text/plain; charset=windows-1251"),
    )
    assert parse(raw).text == "Первая часть\n\nВторая часть"


def test_damaged_utf8_keeps_its_readable_letters() -> None:
    parsed = read("Добрый день, жду ответа".encode()[:-1])
    assert parsed.text.startswith("Добрый день, жду ответ")
    assert "charset_damaged" in codes(parsed)


@pytest.mark.parametrize("charset", ["utf-8", "cp1251", "koi8-r"])
def test_a_raw_8bit_subject_is_read(charset: str) -> None:
    assert parse(mail(Subject="Заказ не пришёл".encode(charset))).subject == "Заказ не пришёл"


def test_a_letter_broken_between_encoded_words_is_whole() -> None:
    data = "Заказ".encode()
    first, second = base64.b64encode(data[:3]).decode(), base64.b64encode(data[3:]).decode()
    assert read(Subject=f"=?utf-8?B?{first}?=\r\n =?UTF-8?B?{second}?=").subject == "Заказ"


def test_words_of_two_charsets_and_plain_text_mix() -> None:
    subject = f"Re: {word('Заказ', 'koi8-r')} {word(' №5')} ok"
    assert read(Subject=subject).subject == "Re: Заказ №5 ok"


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("=?windows-1251?Q?=C7=E0=EA=E0=E7_5?=", "Заказ 5"),
        ("=?utf-8?Q?Заказ_5?=", "Заказ 5"),
        ("=?utf-8?B?0JfQsNC60LDQtw", "Заказ"),
        ("=?utf-8?B?0JfQsNC60LDQtw?=", "Заказ"),
        ("=?x-unknown?B?x+Dq4Oc=?=", "Заказ"),
        ("=?utf-8*ru?B?0JfQsNC60LDQtw==?=", "Заказ"),
        ("=??B?0JfQsNC60LDQtw==?=", "Заказ"),
        ("2 + 2 =? 4", "2 + 2 =? 4"),
    ],
)
def test_encoded_words_are_read_tolerantly(subject: str, wanted: str) -> None:
    found = read(Subject=subject).subject
    assert found == wanted
