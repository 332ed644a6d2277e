"""What may identify somebody is replaced before a text leaves: [ТЕЛЕФОН 1], [ИМЯ 2], …

Rather too much than too little: beside what `engine.personal` proves, every run of six digits that is no sum and no
date goes, every link, everything that looks like a password or a token, and every name the dictionary knows. What
cannot be seen (a number spelled in words, a name that is an ordinary word in lower case) stays; the page of the
second opinion says so.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from otklik.analysis.engine import addresses, personal
from otklik.analysis.second.names import people

Span = tuple[int, int, str]  # [start, end) and the kind

WORDS = {
    "phone": "ТЕЛЕФОН", "card": "КАРТА", "passport": "ПАСПОРТ", "inn": "ИНН", "snils": "СНИЛС", "email": "ПОЧТА",
    "address": "АДРЕС", "other": "ДАННЫЕ", "name": "ИМЯ", "order": "ЗАКАЗ", "receipt": "ЧЕК", "link": "ССЫЛКА",
    "handle": "НИК", "code": "КОД", "number": "НОМЕР",
}  # fmt: skip
LONGEST = 4_000  # code points of a text that are sent
BEYOND = 400  # more of them are looked at: a number that the end would cut in two is still a number
MOST_DIGITS = 5  # a longer run of digits may be a number of somebody
SUM_DIGITS = 7  # a sum of money has no more

_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+|(?<![\w@.])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?::\d+)?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"\S+@\S+|\S+\s?[(\[]\s?(?:at|собака|эт)\s?[)\]]\s?\S+|"
    r"\S+\s(?:собака|at)\s[\w-]+\s?(?:точка|dot|\.)\s?(?:ру|ком|ua|ru|com|net|org|kz|by|рф|ua|info)(?!\w)",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@])@[\w.]{2,64}")
_TOKEN = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])[\w+/=.-]{16,}")
_SECRET = re.compile(
    r"(?<!\w)(?:cvv2?|cvc2?|пин(?:-?код\w*)?|pin|код\w*(?:\sслов\w*)?|кодов\w+\sслов\w*|парол\w*|логин\w*|password|login|token|"
    r"токен\w*)[\s:=–—-]{1,3}(?:из\s\w+\s|был\w*\s|is\s|это\s)?(?P<value>\S+)",
    re.IGNORECASE,
)
_ALWAYS = re.compile(r"парол|логин|password|login|token|токен|кодов", re.IGNORECASE)
_ORDER = re.compile(
    r"(?:заказ\w*|накладн\w*|чек\w*|трек\w*|отправлени\w*|обращени\w*|заявк\w*|договор\w*|сч[её]т\w*|квитанци\w*|брон[ьи]\w*|"
    r"посылк\w*|розыск\w*|жетон\w*|полис\w*|замовлен\w*|тапсырыс\w*|order|ticket|tracking|booking|invoice|№|#)"
    r"[\s:№#.]{0,4}(?:номер\w*|no\.?|number)?[\s:№#.]{0,3}(?P<value>[^\W\d_]{0,4}[-/]?\d[\w/-]*)",
    re.IGNORECASE,
)
_BETWEEN = r"[\s().\-–—_/*:+]{0,3}"
_RUN = re.compile(rf"\d(?:{_BETWEEN}\d){{{MOST_DIGITS},}}")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:20[2-9]\d)|20[2-9]\d-\d\d-\d\d")
_CURRENCY = re.compile(
    r"\s?(?:тыс|млн|руб|р\.|р\b|₽|€|\$|евро|eur|usd|rub|долл|тенге|теңге|тг|₸|грн|гривен|гривн)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Masked:
    """`text` is what may leave; `places`: for each of its code points the span of the original it stands for."""

    text: str
    places: tuple[tuple[int, int], ...]
    counts: dict[str, int] = field(default_factory=dict)  # kind → how many

    def back(self, start: int, end: int) -> list[int]:
        """A span of `text` as a span of the original."""
        return [self.places[start][0], self.places[end - 1][1]]


def mask(text: str, *, names: Iterable[str] = (), known: Sequence[Span] = ()) -> Masked:
    """The text without what may identify somebody.

    `names`: of the customer and of whom the organisation knows. `known`: spans of the original that are numbers of
    orders and receipts. Signs nobody sees are left out, digits of any script become ASCII. Never raises.
    """
    plain, places = _plain(text[: LONGEST + BEYOND])
    spans = [
        *_known(known, places),
        *((one.start, one.end, one.kind) for one in personal.find(plain)),
        *_shapes(plain),
        *((start, end, "address") for start, end in addresses.loose(plain)),
        *((start, end, "name") for start, end in people(plain, names)),
    ]
    limit = bisect_left(places, LONGEST)
    kept = [span for span in _joined(spans) if span[0] < limit]
    end = max(limit, kept[-1][1]) if kept else limit  # a number across the end goes as a whole
    return _put(plain[:end], places[:end], kept)


def _plain(text: str) -> tuple[str, list[int]]:
    """The text as its reader sees it, and where each sign stood."""
    signs: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        category = unicodedata.category(sign)
        if category in ("Cf", "Cs", "Co", "Cn") or (category == "Cc" and sign not in "\n\t"):
            continue
        if category[0] == "M" and signs and (signs[-1].isdigit() or category == "Me"):
            continue  # a stroke or a frame around a digit
        number = unicodedata.digit(sign, None)
        shown = str(number) if number is not None else _shown(sign)
        signs.extend(shown)
        places.extend([place] * len(shown))
    return "".join(signs), places


def _shown(sign: str) -> str:
    """One plain sign for one in disguise; several only where they are digits (⑯)."""
    plain = unicodedata.normalize("NFKC", sign)
    return plain if len(plain) == 1 or plain.isdigit() else sign


def _known(spans: Sequence[Span], places: Sequence[int]) -> list[Span]:
    """Spans of the original in the plain text."""
    found = []
    for start, end, kind in spans:
        inside = [here for here, place in enumerate(places) if start <= place < end]
        if inside:
            found.append((inside[0], inside[-1] + 1, kind))
    return found


def _shapes(plain: str) -> list[Span]:
    """What looks like a link, an address of a person, a secret or a number."""
    found: list[Span] = [(*_trimmed(match), "link") for match in _LINK.finditer(plain)]
    found += [(*_trimmed(match), "email") for match in _MAIL.finditer(plain)]
    found += [(*match.span(), "handle") for match in _HANDLE.finditer(plain)]
    found += [(*match.span(), "code") for match in _TOKEN.finditer(plain)]
    found += [(*match.span("value"), "order") for match in _ORDER.finditer(plain)]
    for match in _SECRET.finditer(plain):
        if _ALWAYS.search(match.group()) or any(sign.isdigit() for sign in match["value"]):
            found.append((*match.span("value"), "code"))
    for match in _RUN.finditer(plain):
        if not _harmless(plain, *match.span()):
            found.append((*match.span(), "number"))
    for match in _WORD.finditer(plain):
        if sum(sign.isdigit() for sign in match.group()) > MOST_DIGITS and not _harmless(
            plain, *match.span()
        ):
            found.append((*_trimmed(match), "number"))
    return found


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    """Without the punctuation of the sentence around it."""
    shown = match.group()
    start = match.start() + len(shown) - len(shown.lstrip("«\"'([{<"))
    return start, max(start + 1, match.end() - (len(shown) - len(shown.rstrip(".,;:!?…»\"')]}>"))))


def _harmless(plain: str, start: int, end: int) -> bool:
    """A date of these years, or a sum of money."""
    shown = plain[start:end].strip(".,;:!?()«»\"'")
    if _DATE.fullmatch(shown):
        return True
    digits = sum(sign.isdigit() for sign in shown)
    numbers = re.fullmatch(r"[\d\s.,]+", shown)
    return bool(numbers) and digits <= SUM_DIGITS and bool(_CURRENCY.match(plain, end))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans that touch the same signs become one, of the kind of the longest."""
    found: list[tuple[Span, int]] = []
    for start, end, kind in sorted(
        (one for one in spans if one[0] < one[1]), key=lambda one: (one[0], -one[1])
    ):
        if found and start < found[-1][0][1]:
            (first, last, was), longest = found[-1]
            length = end - start
            found[-1] = ((first, max(last, end), kind if length > longest else was), max(longest, length))
        else:
            found.append(((start, end, kind), end - start))
    return [span for span, _ in found]


def _put(plain: str, places: Sequence[int], spans: Sequence[Span]) -> Masked:
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    text: list[str] = []
    origins: list[tuple[int, int]] = []
    at = 0

    def take(until: int) -> None:
        text.append(plain[at:until])
        origins.extend((place, place + 1) for place in places[at:until])

    for start, end, kind in spans:
        take(start)
        value = re.sub(r"\W", "", plain[start:end]).lower()
        if (kind, value) not in numbers:
            counts[kind] = counts.get(kind, 0) + 1
            numbers[kind, value] = counts[kind]
        shown = f"[{WORDS.get(kind, WORDS['other'])} {numbers[kind, value]}]"
        text.append(shown)
        origins.extend([(places[start], places[end - 1] + 1)] * len(shown))
        at = end
    take(len(plain))
    return Masked("".join(text), tuple(origins), counts)
