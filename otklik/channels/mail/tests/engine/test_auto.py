"""Machines and people are told apart."""

from __future__ import annotations

import pytest

from otklik.channels.mail.engine import parse
from otklik.channels.mail.tests.engine.builders import mail, multipart, part, read

STATUS = (
    "Reporting-MTA: dns; mx.shop.ru\r\n\r\nFinal-Recipient: rfc822; Petr@example.ru\r\nAction: {action}\r\n"
    "Status: {status}\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n <petr@example.ru>: User unknown\r\n"
)


def report(action: str = "failed", status: str = "5.1.1", kind: str = "message/rfc822") -> bytes:
    return multipart(
        part("This is the mail system at host mx.shop.ru."),
        part(STATUS.format(action=action, status=status), "message/delivery-status"),
        part(mail("Ваш заказ готов", Message_ID="<ours-1@shop.ru>"), kind),
        Content_Type='multipart/report; report-type=delivery-status; boundary="=_b1"',
        From="MAILER-DAEMON@shop.ru (Mail Delivery System)",
        Subject="Undelivered Mail Returned to Sender",
    )


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_delivery_report_names_the_failed_message(kind: str) -> None:
    parsed = parse(report(kind=kind))
    assert (parsed.auto, parsed.bounce_of) == ("bounce", "ours-1@shop.ru")
    assert parsed.bounce is not None
    assert parsed.bounce.recipients == ("petr@example.ru",)
    assert parsed.bounce.status == "5.1.1"
    assert parsed.bounce.diagnostic == "smtp; 550 5.1.1 <petr@example.ru>: User unknown"


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_a_report_of_no_failure_is_no_bounce(action: str) -> None:
    parsed = parse(report(action=action, status="4.4.1"))
    assert (parsed.auto, parsed.bounce_of) == ("auto_reply", None)


QMAIL = (
    "Hi. This is the qmail-send program at mx.shop.ru.\r\nI'm afraid I wasn't able to deliver your "
    "message.\r\n\r\n"
    "<petr@example.ru>:\r\n550 No such user\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
    "Return-Path: <help@shop.ru>\r\nMessage-ID: <ours-2@shop.ru>\r\nSubject: x\r\n\r\nТекст"
)
EXIM = (
    "This message was created automatically by mail delivery software.\r\n\r\nA message that you sent "
    "could not be "
    "delivered\r\n\r\n  petr@example.ru\r\n    550 user unknown\r\n\r\n------ This is a copy of your "
    "message ------\r\n"
    "Message-Id: <ours-2@shop.ru>\r\n"
)
YANDEX = (
    "К сожалению, Ваше письмо не может быть доставлено адресату <petr@example.ru>."
    "\r\nMessage-Id: <ours-2@shop.ru>\r\n"
)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (QMAIL, {"From": "MAILER-DAEMON@mx.shop.ru", "Subject": "failure notice"}),
        (EXIM, {"From": "Mail Delivery System <Mailer-Daemon@mx.ru>", "Subject": "Mail delivery failed"}),
        (EXIM, {"From": "x@mx.ru", "Subject": "x", "X_Failed_Recipients": "petr@example.ru"}),
        (YANDEX, {"From": "mailer-daemon@yandex.ru", "Subject": "Недоставленное сообщение"}),
        (YANDEX, {"From": "noreply@mx.ru", "Subject": "Не удалось доставить", "Return_Path": "<>"}),
    ],
)
def test_bounces_written_as_letters_are_bounces(body: str, fields: dict[str, str]) -> None:
    parsed = read(body, **fields)
    assert (parsed.auto, parsed.bounce_of) == ("bounce", "ours-2@shop.ru")


def test_an_exchange_report_finds_our_id_in_its_references() -> None:
    parsed = read(
        "Не удалось доставить сообщение для petr@example.ru. 550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        From="postmaster@example.ru", Subject="Не удалось доставить: Ваш заказ",
        In_Reply_To="<ours-3@shop.ru>",
    )  # fmt: skip
    assert (parsed.auto, parsed.bounce_of) == ("bounce", "ours-3@shop.ru")
    assert parsed.bounce is not None and parsed.bounce.status == "5.1.10"


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (vacation)"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "Я в отпуске"},
        {"Precedence": "auto_reply"},
        {"X_Auto_Response_Suppress": "All"},
        {"Subject": "Автоответ: Ваш заказ"},
        {"Subject": "Автоматический ответ: Ваш заказ"},
        {"Subject": "Я в отпуске до 12 мая"},
        {"Subject": "Я в отпуске"},
        {"Subject": "Automatic reply: Your order"},
        {
            "Content_Type": "multipart/report; report-type=disposition-notification; boundary=x",
            "Return_Path": "<>",
        },
    ],
)
def test_automatic_answers_are_known(fields: dict[str, str]) -> None:
    assert read("Меня не будет", **fields).auto == "auto_reply"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Subject": "Не доставлено! Где мой заказ?"},
        {"Subject": "Re: Автоответ: ваш запрос принят"},
        {"Subject": "Автоответчик на линии хамит"},
        {"Subject": "Я в отпуске и не могу забрать посылку"},
        {"Return_Path": "<ivan@example.ru>"},
        {"Return_Path": "<>", "Subject": "Заказ"},
        {"X_Auto_Response_Suppress": "DR, RN"},
        {"X_Autoreply": "no"},
        {"Precedence": "first-class"},
    ],
)
def test_people_are_not_taken_for_machines(fields: dict[str, str]) -> None:
    assert read("Письмо не было доставлено, верните деньги", **fields).auto == "none"


@pytest.mark.parametrize(
    "fields", [{"List_Id": "<news.shop.ru>"}, {"Precedence": "bulk"}, {"List_Unsubscribe": "<mailto:u@x.ru>"}]
)
def test_lists_are_lists(fields: dict[str, str]) -> None:
    assert read("Новости", **fields).auto == "list"
