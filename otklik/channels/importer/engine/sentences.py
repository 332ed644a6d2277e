"""The sentences of row errors: what is wrong, where, what to do. Russian and English side by side."""

from __future__ import annotations

from typing import NamedTuple

from otklik.channels.importer.engine.problems import RowError, quote


class Fault(NamedTuple):
    code: str
    ru: str
    en: str


def located(row: int, column: str, fault: Fault, raw: dict[str, str]) -> RowError:
    """Puts the place in front: «Строка 12, столбец «Дата»: …»."""
    ru = f"Строка {row}, столбец «{column}»: {fault.ru}" if column else f"Строка {row}: {fault.ru}"
    en = f'Row {row}, column "{column}": {fault.en}' if column else f"Row {row}: {fault.en}"
    return RowError(row, column, fault.code, ru, en, raw)


EMPTY_TEXT = Fault(
    "empty_text",
    "текст пуст; заполните ячейку или выберите другой столбец для текста.",
    "the text is empty; fill the cell or choose another column for the text.",
)

NO_VALUE = Fault(
    "no_value",
    "в ячейке формула без значения; откройте файл в Excel, сохраните и загрузите снова.",
    "the cell holds a formula without a value; open the file in Excel, save it and import it again.",
)


def bad_date(value: str) -> Fault:
    return Fault(
        "bad_date",
        f"«{quote(value)}» не похоже на дату; напишите, например, 22.11.2026 14:05.",
        f'"{quote(value)}" is not a date; write 2026-11-22 14:05, for example.',
    )


def bad_rating(value: str) -> Fault:
    return Fault(
        "bad_rating",
        f"«{quote(value)}» не похоже на оценку; напишите число, например 4, 4/5 или ★★★★☆.",
        f'"{quote(value)}" is not a rating; write a number such as 4, 4/5 or ★★★★☆.',
    )


def rating_out_of_range(value: str, top: float) -> Fault:
    return Fault(
        "rating_out_of_range",
        f"оценка «{quote(value)}» больше шкалы (до {top:g}); "
        "исправьте её или укажите шкалу в разметке (rating_max).",
        f'the rating "{quote(value)}" is above its scale (up to {top:g}); correct it or set rating_max.',
    )


def too_long(size: int, limit: int) -> Fault:
    return Fault(
        "too_long",
        f"текст длиной {size} знаков, а можно {limit}; сократите его или разбейте на две строки.",
        f"the text has {size} characters and {limit} are allowed; shorten it or split it into two rows.",
    )


def cut(size: int, limit: int) -> Fault:
    return Fault(
        "cut",
        f"значение длиной {size} знаков сокращено до {limit}; проверьте, тот ли это столбец.",
        f"the value of {size} characters was cut to {limit}; check that it is the right column.",
    )


def bad_number(value: str) -> Fault:
    return Fault(
        "bad_number",
        f"«{quote(value)}» не похоже на число; поле оставлено пустым, напишите, например, 18400.",
        f'"{quote(value)}" is not a number; the field is left empty, write 18400, for example.',
    )


def bad_phone(value: str) -> Fault:
    return Fault(
        "bad_phone",
        f"«{quote(value)}» не похоже на телефон; "
        "поле оставлено пустым, напишите, например, +7 916 123-45-67.",
        f'"{quote(value)}" is not a phone number; '
        "the field is left empty, write +7 916 123-45-67, for example.",
    )


def bad_email(value: str) -> Fault:
    return Fault(
        "bad_email",
        f"«{quote(value)}» не похоже на адрес почты; поле оставлено пустым, нужен вид name@example.ru.",
        f'"{quote(value)}" is not an e-mail address; the field is left empty, name@example.ru is expected.',
    )


def bad_url(value: str) -> Fault:
    return Fault(
        "bad_url",
        f"«{quote(value)}» не похоже на ссылку; поле оставлено пустым, нужен вид https://example.ru/page.",
        f'"{quote(value)}" is not an http(s) link; '
        "the field is left empty, https://example.ru/page is expected.",
    )


def bad_tone(value: str) -> Fault:
    return Fault(
        "bad_tone",
        f"тональность «{quote(value)}» неизвестна; "
        "поле оставлено пустым, напишите: негатив, нейтрально или позитив.",
        f'the tone "{quote(value)}" is unknown; '
        "the field is left empty, write negative, neutral or positive.",
    )


def unknown_word(value: str) -> Fault:
    return Fault(
        "unknown_word",
        f"значение «{quote(value)}» неизвестно; "
        "взято значение по умолчанию, укажите его в разметке (values).",
        f'the value "{quote(value)}" is unknown; the default is used, name it in the mapping (values).',
    )
