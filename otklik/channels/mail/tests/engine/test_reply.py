"""The visible reply: Russian mail programs first, and nothing of the person's own words lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from otklik.channels.mail.engine.reply import cut, split

SHARED = Path(os.environ.get("OTKLIK_SHARED", "../shared")) / "data/mail-replies/fixtures"
OLD = "Добрый день!\nЗаказ передан в доставку."
MARKED = "> Добрый день!\n> Заказ передан в доставку."
HEADERS = [
    ('29.10.2026, 14:11, "Магазин" <help@shop.ru>:', "Яндекс"),
    ("29.10.2026, 14:11, Магазин (help@shop.ru) пишет:", "Яндекс, старый"),
    ("чт, 29 окт. 2026 г. в 14:11, Магазин «Ромашка» <help@shop.ru>:", "Gmail"),
    ("29 октября 2026 г., 14:11 пользователь Магазин <help@shop.ru> написал:", "Gmail, старый"),
    (
        "29 октября 2026 г., 14:11 пользователь Очень Длинное Название Магазина <\nhelp@shop.ru> написал:",
        "Gmail, перенос",
    ),
    ("2026-10-29 14:11 GMT+03:00 Магазин <help@shop.ru>:", "Gmail, ещё старше"),
    ("Четверг, 29 октября 2026, 14:11 +03:00 от Магазин <help@shop.ru>:", "Mail.ru"),
    ("четверг, 29 октября 2026 г., 14:11 +03:00 от Магазин  help@shop.ru :", "Mail.ru, телефон"),
    ("29 окт. 2026 г., в 14:11, Магазин <help@shop.ru> написал(а):", "Apple"),
    ("29.10.2026 14:11, Иван Петров пишет:", "Thunderbird"),
    ("Вы писали 29 октября 2026 г., 14:11:52:", "The Bat!"),
    (
        "От: Магазин <help@shop.ru>\nОтправлено: 29 октября 2026 г. 14:11\nКому: Иван\nТема: Заказ\n",
        "Outlook",
    ),
    (
        "*От:* Магазин [mailto:help@shop.ru]\n*Отправлено:* 29 октября 2026 г.\n*Кому:* Иван\n*Тема:* "
        "Заказ\n",
        "Outlook",
    ),
    (
        "________________________________\nОт: Магазин <help@shop.ru>\nОтправлено: 29.10.2026 "
        "14:11\nКому: И\n",
        "Outlook.com",
    ),
    ("-----Исходное сообщение-----\nОт: Магазин\n", "Outlook Express"),
    ("-------- Пересылаемое сообщение --------\n", "Яндекс, пересылка"),
    (
        "-------- Перенаправленное сообщение --------\nТема: Заказ\nДата: вчера\nОт: a@b.ru\n",
        "Thunderbird, пересылка",
    ),
    ("Начало переадресованного сообщения:\n", "Apple, пересылка"),
    ("---------- Forwarded message ---------\n", "Gmail, пересылка"),
    ("On Thu, Oct 29, 2026 at 2:11 PM Shop <help@shop.ru> wrote:", "Gmail"),
    ("Am 29.10.2026 um 14:11 schrieb Shop <help@shop.ru>:", "Thunderbird, de"),
]


@pytest.mark.parametrize(("header", "program"), HEADERS)
@pytest.mark.parametrize("old", [OLD, MARKED])
def test_the_quote_of_a_program_is_cut(header: str, program: str, old: str) -> None:
    parts = split(f"Нет, не пришёл.\nГде он?\n\n{header}\n{old}\n")
    assert parts.reply == "Нет, не пришёл.\nГде он?", program
    assert parts.quoted.strip() == f"{header}\n{old}".strip()


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nИван Петров", "--\nИван\n+7 495 123-45-67", "С уважением,\nИван Петров", "С уважением, Иван",
        "с уважением Иван Петров", "С уважением,\nменеджер ООО «Вектор»\nИван Петров\nтел. +7 495 123-45-67",
        "Отправлено с iPhone", "Отправлено из мобильной Яндекс Почты", "Отправлено из Почты Mail.ru",
        "Отправлено из мобильного приложения Яндекс.Почты", "Отправлено с устройства Samsung Galaxy",
        "Отправлено из myMail для Android", "Sent from my iPhone", "Get Outlook for Android<https://aka.ms/x>",
        "С наилучшими пожеланиями,\nАнна",
        "Иван Петров\nМенеджер по закупкам\nООО «Вектор»\nТел.: +7 495 123-45-67",
        "Best regards,\nJohn Smith", "--\nС уважением,\nСергей", "С уважением, Иван\n\nОтправлено с iPhone",
    ],
)  # fmt: skip
def test_a_signature_is_cut(signature: str) -> None:
    parts = split(f"Верните деньги.\nСпасибо!\n\n{signature}\n")
    assert parts.reply == "Верните деньги.\nСпасибо!"
    assert parts.signature.strip() == signature.strip()


@pytest.mark.parametrize(
    "text",
    [
        "Мне ваш менеджер пишет: «ждите». Сколько можно?",
        "12.05.2026 в 14:00 оператор написал:\nзаказ доставлен. Это неправда.",
        "Магазин пишет:\nдоставим завтра",
        "С уважением отношусь к вашей компании, но так нельзя.",
        "С уважением,\nно без восторга жду ответа до пятницы и прошу не затягивать.",
        "Поля формы:\nОт: начальная дата\nКому: получатель\nДо: конечная дата",
        "От: 12 мая\nДо: 15 мая",
        "Не пришло:\n— чай\n— кофе\n—\nСпасибо",
        "Пункты:\n-- первый пункт надо проверить\n-- второй пункт тоже\n\nЖду.",
        "Отправлено с опозданием, извините.",
        "Отправлено с почты России вчера, трек не ищется. Проверьте, пожалуйста.",
        "Перезвоните мне.\n\nИван Петров\n+7 900 123-45-67",
        "Код:\n```\n> цитата\n-- \nOn Mon, 1 Jan 2026, X <x@x.ru> wrote:\n```\nЧто не так?",
        "Раздел\n------\nТекст\n\n------\nЕщё текст о том, что мне не понравилось в магазине",
        "On the other hand, it works.\nOn Monday:\nI called you.",
        "Цена 5 > 3, а x>y",
        "С уважением, Иван",
        "Мой заказ от: 12.05.2026, 14:00\nкому: мне ivan@x.ru",
        "Тема: возврат\n\nВерните деньги",
    ],
)
def test_a_persons_words_are_not_cut(text: str) -> None:
    assert split(text).reply == text


def test_answers_between_quotes_stay_in_order() -> None:
    text = "29.10.2026 14:11, Магазин пишет:\n"
    text += "> Когда удобно?\nЗавтра в 10.\n\n> Куда везти?\nНа Ленина, 5\n\n-- \nИван"
    parts = split(text)
    assert parts.reply.split() == ["Завтра", "в", "10.", "На", "Ленина,", "5"]
    assert parts.signature.strip() == "-- \nИван"


def test_an_answer_below_the_quote_is_the_reply() -> None:
    assert split("Магазин пишет:\n> Удобно завтра?\n\nДа, удобно.").reply.strip() == "Да, удобно."


def test_the_bat_quotes_with_initials() -> None:
    assert (
        cut("Вы писали 29 октября 2026 г., 14:11:52:\n\nИП> Где заказ?\nИП> Жду.\n\nВ пути.")[0] == "В пути."
    )


def test_a_postscript_below_the_signature_is_the_persons() -> None:
    parts = split("Жду.\n\nС уважением, Анна\n\nP.S. Телефон тот же.")
    assert cut("Жду.\n\nС уважением, Анна\n\nP.S. Телефон тот же.")[0] == "Жду.\n\nP.S. Телефон тот же."
    assert parts.signature == "\nС уважением, Анна"


def test_a_bare_forward_has_no_reply() -> None:
    assert split("---------- Forwarded message ---------\nОт: a@b.ru\n\nТекст").reply == ""


def test_an_unmarked_text_under_a_lonely_header_stays_the_persons() -> None:
    assert split('29.10.2026, 14:11, "Магазин" <help@shop.ru>:\nДа, удобно').reply == "Да, удобно"


def test_signature_and_quote_stay_in_their_own_order_when_cut() -> None:
    new, rest = cut("Жду.\n\n-- \nИван\n\n29.10.2026 14:11, Магазин пишет:\n> Текст")
    assert (new, rest) == ("Жду.", "--\nИван\n\n29.10.2026 14:11, Магазин пишет:\n> Текст")


def test_windows_line_ends_become_plain() -> None:
    parts = split("Да\r\n\r\n> вопрос\r\n")
    assert (parts.reply, parts.quoted) == ("Да", "\n> вопрос\n")


# Judged by eye, file by file: what of each body is the person's own.
OWN_END = "et mollis ligula rutrum quis. Fusce sed odio id arcu varius aliquet nec nec nibh."
EXPECTED_END = {
    "email_1.txt": "I am currently using the Java HTTP API.",
    "email_3.txt": "Having the function would be great.",
    "email_19.txt": "On Thursday, I get proper rendering.",
    "email_20.txt": "On Thursday.",
    "email_2_1.txt": "Outlook with a reply",
    "email_bullets.txt": "- and another",
    "email_emoji.txt": "🎉",
    "email_not_a_signature_2.txt": "Thanks!",
    "email_one_is_not_on.txt": "Locally (on development), when I run...",
    "email_reply_header.txt": "Stranger",
    "email_sent_from_my_not_signature.txt": "Sent from my desk, is much easier then my mobile phone.",
    "email_thread.txt": "This is new email reply in thread from bellow.",
    "email_tricky_11_double_signature.txt": "Thanks for your help!",
    "email_tricky_18_inline_reply.txt": "Option C is not suitable for our use case.",
    "email_tricky_19_quote_without_header.txt": "And my final thoughts.",
    "email_tricky_20_html_entities.txt": "We need to ensure that &amp; symbols are handled correctly.",
    "email_tricky_8_sent_from_in_content.txt": "All messages are sent from the main server.",
    "email_unquoted_reply.txt": "This is my reply.",
    "email_with_regards.txt": "Can you help?",
    "email_zoho.txt": "running a test?",
    "sig_no_empty_line.txt": "this is an email with a signature with no empty line above.",
}


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared reply samples in {SHARED}")
def test_replies_of_many_programs_end_where_the_person_ended() -> None:
    wrong = []
    for path in sorted(SHARED.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        reply = split(text).reply.strip()
        wanted = EXPECTED_END.get(path.name, OWN_END if OWN_END in text else "")
        if (wanted and not reply.endswith(wanted)) or (
            not reply and path.name != "email_with_from_headers.txt"
        ):
            wrong.append((path.name, reply[-80:]))
    assert not wrong


@pytest.mark.parametrize(
    "tail",
    [
        "С уважением, Иван\n\nДанное сообщение конфиденциально и предназначено только адресату.",
        "Regards,\nIvan\n\nThis e-mail is confidential and intended solely for the addressee.",
        "Настоящее письмо и вложения к нему предназначены исключительно для\nуказанного получателя.",
        "______________\nИван Петров\nДиректор",
        "Получить BlueMail для Android",
        "-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCgAdFiEE\n-----END PGP SIGNATURE-----",
    ],
)
def test_small_print_and_machine_lines_are_a_signature(tail: str) -> None:
    parts = split(f"Где мой заказ?\n\n{tail}")
    assert (parts.reply, parts.quoted, parts.signature.strip("\n")) == ("Где мой заказ?", "", tail)


def test_a_long_text_below_small_print_is_not_swallowed() -> None:
    words = "\n".join(
        f"Чайник номер {number} пришёл без крышки и без коробки, замените." for number in range(20)
    )
    text = f"Добрый день!\n\nС уважением, Иван\n\nДанное сообщение конфиденциально.\n\n{words}"
    assert words in split(text).reply


def test_words_about_a_message_are_not_small_print() -> None:
    text = "Добрый день!\n\nДанное сообщение прошу передать директору.\nЖду ответа."
    assert split(text).reply == text


@pytest.mark.parametrize(
    "quote",
    [
        "Магазин писал(а) 2026-10-29 14:11:\n> Добрый день!",
        "##- Пожалуйста, пишите ответ выше этой строки -##\n\nДобрый день!",
        "----------------\nКому: Иван (i@x.ru);\nТема: Заказ;\n29.10.2026, 14:11, "
        '"Магазин" <help@shop.ru>:\n\nДобрый день!',
    ],
)
def test_rare_announcements_of_a_quote_are_known(quote: str) -> None:
    parts = split(f"Спасибо, получил.\n\n{quote}")
    assert (parts.reply, parts.quoted.strip("\n")) == ("Спасибо, получил.", quote)


def test_an_answer_below_the_phones_signature_is_the_reply() -> None:
    parts = split(f"Отправлено с iPhone\n\nСпасибо, жду\n\n29.10.2026 14:11, Магазин пишет:\n{MARKED}")
    assert (parts.reply.strip(), parts.signature) == ("Спасибо, жду", "Отправлено с iPhone")


def test_a_signed_text_in_pgp_armour_is_the_reply() -> None:
    text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nГде мой заказ?"
    assert "Где мой заказ?" in split(text).reply
