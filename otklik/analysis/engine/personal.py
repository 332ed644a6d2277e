"""Personal data in a text: what may not go into a public answer, a log or another company's model.

Numbers are proved where they can be: a card by the Luhn sum (ISO/IEC 7812-1), INN and SNILS by their control digits
(orders of the Federal Tax Service and the Pension Fund), a phone by the length of its country's numbers. What cannot be
proved (passport, address) needs a word beside it that says what it is. The toll-free 8 800 is nobody's own.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from otklik.analysis.engine.addresses import addresses
from otklik.analysis.engine.checksums import is_iban
from otklik.analysis.engine.numbers import Kind, numbers

_DIGIT = re.compile(r"[0-9]")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,4}(?:[A-Za-z]{2,12}|[^\W\d_A-ZА-ЯЁ]{2,12}|[А-Я]{2,3})(?![\w-])")
_LOCAL = frozenset(".+%-_")
_ENDS = r"(?:ru|com|net|org|ua|kz|by|info|рф|su|ру|ком|нет|орг|юа|кз|бай)(?!\w)"
_POINT = r"\s{0,2}(?:\.|\(\.\)|[(\[]\s?(?:точка|dot)\s?[)\]]|точка|dot)\s{0,2}"
_SPELLED = re.compile(
    rf"(?<![\w.+%-])[\w.+%-]{{1,64}}\s{{0,2}}[(\[{{<]\s?(?:собака|собачка|сабака|гав|эт|at|@)\s?[)\]}}>]\s{{0,2}}(?:[\w-]{{1,40}}{_POINT}){{1,3}}"
    rf"[^\W\d_]{{2,12}}(?!\w)|"
    rf"(?<![\w.+%-])[a-z0-9][\w.+%-]{{0,63}}\s(?:собака|собачка)\s(?:[a-z0-9-]{{1,40}}{_POINT}){{1,2}}{_ENDS}|"
    rf"(?<![\w.+%-])[\w.+%-]{{1,64}}\s(?:собака|собачка)\s(?:м[еэa]йл|майл|яндекс|гмейл|джимейл|гугл|рамблер|бк|инбокс|"
    rf"лист){_POINT}{_ENDS}|(?<![\w.+%-])[a-z0-9][\w.+%-]{{0,63}}\s@\s?(?:[a-z0-9-]{{1,40}}\.){{1,3}}{_ENDS}",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")
_SERIES = re.compile(
    r"(?<!\w)(?:серия|серии|серией|сер\.)[\s:№-]{0,3}(?P<whole>[0-9]{2}\s?[0-9]{2}(?P<rest>[\s,;:]{1,3}(?:и\s)?(?:номер\w{0,2}|№|n|"
    r"no\.?)[\s:№]{0,3}[0-9]{6})?)(?![0-9]|[.,/-][0-9])",
    re.IGNORECASE,
)
_LETTERED = re.compile(
    r"(?<!\w)(?:паспорт\w*|passport)[\s:№-]{1,3}(?:номер\w?\s|серии\s|серия\s|number\s|no\.?\s)?(?P<whole>[A-ZА-ЯІЇЄ]{1,2}\s?(?:№\s?)?[0-9]{6,8})(?!\w)"
    r"|(?<!\w)(?:водительск\w+\s\w+|в/у|ву|права)[\s:№-]{1,3}(?P<driver>[0-9]{2}\s?[А-ЯA-Z]{2}\s?[0-9]{6})(?!\w)"
    r"|(?<!\w)(?:загран\w*(?:\sпаспорт\w*)?|паспорт\w*)[\s:№-]{1,3}(?P<parted>[0-9]{2}\s?(?:[0-9]{2}\s?№\s?[0-9]{6}|№\s?[0-9]{7}))(?![0-9])"
    r"|(?<!\w)(?:cvv2?|cvc2?)(?:-?код\w?)?[\s:–-]{1,3}(?P<code>[0-9]{3})(?![\w%])",
    re.IGNORECASE,
)
_NOT_PASSPORTS = re.compile(
    r"полис|осаго|диплом|лотере|билет|купюр|сертификат|гаранти|сериал|аттестат|модел", re.IGNORECASE
)
_MONTH = r"(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру)\w*"
_DAY = rf"[0-9]{{1,2}}(?:[./-][0-9]{{1,2}}[./-]|\s{_MONTH}\s)(?:19|20)?[0-9]{{2}}(?![0-9])"
_EN_DAY = (
    r"(?:[0-9]{1,2}[./ -])?(?:[A-Z][a-z]{2,8}|[0-9]{1,2})[./ -](?:[0-9]{1,2},?\s)?(?:19|20)[0-9]{2}(?![0-9])"
)
_BORN = re.compile(
    rf"(?<!\w)(?:(?:дат[аыу]\s(?:и\sместо\s)?рожд\w*|(?:я\s)?родил(?:ся|ась|и)|род\.|рожд\.|д\.\s?р\.?|д/р|др|"
    rf"дат[аи]\sнародження|народи\w+|туған\sкүн\w*)[\s:–-]{{0,3}}{_DAY}(?:\s?(?:г\.?|года?|р\.))?(?:\s?рождения)?"
    rf"|(?:{_DAY}|(?:19|20)[0-9]{{2}})\s?(?:г\.\s?р\.?|г/р|год[а]?\sрожд\w*|г\.\sрожд\w*|рожд(?:ения|\.)|р\.\s?н\.?|"
    rf"року\sнародження|ж\.\s?т\.)"
    rf"|(?:born(?:\son)?|date\sof\sbirth|dob|birthday)[\s:–-]{{1,3}}(?:{_EN_DAY}|[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-][0-9]{{4}}))(?!\w)",
    re.IGNORECASE,
)
_BORN_WORDS = ("рожд", "родил", "род.", "г.р", "г. р", "г/р", "д.р", "д. р", "д/р", "др", "народ", "р.н", "р. н",
               "туған", "ж.т", "born", "birth", "dob")  # fmt: skip
_BIG, _SMALL = "А-ЯЁІЇЄ", "а-яёіїє"
_PATRONYMIC = (
    rf"[{_BIG}][{_SMALL}]{{2,14}}(?:[оеё]вич(?:а|у|ем|е)?|[оеё]вн(?:а|ы|е|у|ой)|ич(?:а|у|ем|е)?|ичн(?:а|ы|е|у|ой)|"
    r"инична|іївн[аиу])"
)
_FULL_NAME = re.compile(
    rf"(?<!\w)(?:[{_BIG}][{_SMALL}-]{{1,25}}(?:-[{_BIG}][{_SMALL}]{{1,25}})?\s{{1,2}}[{_BIG}][{_SMALL}]{{1,15}}\s{{1,2}}{_PATRONYMIC}|"
    rf"[{_BIG}][{_SMALL}]{{1,15}}\s{{1,2}}{_PATRONYMIC}\s{{1,2}}[{_BIG}][{_SMALL}-]{{1,25}})(?!\w)"
)
_BESIDE = re.compile(
    r"[\s,;:()–—-]{0,4}(?:паспорт\w*|снилс|инн|№|дата рождения|д\.р\.|серия|:)?[\s,;:()№–—-]{0,3}",
    re.IGNORECASE,
)
NEAR = 25  # signs between a name and a document
DOCUMENTS = ("passport", "snils", "inn", "other")


@dataclass(frozen=True, slots=True)
class Found:
    """`[start, end)` in code points of the text."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Found]:
    """Personal data in order of place; spans do not overlap. Never raises; a text of any length is read to its end."""
    small = text.lower()
    found = list(_emails(text)) if "@" in text else []
    if (
        "@" in text
        or "соба" in small
        or "(at)" in small
        or "[at]" in small
        or "сабака" in small
        or "(эт)" in small
    ):
        found += [Found("email", *match.span()) for match in _SPELLED.finditer(text)]
    if _DIGIT.search(text):
        found += _with_digits(text, small)
    if not found:
        return found
    return _apart(found + _names(text, found))


