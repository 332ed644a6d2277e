"""People of a company that a text names without a directory: by initials, by a patronymic, by a role or an office.

How the customer signs or introduces himself is no employee.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_BIG, _SMALL = "А-ЯЁІЇЄ", "а-яёіїє"
_WORD = rf"[{_BIG}][{_SMALL}]{{1,20}}(?:-[{_BIG}][{_SMALL}]{{1,20}})?"
_PATRONYMIC = (
    rf"[{_BIG}][{_SMALL}]{{2,14}}(?:[оеё]вич(?:а|у|ем|е)?|[оеё]вн(?:а|ы|е|у|ой)|[ьи]ич(?:а|у|ом|ем|е)?|"
    r"ичн(?:а|ы|е|у|ой))"
)
_WITH_INITIALS = re.compile(
    rf"(?<![\w.])(?:(?P<first>{_WORD})\s(?:[{_BIG}]\.\s?[{_BIG}]\.)|[{_BIG}]\.\s?[{_BIG}]\.\s?(?P<second>{_WORD}))"
)
_SURNAME = (
    rf"[{_BIG}][{_SMALL}]{{1,15}}(?:(?:ов|ев|[её]в|ин|ын)(?:а|у|ым|ой|е)?|(?:ск|цк)[{_SMALL}]{{2,3}}|енко|"
    r"[ую]ка?|яна?)"
)
_WITH_PATRONYMIC = re.compile(
    rf"(?<!\w)(?=[{_BIG}])(?:{_SURNAME}\s)?(?!(?:Спасибо|Благодарю|Здравствуйте|Уважаем|Добр|Привет|Дорог|Передайте|Вчера)[{_SMALL}]*\s){_WORD}\s"
    rf"(?:{_PATRONYMIC}|(?:Кузьм|Ильин|Лук|Фом|Никит)ич(?:а|у|ом|ем|е)?)(?!\w)"
)
_NOBODY = (
    r"(?:Женщин|Девушк|Девочк|Мужчин|Парен|Сотрудни|Продав|Менеджер|Мастер|Курьер|Звон|Ответ|Письм|Человек|Кто|Кому|"
    r"Товар|Никто)"
)
_OFFICE = re.compile(
    r" из (?:отдела|тех\w*|службы|бухгалтерии|поддержки|доставки|офиса|кассы|регистратуры|колл|call|контакт|приёмной|"
    r"приемной|филиала|отделения)(?!\w)"
)
_AT_END = re.compile(rf"(?<!\w)(?!{_NOBODY}){_WORD}(?:\s{_WORD})?$")
_ROLE = re.compile(
    r"(?:слесар|сантехник|электрик|монт[её]р|монтажник|диспетчер|грузчик|сборщик|инженер|техник|начальни[кц]|бухгалтер|"
    r"охранник|уборщиц|горничн|инспектор|регистратор|секретар|провизор|фармацевт|тренер|медсестр|почтальон|агент|юрист|"
    r"представител|куратор|стилист|парикмахер)[а-яё]{0,3}",
    re.IGNORECASE,
)
_NAME_AT = re.compile(rf"{_WORD}(?:\s{_WORD}){{0,2}}")
_INSIDE = re.compile(
    rf"[{_SMALL}]\s[{_BIG}][{_SMALL}]"
)  # cheap: a name inside a sentence, or two words of a name
_INITIALS = re.compile(rf"[{_BIG}]\.\s?[{_BIG}]\.")
_SELF = re.compile(
    r"(?:с уважением|меня зовут|мо[её] имя|(?<!\w)я|фио|ф\.и\.о\.|подпись|клиент\w*|абонент\w*|заявител\w*|"
    r"покупател\w*|"
    r"получател\w*|отправител\w*|на имя|паспорт\w*|пациент\w*|собственник\w*|сосед\w*|"
    r"мам[аыеу]|бабушк\w*|дедушк\w*|пап[аыеу]|муж\w{0,2}|жен[аыеу]|мать|матери|отец|отц\w{1,2}|свекр\w*|т[её]щ\w*)[\s,:;–—-]{0,4}$",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?:ул|улиц\w|пр|проспект\w?|им|имени|площад\w|школ\w|метро)\.?\s?$", re.IGNORECASE)


def persons(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of people whom a text speaks of; they may overlap."""
    if "." in text and _INITIALS.search(text):
        yield from _told(text, (match.span() for match in _WITH_INITIALS.finditer(text)))
    if _INSIDE.search(text):
        if "ич" in text or "вн" in text:
            yield from _told(text, (match.span() for match in _WITH_PATRONYMIC.finditer(text)))
        yield from _told(text, _behind_roles(text))
    if " из " in text:
        yield from _told(text, _of_offices(text))


def _behind_roles(text: str) -> Iterator[tuple[int, int]]:
    for match in _INSIDE.finditer(text):
        start, at = match.start() + 2, match.start()
        while at and text[at - 1].isalpha():
            at -= 1
        name = _NAME_AT.match(text, start) if _ROLE.fullmatch(text, at, start - 1) else None
        if name:
            yield name.span()


def _of_offices(text: str) -> Iterator[tuple[int, int]]:
    """Марину из отдела доставки."""
    for match in _OFFICE.finditer(text):
        name = _AT_END.search(text, max(0, match.start() - 44), match.start())
        if name:
            yield name.span()


def _told(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[str, int, int]]:
    for start, end in spans:
        before = text[max(0, start - 24) : start]
        if not _SELF.search(before) and not _NAMES.search(before):
            yield text[start:end], start, end
