"""What the runs of digits in a text are: phones, cards, documents.

The word that names a number decides, the nearest one first; then what the digits prove by themselves (a control
digit, the length and grouping of a phone). A number that is not what its word says may still be something else, and
of a long row of groups every part is looked at: neither a wrong word nor a neighbour hides a phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from otklik.analysis.engine import checksums

Kind = Literal["phone", "card", "passport", "inn", "snils", "email", "address", "other"]
Lengths = tuple[int, ...]
Said = tuple[str | None, str, bool]  # the word's kind, what stands behind it, whether `номер` stands there

LEAST = 6  # digits of a number that may be somebody's
LONGEST = 20  # digits: a bank account
BEFORE = 64  # code points before a number in which a word may say what it is
_SEPARATORS = r" \t\r\n\u00a0\u2007\u2009\u202f().\-\u2010-\u2015"
_CHAIN = re.compile(rf"[0-9]+(?:[{_SEPARATORS}]{{1,3}}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_LETTER = re.compile(r"[^\W\d_]")
_NAMED = re.compile(
    r"(?<!\w)(?=[^\W\d_])(?:"
    r"(?P<order>(?:номер\w*\s)?(?:заказ|накладн|чек|трек|отправлени|обращени|заявк|договор|квитанци|посылк|"
    r"артикул|билет|брон[ьиея]|купон|промокод|сертификат|штрих|сери[йи]н|товар|модел|тикет|абонемент|лот|талон|"
    r"замовлен|тапсырыс|order|ticket|track|invoice|booking|sku|версия|верси[ию]|смен[ауые]|терминал|"
    r"сч[её]тчик|лицев|л/с|рейс|документ|претензи|диплом|лотере)\w*|арт\.|id|фн|фд|фпд?|ккт|ккм|рнм?|ean|isbn|vin|осаго|каско|"
    r"(?:бонусн|скидочн|дисконтн|клубн|подарочн|накопительн|транспортн|топливн)\w*\s(?:карт|сч[её]т)\w*|"
    r"карт\w*\s(?:лояльности|клуба|магазина)|паспорт\w*\s(?:изделия|на изделие|прибора|товара|качества|"
    r"безопасности|сч[её]тчика|издел\w+|устройства)|техпаспорт\w*|техническ\w+ паспорт\w*)"
    r"|(?P<foreign>загран\w*(?:\sпаспорт\w*)?|заграничн\w+\sпаспорт\w*)"
    r"|(?P<passport>паспорт\w*|пасп\.|passport\w*|төлқұжат\w*)"
    r"|(?P<driver>водительск\w+(?:\sудостоверени\w+|\sправ\w*)?|прав(?=[аи]?\s[№0-9])[аи]?|в/у|ву|driver'?s?\slicen[cs]e)"
    r"|(?P<oms>омс|оms|полис\w*(?:\sомс|\sмед\w*|\sобязательн\w*)?|енп)"
    r"|(?P<imei>imei\w*|имей|имеи)"
    r"|(?P<inn>инн|inn|іпн|рнокпп|налогоплательщик\w*)"
    r"|(?P<iin>иин|жсн|iin)"
    r"|(?P<snils>снилс\w*|страхов\w+\s(?:номер|свидетельств)\w*)"
    r"|(?P<card>карт[аыеуо]\w{0,3}|card|visa|виз[аыуе]|mastercard|мир)"
    r"|(?P<account>(?:расч[её]тн\w+\s|банковск\w+\s)?сч[её]т\w{0,2}|р/с)"
    r"|(?P<phone>тел(?:ефон\w*|\.|(?!\w))|т\.|моб(?:ильн\w*|\.|(?!\w))|сотов\w*|(?:пере|до|по|со)?звон\w*|набер\w+|"
    r"набир\w+|what?s\w*|ва[тц]сап\w*|вотсап\w*|вайбер\w*|viber|телеграм\w*|связ\w+|смс\w*|sms|phone|mobile|call|"
    r"факс|абонент\w*|симк\w+|сим-карт\w*|нөмір\w*|қоңырау)"
    r"|(?P<number>номер\w*)"
    r")(?!\w)",
    re.IGNORECASE,
)
_ORDER_AT = re.compile(r"[\s:№#.=-]{0,4}(?:номер\w{0,2}|no|n|id|на)?[\s:№#.=-]{0,4}")
_PHONE_AT = re.compile(r"[^\dA-Za-z.!?]{0,25}")
_AFTER = re.compile(
    r"[\s,)(:–—-]{1,4}(?:это\s|мой\s|моя\s|наш\s|номер\s){0,3}"
    r"(?:(?P<phone>тел(?:ефон|\.|(?!\w))|моб|ва[тц]сап|звон|(?:мой|наш)\sномер)|(?P<passport>паспорта?(?!\w))|"
    r"(?P<snils>снилс)|(?P<inn>инн(?!\w)))",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s{0,2}(?:тыс|млн|руб|р\.|р(?!\w)|₽|€|\$|%|евро|eur|usd|rub|долл|тенге|теңге|тг|₸|грн|балл|бонус|шт|раз|км|кг|"
    r"мл|м²|просмотр|подписчик|человек|лет|год|клиент|отзыв|[.,][0-9])",
    re.IGNORECASE,
)
_WRITTEN_PHONE = re.compile(
    r"(?:[78][ \u00a0]?)?\([0-9]{3,5}\)|[0-9]-[0-9]{2}-[0-9]{2}(?![0-9])|[0-9]{3}-[0-9]{3}-[0-9]{4}"
)
_LINKED = re.compile(r"(?:wa\.me|t\.me|tel:|phone=?|whatsapp\S*|тел\.?)/?\+?$", re.IGNORECASE)

PHONE_11: tuple[Lengths, ...] = (
    (11,), (1, 10), (1, 3, 7), (1, 3, 3, 4), (1, 3, 3, 2, 2), (1, 3, 2, 2, 3), (1, 3, 2, 3, 2), (1, 3, 4, 3), (4, 7),
    (1, 3, 2, 5), (1, 3, 5, 2), (4, 3, 4), (4, 3, 2, 2), (4, 2, 2, 3), (4, 2, 3, 2), (1, 4, 2, 2, 2), (1, 4, 6),
    (1, 4, 3, 3), (1, 5, 1, 2, 2), (1, 5, 5), (2, 2, 3, 2, 2), (2, 2, 7), (1,) * 11, (1, 2, 2, 2, 2, 2),
    (1, 3, 1, 1, 1, 1, 1, 1, 1), (2, 3, 3, 3), (1, 3, 3, 1, 3),
)  # fmt: skip
PHONE_10: tuple[Lengths, ...] = (
    (10,),
    (3, 7),
    (3, 3, 4),
    (3, 3, 2, 2),
    (3, 2, 2, 3),
    (3, 2, 5),
    (3, 2, 3, 2),
)
PHONE_12: tuple[Lengths, ...] = (
    (12,), (3, 2, 7), (3, 2, 3, 4), (3, 2, 3, 2, 2), (2, 3, 3, 2, 2), (2, 3, 7), (5, 7), (5, 3, 4), (5, 3, 2, 2),
    (2, 3, 3, 4),
)  # fmt: skip
PHONE_SHORT: tuple[Lengths, ...] = ((7,), (3, 4), (3, 2, 2), (2, 2, 2))
CARD: tuple[Lengths, ...] = (
    (4, 4, 4, 4), (16,), (19,), (18,), (17,), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (15,), (14,), (13,),
    (4, 6, 5), (4, 6, 4), (8, 8), (6, 10), (4, 12), (12, 4), (2,) * 8, (6, 13),
)  # fmt: skip
PASSPORT: tuple[Lengths, ...] = (
    (4, 6),
    (2, 2, 6),
    (4, 3, 3),
    (2, 2, 3, 3),
    (2, 2, 2, 2, 2),
    (2, 7),
    (9,),
    (8,),
    (6,),
)
OTHER: tuple[Lengths, ...] = (
    (3, 3, 3, 2), (3, 3, 5), (3, 3, 3, 3), (4, 4, 4), (2, 6, 6, 1), (6, 2, 6, 1), (8, 6, 1), (3, 3, 3, 3, 3), (20,),
    (5, 3, 1, 4, 7), (5, 3, 1, 11), (4, 4, 4, 4, 4), (5, 5, 5, 5), (3, 2, 3, 1, 4, 7), (5, 3, 12),
)  # fmt: skip


def _by_first() -> dict[Lengths, list[Lengths]]:
    """Groupings by the lengths of their first two groups (of one, where it is all), those of most digits first."""
    table: dict[Lengths, list[Lengths]] = {}
    for one in dict.fromkeys((*PHONE_11, *PHONE_10, *PHONE_12, *PHONE_SHORT, *CARD, *PASSPORT, *OTHER)):
        table.setdefault(one[:2], []).append(one)
    for found in table.values():
        found.sort(key=sum, reverse=True)
    return table


GROUPINGS = _by_first()
KNOWN = frozenset(one for found in GROUPINGS.values() for one in found)
_ONLY_PHONES = frozenset(PHONE_11) - frozenset((*CARD, *PASSPORT, *OTHER, (11,)))


def numbers(text: str) -> Iterator[tuple[Kind, int, int]]:
    """Kind, start and end of every number that may be somebody's, in order of place."""
    for match in _CHAIN.finditer(text):
        if match.end() - match.start() >= LEAST:
            groups = _whole_groups(text, *match.span())
            if groups and sum(end - start for start, end in groups) >= LEAST:
                yield from _chain(text, groups)