def mask(text: str, sign: str = "•") -> str:
    """The text with the letters and digits of all personal data replaced; its length stays."""
    shown = list(text)
    for one in find(text):
        for place in range(one.start, one.end):
            if shown[place].isalnum():
                shown[place] = sign
    return "".join(shown)


def _emails(text: str) -> Iterator[Found]:
    """From each @ outwards: a text of nothing but letters costs nothing."""
    at = text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        start = at
        while (
            domain and start and at - start < 64 and (text[start - 1].isalnum() or text[start - 1] in _LOCAL)
        ):  # noqa: PLR2004
            start -= 1
        if domain and start < at:
            yield Found("email", start, domain.end())
        at = text.find("@", at + 1)


def _with_digits(text: str, small: str) -> list[Found]:
    found = [Found("address", *span) for span in addresses(text)]
    found += [Found(*one) for one in numbers(text)]
    found += [Found("other", *match.span()) for match in _IBAN.finditer(text) if is_iban(match.group())]
    if "сер" in small:
        found += _series(text, small)
    if any(
        word in small for word in ("паспорт", "загран", "passport", "cv", "права", "в/у", "ву", "водительск")
    ):
        for match in _LETTERED.finditer(text):
            name = match.lastgroup or "code"
            found.append(Found("passport" if name in ("whole", "parted") else "other", *match.span(name)))
    if any(word in small for word in _BORN_WORDS):
        found += [Found("other", *match.span()) for match in _BORN.finditer(text)]
    return found


def _series(text: str, small: str) -> Iterator[Found]:
    """`серия 4512 номер 654321`; a series alone only where the text speaks of a passport."""
    for match in _SERIES.finditer(text):
        around = small[max(0, match.start() - 40) : match.end() + 25]
        if "паспорт" in around or (match["rest"] and not _NOT_PASSPORTS.search(around)):
            yield Found("passport", *match.span("whole"))


def _names(text: str, found: list[Found]) -> list[Found]:
    """Full names with a patronymic beside a document or a date of birth: `other`, as the date itself is."""
    papers = [one for one in found if one.kind in DOCUMENTS]
    begins, ends = sorted(one.start for one in papers), sorted(one.end for one in papers)
    names = []
    for match in _FULL_NAME.finditer(text) if papers else ():
        after, before = bisect_left(begins, match.end()), bisect_right(ends, match.start()) - 1
        if (after < len(begins) and _joins(text, match.end(), begins[after])) or (
            before >= 0 and _joins(text, ends[before], match.start())
        ):
            names.append(Found("other", *match.span()))
    return names


def _joins(text: str, start: int, end: int) -> bool:
    return end - start <= NEAR and _BESIDE.fullmatch(text, start, end) is not None


def _apart(found: list[Found]) -> list[Found]:
    """Without overlaps: the longer one stays."""
    starts: list[int] = []
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        at = bisect_right(starts, one.start)
        if at and kept[at - 1].end > one.start:
            continue
        if at < len(kept) and kept[at].start < one.end:
            continue
        starts.insert(at, one.start)
        kept.insert(at, one)
    return kept
