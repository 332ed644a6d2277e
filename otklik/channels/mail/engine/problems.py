"""Sentences for what can be wrong with a mail: what it is and how it was read. `{0}` is the detail."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "empty": ("Файл пуст: в нём нет письма.", "The file is empty: there is no mail in it."),
    "no_headers": ("Заголовков письма нет: всё содержимое взято как текст.",
                   "There are no mail headers: the whole content is taken as text."),
    "broken_headers": ("Среди заголовков есть строки, которые ими не являются; они пропущены.",
                       "Some lines among the headers are not headers; they were skipped."),
    "headers_too_large": ("Заголовки слишком велики: прочитано только начало.",
                          "The headers are too large: only their beginning was read."),
    "too_large": ("Письмо больше {0} байт: прочитано только начало.",
                  "The mail is larger than {0} bytes: only its beginning was read."),
    "too_deep": ("Вложенность частей больше {0}: глубже лежащее сохранено одним файлом.",
                 "Parts are nested deeper than {0}: what lies deeper is kept as one file."),
    "too_many_parts": ("Частей больше {0}: лишние не прочитаны, они есть в исходном письме.",
                       "There are more than {0} parts: the rest was not read, it is in the original mail."),
    "text_too_large": ("Текст слишком длинный: показано начало.",
    "The text is too long: the beginning is shown."),
    "html_too_large": ("Оформление слишком велико или запутано: показан только текст.",
                       "The formatting is too large or too tangled: only the text is shown."),
    "no_from": ("Нет отправителя: поле From пусто.", "There is no sender: the From field is empty."),
    "bad_address": ("Адрес написан с ошибкой: {0}.", "An address is written wrongly: {0}."),
    "too_many_addresses": ("Адресов больше {0}: остальные есть в исходном письме.",
                           "There are more than {0} addresses: the rest is in the original mail."),
    "no_date": ("Нет даты отправки.", "There is no sending date."),
    "bad_date": ("Дата отправки не читается: {0}.", "The sending date cannot be read: {0}."),
    "date_no_zone": ("В дате нет часового пояса: взят UTC.", "The date has no time zone: UTC was assumed."),
    "no_message_id": ("Нет Message-ID: письмо узнаётся по своему содержимому.",
                      "There is no Message-ID: the mail is known by its content."),
    "charset_unknown": ("Кодировка названа непонятно ({0}): определена по буквам.",
                        "The charset has an unknown name ({0}): it was recognised by the letters."),
    "charset_wrong": ("Кодировка названа неверно ({0}): определена по буквам.",
                      "The charset is named wrongly ({0}): it was recognised by the letters."),
    "charset_damaged": ("Часть символов не читается ни в одной кодировке или кодировки смешаны.",
                        "Some characters cannot be read in one charset, or charsets are mixed."),
    "no_boundary": ("Письмо из частей, но их граница не указана или не найдена.",
                    "The mail has parts, but their boundary is not given or not found."),
    "missing_closing_boundary": ("Письмо оборвано: закрывающей границы частей нет.",
                                 "The mail is cut off: the closing boundary of its parts is missing."),
    "bad_base64": ("Повреждён base64: прочитано, что удалось.",
    "Damaged base64: what could be read was read."),
    "bad_transfer_encoding": ("Способ кодирования части указан неверно ({0}).",
                              "The transfer encoding of a part is named wrongly ({0})."),
    "bad_uuencode": ("Файл uuencode в тексте повреждён: оставлен как текст.",
                     "A uuencoded file in the text is damaged: it was left as text."),
    "bad_tnef": ("winmail.dat повреждён: раскрыто, что удалось, файл приложен целиком.",
                 "winmail.dat is damaged: what could be unpacked was, the file is attached whole."),
    "encrypted": ("Письмо зашифровано: содержимое приложено как файл.",
                  "The mail is encrypted: its content is attached as a file."),
    "fault": ("Внутренняя ошибка чтения ({0}): письмо показано как простой текст.",
              "An internal fault while reading ({0}): the mail is shown as plain text."),
}  # fmt: skip


def sentence(code: str, detail: str = "", lang: str = "ru") -> str:
    """The sentence of a problem code in `lang` (ru or en)."""
    pair = SENTENCES.get(code, (code, code))
    return pair[0 if lang == "ru" else 1].replace("{0}", detail or "—")
