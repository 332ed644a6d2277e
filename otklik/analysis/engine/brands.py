"""Companies and people that a text names without anybody having listed them for us.

Well-known companies come from our own short list, in any case form; names in quotation marks behind a word like
"магазин" and names behind a word like "курьер" are found by their place. What the organisation's directory says goes
first. Names that are also plain words (Лента, Победа) count only where they are written as names.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from otklik.analysis.engine.cues import LEXICON, word_of
from otklik.analysis.engine.places import capital
from otklik.analysis.engine.text import WORD, Batch, Hashes, hash_words
from otklik.analysis.engine.wordforms import named

Place = tuple[str, str, int, int]  # kind, name, start and end in the raw text

HARD = ("", "а", "у", "ом", "ем", "е", "ы", "и", "ов", "ам", "ами", "ах")  # behind a consonant
SOFT = ("а", "ы", "у", "е", "ой", "ою", "и")  # instead of a final а
ADJECTIVE = ("ой", "ого", "ому", "ым", "ом")
AHEAD = 6  # tokens in which the further words of a name are looked for
ROLES = """
менеджер менеджера менеджеру менеджером менеджеры курьер курьера курьеру курьером продавец продавца продавцу
продавцом консультант консультанта консультанту консультантом оператор оператора оператору оператором администратор
администратора администратору администратором кассир кассира кассиру кассиром официант официанта официанту официантка
официантку официанткой мастер мастера мастеру мастером водитель водителя водителю водителем врач врача врачу врачом
доктор доктора доктору доктором специалист специалиста специалисту специалистом сотрудник сотрудника сотруднику
сотрудником сотрудница сотрудницу сотруднице сотрудницей бариста хостес повар девушка девушке девушку директор директора
директору директором управляющий кондуктор фельдшер медсестра
manager courier waiter waitress driver cashier operator consultant doctor
менеджерка продавчиня оператору кур'єр кур'єра водій касир лікар
"""
CALLED = (
    r"магазин\w*|супермаркет\w*|гипермаркет\w*|сет[ьи]|банк\w*|кафе|ресторан\w*|отел[ьеяю]\w*|гостиниц\w*|аптек\w*|"
    r"компани\w*|фирм\w*|оператор\w*|салон\w*|клиник\w*|такси|доставк\w*|служб\w*|маркетплейс\w*|бренд\w*|марк[аиуе]|ооо|"
    r"тц|трц|тк|жк|ук|пекарн\w*|кофейн\w*|пиццери\w*|крамниц\w*|готел\w*|в|во|из|от|у|із|від|с|на"
)
_QUOTED = re.compile(
    rf"(?<!\w)(?:{CALLED})\s{{1,2}}[«\"“„](?P<name>[\w.&'+-]{{2,20}}(?:[ -][\w.&'+-]{{1,20}}){{0,2}})[»\"”“]",
    re.IGNORECASE,
)
# Beside these a slang word stands for a shop.
AT = "в во из возле около у нашей нашу наша этой эта ближайшей соседней местной соседняя местная"
MARKS = "на за твердая твердую одна"
SHOP = """
продает продают продал продали магазин касса кассе кассир продавец товар товары просрочка просрочку цена цены ценник
ценники скидка скидки акция акции тухлятина тухлятину гнилье очередь очереди ассортимент овощи
"""
READ = 20_000  # characters in which quoted names are looked for


@dataclass(frozen=True, slots=True)
class _Brands:
    hashes: Hashes  # sorted, of the first words
    forms: dict[
        str, list[tuple[tuple[str, ...], str, str]]
    ]  # first word → further words, name, `plain` of the file


@cache
def _brands() -> _Brands:
    forms: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    with (LEXICON / "brands.tsv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            for form in row["forms"].split("|"):
                first, *more = form.split()
                for word in cases(first):
                    forms.setdefault(word, []).append((tuple(more), row["name"], row["plain"]))
    for known in forms.values():
        known.sort(key=lambda one: -len(one[0]))
    return _Brands(np.sort(hash_words(sorted(forms))), forms)


@cache
def _roles() -> Hashes:
    return np.sort(hash_words(sorted(set(ROLES.split()))))


def cases(word: str) -> set[str]:
    """The case forms of a name, as far as its ending tells; foreign letters do not bend."""
    if not re.fullmatch(r"[а-яіїєґ]+", word):
        return {word}
    if word[-1] == "а" and len(word) > 3:
        return {word} | {word[:-1] + ending for ending in SOFT}
    if word.endswith(("ой", "ий", "ый")) and len(word) > 4:
        return {word} | {word[:-2] + ending for ending in ADJECTIVE}
    return {word + ending for ending in HARD} if word[-1] not in "аеиоуыюяйьі" else {word}


def brands(batch: Batch) -> dict[int, list[Place]]:
    """Companies and people of every text that names some."""
    found: dict[int, list[Place]] = {}
    known = _brands()
    for token in np.flatnonzero(np.isin(batch.hashes, known.hashes)).tolist():
        place = _brand(batch, token, known)
        if place is not None:
            found.setdefault(int(batch.token_rows[token]), []).append(place)
    for token in np.flatnonzero(np.isin(batch.hashes, _roles())).tolist():
        place = _person(batch, token)
        if place is not None:
            found.setdefault(int(batch.token_rows[token]), []).append(place)
    for row, text in enumerate(batch.texts):
        if "«" in text or '"' in text or "“" in text:
            matches = [m for m in _QUOTED.finditer(text, 0, READ) if not m["name"][0].islower()]
            found.setdefault(row, []).extend(("brand", _base(m["name"]), *m.span("name")) for m in matches)
    return found


def _base(name: str) -> str:
    """A quoted name as our list or the dictionary writes it: «в "Ромашке"» speaks of Ромашка."""
    word = name.lower().replace("ё", "е")
    known = next(
        (one for more, one, plain in _brands().forms.get(word, ()) if not more and plain != "2"), None
    )
    if known is not None:
        return known
    return named(word) if re.fullmatch(r"[А-ЯЁ][а-яё]+", name) else name


def _brand(batch: Batch, token: int, known: _Brands) -> Place | None:
    for more, name, plain in known.forms.get(word_of(batch, token), ()):
        last = _last(batch, token, more)
        if last is not None and _meant(batch, token, plain):
            return "brand", name, *_span(batch, token, last)
    return None


def _last(batch: Batch, token: int, more: tuple[str, ...]) -> int | None:
    """The last token of a name whose further words are `more`, points and hyphens left out."""
    if not more:
        return token
    row, at, last = batch.token_rows[token], 0, token
    for ahead in range(token + 1, min(len(batch.hashes), token + AHEAD)):
        word = word_of(batch, ahead)
        if batch.token_rows[ahead] != row:
            return None
        if word in ("-", "."):
            continue
        if word not in cases(more[at]):
            return None
        at, last = at + 1, ahead
        if at == len(more):
            return last
    return None


def _meant(batch: Batch, token: int, plain: str) -> bool:
    """Whether a word that is also a plain one (1) or slang of one (2, «пятёрка») stands for the company here."""
    if plain == "0" or _written_as_name(batch, token):
        return True
    if plain == "1":
        return False
    before = (
        word_of(batch, token - 1) if token and batch.token_rows[token - 1] == batch.token_rows[token] else ""
    )
    low, high = int(batch.bounds[batch.token_rows[token]]), int(batch.bounds[batch.token_rows[token] + 1])
    near = {word_of(batch, at) for at in range(max(low, token - 3), min(high, token + 5))}
    at, marks, shop = AT.split(), MARKS.split(), SHOP.split()
    return before in at or (before not in marks and not before and not near.isdisjoint(shop))


def _written_as_name(batch: Batch, token: int) -> bool:
    """With a capital letter that does not merely begin a sentence, or in quotation marks."""
    if not capital(batch, token):
        return False
    if token == 0 or batch.token_rows[token - 1] != batch.token_rows[token]:
        return False
    return word_of(batch, token - 1)[-1] not in ".!?…"


def _person(batch: Batch, token: int) -> Place | None:
    """A name behind a role: one or two words with capital letters."""
    row, names = batch.token_rows[token], []
    for ahead in (token + 1, token + 2):
        if ahead >= len(batch.hashes) or batch.token_rows[ahead] != row or batch.token_kinds[ahead] != WORD:
            break
        word = word_of(batch, ahead)
        if not capital(batch, ahead) or len(word) < 3 or not word.isalpha() or word in _brands().forms:
            break
        names.append(ahead)
    if not names:
        return None
    start, end = _span(batch, names[0], names[-1])
    return "employee", batch.texts[int(row)][start:end], start, end


def _span(batch: Batch, first: int, last: int) -> tuple[int, int]:
    return int(batch.where[batch.starts[first]]), int(batch.where[batch.ends[last] - 1]) + 1