def _whole_groups(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The groups of digits of a chain without those that belong to a word (A12) or to a fraction (1,5) beside it."""
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    if start and not _free_before(text, *groups[0]):
        groups.pop(0)
    if groups and end < len(text) and (text[end].isalpha() or text[end] == "_"):
        first, last = groups[-1]
        if not ("а" <= text[end].lower() <= "я" and last - first >= 2 and len(groups) + last - first > 5):
            groups.pop()
    return groups


def _free_before(text: str, start: int, end: int) -> bool:
    """Whether a number may begin here; a long one that looks like a phone may stand close to a Russian word."""
    sign, before = text[start - 1], text[start - 2] if start > 1 else " "
    long = end - start == 11 and text[start] in "78"  # noqa: PLR2004
    if sign.isalnum() or sign == "_":
        return "а" <= sign.lower() <= "я" and (long or bool(_LINKED.search(text, max(0, start - 10), start)))
    if sign == "@":
        return False
    if sign == "/":
        return not before.isalpha() or bool(_LINKED.search(text, max(0, start - 12), start))
    if sign == ",":
        return not before.isdigit() or end - start > 3  # noqa: PLR2004
    if sign in "-\u2010\u2011" and before.isalnum():
        return long and "а" <= before.lower() <= "я"
    return True


def _chain(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[Kind, int, int]]:
    lengths = tuple(end - start for start, end in groups)
    at, size = 0, len(groups)
    while at < size:
        taken = 0
        for kind, count in _tried(text, groups, lengths, at):
            start, end = groups[at][0], groups[at + count - 1][1]
            opened = start > 0 and (
                text[start - 1] == "+" or (text[start - 1] == "(" and ")" in text[start:end])
            )
            yield kind, start - opened, end
            taken = count
            break
        at += taken or 1


def _tried(text: str, groups: list[tuple[int, int]], lengths: Lengths, at: int) -> Iterator[tuple[Kind, int]]:
    """The numbers that may begin with this group, the longest first: kind and count of groups."""
    start = groups[at][0]
    said: Said | None = None  # looked for once, and only where it is asked
    if start and text[start - 1] == "+":
        count = _international(text, groups, lengths, at)
        if count:
            yield "phone", count
    if at == 0 and len(lengths) <= LONGEST and LEAST < sum(lengths) <= LONGEST:
        said = _named(text, start)
        kind = _kind(text, start, groups[-1][1], lengths, said)
        if kind and (lengths in KNOWN or kind != "phone"):
            yield kind, len(lengths)
    for grouping in (*GROUPINGS.get(lengths[at : at + 2], ()), *GROUPINGS.get(lengths[at : at + 1], ())):
        count = len(grouping)
        if grouping in _ONLY_PHONES and text[start] not in "78":
            continue
        if lengths[at : at + count] == grouping and not _goes_on(text, groups, at + count):
            said = said or _named(text, start)
            kind = _kind(text, start, groups[at + count - 1][1], grouping, said)
            if kind:
                yield kind, count


def _goes_on(text: str, groups: list[tuple[int, int]], behind: int) -> bool:
    """Whether the next group hangs on by a hyphen or a point: then the number is longer."""
    if behind >= len(groups):
        return False
    return text[groups[behind - 1][1] : groups[behind][0]] in ("-", ".", "\u2011")


def _international(text: str, groups: list[tuple[int, int]], lengths: Lengths, at: int) -> int:
    """How many groups behind a plus are a phone; 0 for none. The longest that is short enough for its country."""
    digits, best = "", 0
    for count, (start, end) in enumerate(groups[at:], 1):
        digits += text[start:end]
        wanted = (
            (11,)
            if digits[0] in "17"
            else (12,)
            if digits[:3] in ("380", "375", "998", "996")
            else range(10, 14)
        )
        if len(digits) in wanted:
            best = count
        if len(digits) >= max(wanted):
            break
    hotline = digits.startswith("7800")
    return 0 if hotline or _COUNTED.match(text, groups[at + best - 1][1]) else best


def _kind(text: str, start: int, end: int, lengths: Lengths, said: Said) -> Kind | None:
    """What the digits between two places are."""
    digits = "".join(_GROUP.findall(text, start, end))
    word, close, numbered = said
    if lengths == (3, 3, 3, 2) and "-" in text[start:end]:
        return "snils" if checksums.is_snils(digits) else None
    kind = _as_named(word, digits, lengths, close) or _as_after(text, end, digits, lengths, word)
    if kind and not (len(digits) < 11 and _COUNTED.match(text, end)):  # noqa: PLR2004
        return kind
    ordered = word in ("order", "account", "imei") and _ORDER_AT.fullmatch(close) is not None
    if len(digits) == LONGEST and re.match(r"40[5-8]|42[36]", digits):
        return "other"
    if 16 <= len(digits) <= 19 and lengths in CARD:  # noqa: PLR2004
        return "card" if not ordered and word != "order" and checksums.is_card(digits) else None
    if lengths in ((4, 6), (2, 2, 6)) and not ordered and _PASSPORT.search(text, max(0, start - 100), start):
        return "passport"
    return "phone" if _phone(text, (start, end), digits, lengths, (word, close, ordered, numbered)) else None


_PASSPORT = re.compile(
    r"(?<!тех)паспорт(?!\w*\s(?:издел|прибор|товар|устройств|сч[её]тчик))|passport", re.IGNORECASE
)


def _named(text: str, start: int) -> Said:
    """The kind of the nearest word that names a number, what stands between, and whether `номер` stands there."""
    low = max(0, start - BEFORE)
    word, close, numbered = None, "", False
    if not _LETTER.search(text, low, start):
        return word, close, numbered
    for match in _NAMED.finditer(text, low, start):
        if match.lastgroup == "number":
            numbered = True
            continue
        word, close, numbered = match.lastgroup, text[match.end() : start], False
    return word, close, numbered


def _as_named(word: str | None, digits: str, lengths: Lengths, close: str) -> Kind | None:  # noqa: PLR0911
    """The kind that its word gives a number, if it can be one."""
    size = len(digits)
    if word == "snils":
        return "snils" if checksums.is_snils(digits) else None
    if word == "inn":
        return "inn" if checksums.is_inn(digits) or checksums.is_rnokpp(digits) else None
    if word == "iin":
        return "other" if checksums.is_iin(digits) else None
    if word in ("passport", "foreign"):
        return "passport" if lengths in PASSPORT and _is_passport(size, close) else None
    if word == "driver":
        return "other" if size == 10 and lengths in PASSPORT else None  # noqa: PLR2004
    if word == "oms":
        return "other" if size == 16 and checksums.is_luhn(digits) else None  # noqa: PLR2004
    if word == "imei":
        return "other" if size == 15 and checksums.is_luhn(digits) else None  # noqa: PLR2004
    if word == "card":
        return "card" if 13 <= size <= 19 and checksums.is_card(digits) else None  # noqa: PLR2004
    return None


def _is_passport(size: int, close: str) -> bool:
    """Series and number, a foreign passport; a number alone only right behind its word."""
    return size in (9, 10) or (size in (6, 8) and len(close) <= 25 and not re.search(r"[.!?\d]", close))  # noqa: PLR2004


def _as_after(text: str, end: int, digits: str, lengths: Lengths, word: str | None) -> Kind | None:
    """The kind that a word behind the number gives it, where none stands before it."""
    match = None if word else _AFTER.match(text, end)
    if match is None:
        return None
    if match.lastgroup == "phone":
        return "phone" if lengths in PHONE_10 and digits[0] == "9" else None
    return _as_named(match.lastgroup, digits, lengths, "")


def _phone(
    text: str, span: tuple[int, int], digits: str, lengths: Lengths, said: tuple[str | None, str, bool, bool]
) -> bool:
    """Russia and Kazakhstan, Ukraine, Belarus; numbers without a code need a word that says so."""
    word, close, ordered, numbered = said
    shown = text[max(0, span[0] - 1) : span[1]]
    written = bool(_WRITTEN_PHONE.search(shown))
    if len(digits) == 11 and lengths in PHONE_11 and digits[0] in "78":  # noqa: PLR2004
        known = (
            digits[1] in "3479" or (digits[1] == "8" and digits[2] != "0") or (digits[1] == "0" and written)
        )
        return known and not digits[1:].startswith("800") and not (ordered and lengths == (11,))
    if len(digits) == 12 and lengths in PHONE_12:  # noqa: PLR2004
        return not ordered and bool(re.match(r"380[3-9]|375(?:17|25|29|33|44)", digits))
    if _COUNTED.match(text, span[1]) or ordered:
        return False
    called = word == "phone" and _PHONE_AT.fullmatch(close) is not None
    if lengths in PHONE_10:
        return _phone_of_ten(digits, lengths, called or (numbered and word in (None, "phone")), written)
    return called and lengths in PHONE_SHORT and (lengths != (2, 2, 2) or written) and digits[0] != "0"


def _phone_of_ten(digits: str, lengths: Lengths, called: bool, written: bool) -> bool:
    """Without the code of the country."""
    if digits[0] == "0":  # Ukraine, at home
        mobile = digits[1:3] in ("39", "50", "63", "66", "67", "68", "73") or digits[1] == "9"
        return mobile or ((called or written or len(lengths) > 1) and digits[1] in "34567")
    if digits.startswith("800"):
        return False
    if digits[0] == "9":
        return called or written or lengths != (10,)
    return called or (written and digits[0] in "348") or (written and lengths == (3, 3, 4))
