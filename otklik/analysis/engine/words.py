"""Our own sentiment lexicon: every form of its words with a strength from −3 to 3."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import Batch, Hashes, hash_words
from otklik.analysis.engine.vectors import DATA, placed

LEXICON = Path(__file__).parent / "lexicon"

_NEGATIONS = """
не ни нет без нету никто нельзя никогда нисколько ничуть нихрена нифига ніколи немає ні жодного not no don't isn't
wasn't didn't doesn't can't won't never without емес жоқ жок
"""
_INTENSIFIERS = """
очень самый самая самое самые такой такая такие так слишком совсем просто абсолютно полный полная полное полнейший
крайне настолько невероятно реально супер чертовски весьма дуже надто зовсім занадто very so too really absolutely
extremely өте тым оте
"""
_FUNCTION = """
и а но да же ли бы б уж то что чтобы как так где когда если или либо потому поэтому там тут здесь вот это этот эта эти
этого этой этих этому этим тот та те того той тех в во на с со к ко у о об от до за из из-за по под над при про для без
через между перед после я ты он она оно мы вы они меня тебя его ее её нас вас их мне тебе ему ей нам вам им мной нами
вами мой моя мое моё мои моей моего
твой ваш ваша ваше ваши вашей вашего наш наша наше наши свой своя свое своё свои себя
себе кто чего чему чем ком который которая которое которые есть был была было были будет будут уже еще ещё тоже также
і й та але або що як це цей ця ці у з із зі від до за на по для я ти він вона ми ви вони мене тебе його її нас вас їх
мені вам мій ваш наш свій
мен сен сіз ол біз олар және бұл сол осы үшін мен бен пен да де та те
the a an and or but to of in on at for with from by is are was were be it this that i you he she we they me him her us
them my your his our their as so if
"""
_MUTE = """
раз раза разу часто вообще вроде типа просто ну вот уже еще лишь даже типо кстати короче пока потом затем тогда теперь
сейчас вчера сегодня завтра позавчера утром днем вечером ночью всегда иногда
ноль один одна одно одну одного два две двух три трех четыре пять шесть семь восемь девять десять двенадцать пятнадцать
двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто сто двести триста
тысяча тысячи тысяч тысячу
миллион миллиона миллионов полтора полторы первый первая первое первую второй вторая вторую второе третий третья третью
третье четвертый четвертую пятый пятую третьей третьем третьего третьих второй второго второму вторые первого первой
пятого пятой четвертой четвертого шестой седьмой восьмой девятый десятый оба обе несколько
секунда секунды секунд секунду минута минуты минут минуту минуте час часа часов часу день дня дней дню сутки суток
неделя недели недель неделю неделе месяц месяца месяцев месяце год года годы лет году полчаса полдня
понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье января февраля марта апреля мая июня
июля августа сентября октября ноября декабря рубль рубля рублей руб тенге гривень гривен
тиждень тижні хвилин хвилини годин години днів дні місяць місяці рік року перший другий третій два дві три
күн апта ай жыл минут сағат бір екі үш
one two three four five six seven eight nine ten hundred thousand day days week weeks month months year years hour hours
minute minutes today yesterday tomorrow first second third time times
"""
NEGATIONS = tuple(_NEGATIONS.split())
INTENSIFIERS = tuple(_INTENSIFIERS.split())
FUNCTION = tuple(set(_FUNCTION.split()) - {*NEGATIONS, *INTENSIFIERS})


@cache
def _lexicon() -> tuple[Hashes, Floats]:
    with np.load(DATA / "lexicon.npz", allow_pickle=False) as file:
        return file["hashes"], file["scores"].astype(np.float32)


@cache
def _small(words: tuple[str, ...]) -> Hashes:
    return np.sort(np.unique(hash_words(words)))


def scores(batch: Batch) -> Floats:
    """For each token its strength in the lexicon, 0 when it is not there."""
    return batch.once("strength", lambda: _scores(batch))


def _scores(batch: Batch) -> Floats:
    hashes, values = _lexicon()
    places = placed(hashes, batch)
    return np.where(places >= 0, values[places], 0).astype(np.float32)


def negated(batch: Batch) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which tokens are negations, and which stand one or two places behind one in the same text."""
    return batch.once("negated", lambda: _negated(batch))


def _negated(batch: Batch) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    marks = placed(_small(NEGATIONS), batch) >= 0
    behind = np.zeros(len(marks), dtype=bool)
    for distance in (1, 2):
        if len(marks) > distance:
            together = batch.token_rows[distance:] == batch.token_rows[:-distance]
            behind[distance:] |= marks[:-distance] & together
    return marks, behind


def intensified(batch: Batch) -> NDArray[np.bool_]:
    """Which tokens make the next word stronger."""
    return batch.once("intensified", lambda: placed(_small(INTENSIFIERS), batch) >= 0)


def mute(batch: Batch) -> NDArray[np.bool_]:
    """Numerals, units of time and fillers besides: they may say how urgent a thing is, but no tone and no wish."""
    listed = placed(_small(tuple(set(_MUTE.split()) - {*NEGATIONS, *INTENSIFIERS})), batch) >= 0
    heads = batch.points[batch.starts]
    silent: NDArray[np.bool_] = listed | empty(batch) | ((heads >= 48) & (heads <= 57))
    return silent


def leaning(batch: Batch) -> NDArray[np.bool_]:
    """Negations and words like «очень»: they say something only beside another word."""
    return batch.once("leaning", lambda: placed(_small(NEGATIONS + INTENSIFIERS), batch) >= 0)


def empty(batch: Batch) -> NDArray[np.bool_]:
    """Which tokens say nothing by themselves, whatever a model has learnt of their company."""
    return batch.once("empty", lambda: placed(_small(FUNCTION), batch) >= 0)
