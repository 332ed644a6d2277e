"""Words of a second language of ours in a text: what makes it code-switched, and shows it.

A word counts when it can hardly belong to the main language and is no loanword or name: a letter that only the other
language has, a frequent word of its own, an inflected Russian verb inside Kazakh or Ukrainian. Two different ones
are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.cues import word_of
from otklik.analysis.engine.evidence import Spans, of_tokens
from otklik.analysis.engine.text import WORD, Batch, Hashes, hash_words
from otklik.analysis.engine.vectors import placed, vectors

Flags = NDArray[np.bool_]

ENOUGH = 2  # different words of the second language
SHOWN = 6  # of them that are shown
UK, BOTH, KK, RU, STRANGE = 1, 2, 4, 8, 16
LETTERS = {
    "їєґ": UK,
    "і": BOTH,
    "әғқңөұүһ": KK,
    "ыэъ": RU,
}  # Russian ones only beside Ukrainian: Kazakh has them too
# Frequent Russian words that neither Kazakh nor Ukrainian has and that nobody borrows one by one.
RUSSIAN = """
что как его только было меня еще нет теперь когда даже вдруг если уже был них опять уж вам ведь потом себя ничего может
они есть надо ней тебя их чем была сам чтоб чего раз тоже себе будет тогда кто этот потому этого какой совсем этом
почти мой чтобы сейчас были куда зачем всех никогда можно наконец другой хоть после через эти нас про какая много разве
эту моя хорошо свою этой перед иногда лучше нельзя такой более всегда конечно всю между это очень спасибо просто почему
который которая которые которое которого сегодня нужно вообще короче конкретно ужас ужасно ужасный ужасная плохо плохой
плохая отлично отличный хороший хорошая хорошие быстро медленно долго никто нигде везде здесь сюда туда вчера завтра
деньги денег заказал заказала купил купила обманули обман пожалуйста здравствуйте человек люди время жду ждать нормально
невозможно удобно неудобно дорого дешево постоянно каждый каждую самое самый лишь вместо надеюсь думаю хочется кажется
получается обратно снова сразу скоро понятно непонятно честно жаль кошмар позор безобразие так за для под
"""
BORROWED = """
спасибо нормально может можно конечно уже сразу короче просто сам раз они тоже люди мой много куда про была были было
тогда хоть надо чого чего себе так за для под тебе моя свою всю нас них вам через думаю завтра хороший хорошая купила
скоро жаль кошмар его лежать стоять кричать
"""  # words that a Ukrainian text has as its own or as small change: no proof there
ENDINGS = {  # of Russian verbs that the vectors know; Kazakh and Ukrainian verbs end otherwise
    "kk": (
        "ете ите йте ешь ишь ает яет ует ают яют уют ться тся ала али ила или ась ось лся лись ать ить еть ехал "
        "лал казал чал жал тил дил вил сил"
    ),
    "uk": "ает яет ует ают яют уют ать еть уть ишь ешь",
}
UKRAINIAN = """
дякую дуже коли чому також немає нема щось хтось лише якось добрий добридень погано гарно чудово вибачте пробачте
чекаю чекати гаразд смачно швидко повільно скарга питання замовлення допоможіть поверніть гроші скільки вітаю будь ласка
працює треба потрібно якщо вже або навіть знову нічого зовсім завжди трохи тільки більше сьогодні вчора завтра буде
будуть було були можна мене вас вони вона воно цей цього тому той щоб бо де від після дзвонив дзвонила хлопці грошей
"""
SHARED = (
    "вас було були буде можна тому той завтра вона де від або бо"  # too near to Russian, or to a slip, alone
)
KAZAKH = """
рахмет керек емес бірақ бирак екен калай кандай жаксы жақсы болды болады жатыр отыр келди кетти калды алды бериниз
калайсыз комек кайтар кайтарыныз акша акшамды жаман салем тамаша керемет мыкты арзан барлык енди казир озим менин оган
маган сондай сияқты сиякты туралы болмайды ашылмайды истемейди кирмейди шыкпайды алмай болмай жазып
"""
ENGLISH = """
the and that have it for not on with you do at this but his from they we say or an will my one all would there their
what so out if about who get which go me when make can like time just know take people into year your good some could
them see other than then now look only come its over think also back after use how our work first well way even new want
because any these give day most us is are was were been has had did does am i'm don't can't won't it's isn't doesn't
please why to of in as return order refund money help never again very really thanks thank hello sorry bad worst best
delivery broken still waiting wait need call called support bro cringe lol omg wtf bruh dude guys fuck fucking shit damn
crap pls plz thx nice great awesome terrible awful love hate ever always nothing something anything every more much too
"""


@cache
def _hashes(listed: str, without: str = "") -> Hashes:
    return np.sort(hash_words(sorted(set(listed.split()) - set(without.split()))))


def switched(batch: Batch, languages: Sequence[str]) -> list[Spans]:
    """For each text the words of a second language of ours; nothing where there are too few to say so."""
    shown: list[Spans] = [[] for _ in languages]
    if not len(batch.hashes):
        return shown
    main = np.array([("ru", "uk", "kk", "en", "other").index(name) for name in languages])[batch.token_rows]
    words = (batch.token_kinds == WORD) & (batch.ends - batch.starts > 1)
    cyrillic, latin = _script(batch)
    for flags in (
        words & latin & (main < 3) & _listed(batch, ENGLISH),
        words & cyrillic & (main == 3),
        words & cyrillic & (main == 0) & _clear(batch, "uk"),
        words & cyrillic & (main == 0) & _clear(batch, "kk"),
        words & cyrillic & ((main == 1) | (main == 2)) & _russian(batch, main),
    ):
        for row, tokens in _by_row(batch, flags).items():
            if not shown[row]:
                shown[row] = of_tokens(batch, tokens[:SHOWN])
    return shown


def _by_row(batch: Batch, flags: Flags) -> dict[int, list[int]]:
    """The flagged words of every text that has enough different ones; names do not count."""
    found_in: dict[int, list[int]] = {}
    for token in np.flatnonzero(flags).tolist():
        if not _name(batch, token):
            found_in.setdefault(int(batch.token_rows[token]), []).append(token)
    return {
        row: tokens
        for row, tokens in found_in.items()
        if len({int(batch.hashes[token]) for token in tokens}) >= ENOUGH
    }


def _name(batch: Batch, token: int) -> bool:
    """With a capital letter inside a sentence: a name, whatever its language."""
    row = int(batch.token_rows[token])
    whole = batch.texts[row]
    place = int(batch.where[batch.starts[token]])
    if not whole[place].isupper():
        return False
    before = whole[max(0, place - 12) : place].rstrip(" \t\n«\"'(")
    return bool(before) and before[-1] not in ".!?…:;\n" and not whole[place : place + 3].isupper()


def _listed(batch: Batch, words: str, without: str = "") -> Flags:
    return placed(_hashes(words, without), batch) >= 0


def _clear(batch: Batch, name: str) -> Flags:
    """Words in Russian texts that are Ukrainian or Kazakh: by a letter or by our list."""
    own, other = (UK, KK) if name == "uk" else (KK, UK)
    marks = marks_of(batch)
    elsewhere = np.zeros(len(batch), dtype=bool)  # texts in which an і belongs to the other language
    elsewhere[batch.token_rows[(marks & other) > 0]] = True
    letters = ((marks & own) > 0) | (((marks & BOTH) > 0) & ~elsewhere[batch.token_rows])
    return letters | (_listed(batch, UKRAINIAN, SHARED) if name == "uk" else _listed(batch, KAZAKH))


def _russian(batch: Batch, main: NDArray[np.intp]) -> Flags:
    """Russian words in Kazakh (2) and Ukrainian (1) texts."""
    marks = marks_of(batch)
    flags = _listed(batch, RUSSIAN) & ((main == 2) | ~_listed(batch, BORROWED))
    flags |= (main == 1) & ((marks & RU) > 0)
    verbs = np.zeros_like(flags)
    doubtful = (main > 0) & (main < 3) & ~flags & (vectors().places(batch) >= 0) & ~_listed(batch, BORROWED)
    for token in np.flatnonzero(doubtful & (batch.ends - batch.starts >= 5)).tolist():
        name = "kk" if main[token] == 2 else "uk"
        verbs[token] = word_of(batch, token).endswith(_endings(name))
    wide = _beside(batch, verbs & (main == 1))
    clear: Flags = (flags | verbs | wide) & ((marks & (UK | BOTH | KK)) == 0)
    return clear


def _beside(batch: Batch, flags: Flags) -> Flags:
    """A Ukrainian text shares many words with Russian: the neighbours of a Russian verb are Russian with it.

    Both must be words of Russian («хочу вернуть товар»): one word alone may be a slip.
    """
    wide = np.zeros_like(flags)
    known, rows = vectors().places(batch) >= 0, batch.token_rows
    for token in np.flatnonzero(flags[1:-1]).tolist():
        if known[token] and known[token + 2] and rows[token] == rows[token + 2]:
            wide[token] = wide[token + 2] = True
    return wide


@cache
def _endings(name: str) -> tuple[str, ...]:
    return tuple(ENDINGS[name].split())


def marks_of(batch: Batch) -> NDArray[np.uint8]:
    """Which letters of one language each token has; Russian ones count only beside Ukrainian, Kazakh has them too."""
    return batch.once(
        "letters", lambda: np.bitwise_or.reduceat(_table()[np.minimum(batch.points, 0x52F)], batch.starts)
    )


@cache
def _table() -> NDArray[np.uint8]:
    table = np.zeros(0x530, dtype=np.uint8)
    for letters, mark in LETTERS.items():
        for letter in letters:
            table[ord(letter)] = mark
    return table


def _script(batch: Batch) -> tuple[Flags, Flags]:
    """Which tokens begin with a Cyrillic and which with a Latin letter."""
    heads = batch.points[batch.starts]
    return (heads >= 0x400) & (heads < 0x530), (heads >= 0x61) & (heads <= 0x7A)
