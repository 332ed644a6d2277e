"""What a feed's reader says about a feed: a code and a sentence in both languages. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

_QUOTED = 60


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    ru: str
    en: str

    def sentence(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


EMPTY = Problem(
    "empty",
    "Лента пуста: в ответе нет ни байта текста, проверьте адрес.",
    "The feed is empty: the answer holds no text, check the address.",
)
NOT_A_FEED = Problem(
    "not_a_feed",
    "Это не RSS и не Atom: проверьте адрес ленты.",
    "This is neither RSS nor Atom: check the address of the feed.",
)
NO_ENTRIES = Problem(
    "no_entries",
    "В ленте нет записей: источник ничего не опубликовал или отдал обрезанный файл.",
    "The feed has no entries: the source published nothing or sent a cut file.",
)
REPAIRED = {
    "bare_ampersand": Problem(
        "bare_ampersand",
        "В ленте есть неэкранированный знак &: он прочитан как текст, сообщите источнику.",
        "The feed has a bare &: it was read as text; tell the source.",
    ),
    "entities_ignored": Problem(
        "entities_ignored",
        "Лента объявляет свои сущности (DOCTYPE): ради безопасности они не раскрыты.",
        "The feed declares entities of its own (DOCTYPE): for safety they are not expanded.",
    ),
    "illegal_characters": Problem(
        "illegal_characters",
        "В ленте есть символы, запрещённые в XML: они пропущены.",
        "The feed has characters that XML forbids: they were left out.",
    ),
    "leading_junk": Problem(
        "leading_junk",
        "Перед лентой стоит посторонний текст: он пропущен.",
        "There is foreign text before the feed: it was left out.",
    ),
    "truncated": Problem(
        "truncated",
        "Лента обрывается на полуслове: последняя запись может быть неполной, она обновится сама.",
        "The feed breaks off: its last entry may be incomplete and will be updated by the next reading.",
    ),
}


def too_large(size: int, limit: int) -> Problem:
    return Problem(
        "too_large",
        f"Лента весит {size >> 20} МБ, а читаются до {limit >> 20} МБ: найдите более короткую ленту.",
        f"The feed has {size >> 20} MB and up to {limit >> 20} MB are read: find a shorter feed.",
    )


def too_many(count: int, limit: int) -> Problem:
    return Problem(
        "too_many_entries",
        f"В ленте {count} записей: прочитаны первые {limit}.",
        f"The feed has {count} entries: the first {limit} were read.",
    )


def unreadable(reason: str) -> Problem:
    return Problem(
        "unreadable",
        f"Ленту прочитать не удалось ({reason}): проверьте, открывается ли она в браузере.",
        f"The feed could not be read ({reason}): check that it opens in a browser.",
    )


def broken(error: object) -> Problem:
    line = getattr(error, "getLineNumber", lambda: None)()
    ru, en = (f" (строка {line})", f" (line {line})") if line else ("", "")
    return Problem(
        "broken_xml",
        f"XML ленты повреждён{ru}: прочитано всё, что можно разобрать.",
        f"The XML of the feed is broken{en}: everything legible was read.",
    )


def wrong_encoding(name: str) -> Problem:
    return Problem(
        "wrong_encoding",
        f"Указанная кодировка ленты неверна или не указана: прочитана как {name}.",
        f"The stated encoding of the feed is wrong or missing: it was read as {name}.",
    )


def html_page(feeds: list[str]) -> Problem:
    ru = f" На ней объявлены ленты: {', '.join(feeds)}." if feeds else " Найдите на ней ссылку на RSS."
    en = f" It announces these feeds: {', '.join(feeds)}." if feeds else " Find the link to its RSS."
    return Problem(
        "html_page",
        "По этому адресу страница сайта, а не лента." + ru,
        "There is a web page at this address, not a feed." + en,
    )


def bad_date(value: str) -> Problem:
    flat = " ".join(value.split())[:_QUOTED]
    return Problem(
        "bad_date",
        f"Дата «{flat}» не читается: у записи она оставлена пустой.",
        f'The date "{flat}" cannot be read: it is left empty.',
    )


def no_zone(zone: str) -> Problem:
    return Problem(
        "no_timezone",
        f"У дат нет часового пояса: принят {zone}.",
        f"The dates have no time zone: {zone} was assumed.",
    )
