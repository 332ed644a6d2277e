"""The language of a text: letters that only one language has, frequent words, a linear model for the rest.

Digits and signs are no words. Words of a second language are `switching`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.evidence import Spans
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.switching import KK, RU, STRANGE, UK, marks_of, switched
from otklik.analysis.engine.text import WORD, Batch, Hashes, hash_words
from otklik.analysis.engine.vectors import found, placed, vectors

LANGUAGES = ("ru", "uk", "kk", "en", "other")
LETTERS = {"ru": RU, "uk": UK, "kk": KK}  # і is Ukrainian and Kazakh
COMMON = {
    "ru": """и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от
        меня еще нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам
        ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего
        раз тоже себе под будет ж тогда кто этот того потому этого какой совсем ним здесь этом один почти мой тем
        чтобы нее сейчас были куда зачем всех никогда можно при наконец об другой хоть после над больше тот через эти
        нас про всего них какая много разве три эту моя хорошо свою этой перед иногда лучше чуть том нельзя такой им
        более всегда конечно всю между это очень спасибо просто почему который которые сегодня день нужно ок
        окей норм спс пжл пжлст кек лол спам бан жесть здрасьте привет прив ага угу блин снилс инн""",
    "uk": """і й та в у не що він на я з із зі як а то все вона так його але ти до же ви за би по тільки її мені було
        ось від мене ще нема немає про йому тепер коли навіть ну чи якщо вже або ні бути був нього вас знову вам
        адже там потім себе нічого їй може вони тут де є треба для ми тебе їх чим була сам щоб без наче чого теж
        собі під буде тоді хто цей того тому цього який зовсім ним один майже мій тим нині були куди навіщо всіх
        ніколи можна при нарешті інший хоч після над більше той через ці нас всього них яка багато хіба три цю моя
        добре свою цієї перед іноді краще трохи такий їм завжди звичайно між це дуже дякую просто чому сьогодні
        день потрібно щось хтось лише якось також саме свій своє твій наш ваш вони всі усі мій людина робити роблю
        люблю знаю хочу добрий добре погано гарно чудово жах вибачте пробачте чекаю гаразд смачно швидко повільно
        скарга питання замовлення немає зв'язку звязку будь ласка прошу допоможіть поверніть гроші скільки коштує
        вітаю привіт щиро бажаю якість якісно товар отримав отримала зателефонуйте прийшло прийшов жахливо
        жахливий чудовий гарний поганий працює""",
    "kk": """және мен сен ол біз сіз олар бұл бул осы сол емес бар жоқ жок үшін ушин өте оте деп де да ма ме ба бе па
        пе екен еді гой ғой қой кой бірақ бирак керек маған маган сізге қалай калай неге не кім ким қандай кандай
        бір бир екі көп коп тек жақсы жаксы рахмет болады болды болып еш ештеңе барлық барлык тағы тагы енді сосын
        кейін дейін туралы арқылы сияқты сиякты сондай осындай менің менин сенің оның бізге оған маған сендер
        сіздер қазір казир қалды алды келді кетті жатыр отыр тұр жүр бол бер керемет ұнады унады ойын адам рет жыл
        күн жаман салем сәлем тез мыкты мықты зор жарайды тусиникти түсінікті кешіріңіз кеширинiз кымбат қымбат
        арзан баяу ыңғайлы ынгайлы пайдалы тамаша кушти күшті ақша акша канша қанша бағасы багасы ия иә жаксы
        калайсыз комек көмек беріңіз бериниз ашылмайды ашылмай истемейди істемейді кирмейди кірмейді болмайды
        болмай ұнамады унамады кайтар қайтар сау алдау алаяқ алаяк бәрі бари дұрыс дурыс""",
    "en": """the be to of and a in that have i it for not on with he as you do at this but his by from they we say her
        she or an will my one all would there their what so up out if about who get which go me when make can like
        time no just him know take people into year your good some could them see other than then now look only come
        its over think also back after use two how our work first well way even new want because any these give day
        most us is are was were been has had did does am i'm don't can't it's my card please why""",
}
# Frequent words of other languages in Latin letters: such a text is `other`.
ELSEWHERE = """
    ich und nicht das ist der die den dem ein eine einen mit auf für von zu wir sie es war haben habe hat je ne
    pas
    les des une est et que qui dans pour sur avec vous nous el los las una por para con pero muy como esta este il
    che non della per sono gli um uma não com mais ve bir bu için çok değil nie się jest że na od ale tak jak het een
    van niet maar och att är som inte på en
    va bilan uchun emas yo'q lekin kerak menga sizga meni men siz juda yaxshi yomon rahmat salom assalomu alaykum qachon
    qancha nima buyurtma buyurtmam buyurtmani pul pulni pulimni qaytaring qaytarib keldi kelmadi keladi hali hech xizmat
    narxi ishlamaydi ishlamayapti aka opa iltimos tovar mahsulot bor edi ham
    ben siz ama gibi var yok teşekkür teşekkürler sipariş siparişim siparişimi iade lütfen merhaba gelmedi iyi kötü
    zamówienie dziękuję proszę gdzie mam bardzo dzień dobry mein meine bestellung bitte danke wo bonjour merci votre ma
    commande mi pedido gracias hola dónde buenos días il mio ordine grazie buongiorno"""
# The same in Cyrillic: Uzbek, Belarusian, Bulgarian, Serbian, Tajik.
BESIDE = """
    ва билан учун эмас йўқ лекин менга сизга менинг сизнинг жуда яхши емон рахмат салом қачон буюртма буюртмам пул пулни
    қайтаринг келди келмади ҳали хизмат нима керак ассалому алайкум илтимос
    вельмі дзякуй калі ласка што гэта няма дзень добры замова грошы вярніце
    съм още няма защо поръчка поръчката моята моля благодаря здравейте това кога където много доставката
    није молим хвала поруџбина наруџбина зашто нисам ово ваша
    салом рахмат хуб бад нест"""
UNSAID = 2.5  # logits against Kazakh when no word or letter of a text is Kazakh: its reviews are half Russian
SHOWN = 0.75  # confidence from which on a language is a fact: 97 of 100 right, texts of one to three words among them
SHORT = 3  # words of a text whose n-grams are not trusted alone
KNOWN = 3.5  # logits for Russian and against Kazakh when such a text's words (or two of three) are known as Russian
ALONE = 3.0  # the same for a single word that no language claims
LISTED = 4.0  # for Ukrainian or Kazakh, for each word of theirs
SURE_ELSEWHERE = 0.8  # that a text with two words of a language that is not ours is in it
OWN_SHARE = (
    1.0  # how many words of ours weigh as much as one of such a language: Uzbek shares many with Kazakh
)
LATIN = 4.0  # for English when the letters are Latin
UKRAINIAN = 2.0  # logits for Ukrainian when a text without Kazakh words has an і


@cache
def _words() -> list[Hashes]:
    listed = [set(COMMON[name].split()) for name in LANGUAGES[:4]]
    others = [set().union(*(other for other in listed if other is not words)) for words in listed]
    return [np.sort(hash_words(sorted(words - more))) for words, more in zip(listed, others, strict=True)]


@cache
def _elsewhere() -> Hashes:
    return np.sort(hash_words(sorted(set(ELSEWHERE.split()))))


@cache
def _beside() -> Hashes:
    ours = {word for listed in COMMON.values() for word in listed.split()}
    hashes = hash_words(sorted(set(BESIDE.split()) - ours))
    return np.sort(hashes[found(vectors().hashes, hashes) < 0])  # what is Russian as well says nothing


def _strangers(batch: Batch) -> NDArray[np.int64]:
    """How many words of each text belong to a language in Cyrillic that is not ours."""
    hit = placed(_beside(), batch) >= 0
    if len(hit):
        hit |= (marks_of(batch) & STRANGE) > 0
    return np.bincount(batch.token_rows[hit], minlength=len(batch))


def spelled(batch: Batch) -> NDArray[np.bool_]:
    """Tokens that are words: a number is none, nor is a number with a unit behind it."""
    return batch.once("spelled", lambda: _spelled(batch))


def _spelled(batch: Batch) -> NDArray[np.bool_]:
    if not len(batch.starts):
        return np.zeros(0, dtype=bool)
    digit = (batch.points >= 48) & (batch.points <= 57)
    letters = np.add.reduceat(
        ((batch.kinds == WORD) & ~digit & (batch.points != ord("_"))).astype(np.int32), batch.starts
    )
    words: NDArray[np.bool_] = (batch.token_kinds == WORD) & (letters > 2 * digit[batch.starts])
    return words


def evidence(batch: Batch) -> NDArray[np.int32]:
    """Texts × 4: how many words speak for ru, uk, kk, en alone (its frequent words and its own letters)."""
    columns = []
    for name, words in zip(LANGUAGES[:4], _words(), strict=True):
        hit = placed(words, batch) >= 0
        if name in LETTERS and len(hit):
            hit |= ((marks_of(batch) & LETTERS[name]) > 0) & (batch.token_kinds == WORD)
        columns.append(np.bincount(batch.token_rows[hit], minlength=len(batch)))
    return np.stack(columns, axis=1).astype(np.int32)


Spoken = tuple[
    list[str], list[float], list[Spans]
]  # language, confidence, words of a second language of each text


def decide(batch: Batch, shares: Floats) -> Spoken:
    """Language, confidence and words of a second one; `shares` are the model's probabilities of four."""
    spoken = evidence(batch)
    scripts = _scripts(batch)
    elsewhere = np.bincount(batch.token_rows[placed(_elsewhere(), batch) >= 0], minlength=len(batch))
    joint = np.log(np.maximum(shares, 1e-4)) + np.minimum(spoken, 8) * 0.8
    joint[:, 2] -= UNSAID * (spoken[:, 2] == 0)
    joint[:, 1] += UKRAINIAN * (_letter(batch, "і") > 0) * (spoken[:, 2] == 0)
    joint += _short(batch, spoken, scripts)
    joint -= joint.max(axis=1, keepdims=True)
    power = np.exp(joint)
    power /= power.sum(axis=1, keepdims=True)
    strangers = _strangers(batch)  # each weighs as much as two words of ours: Uzbek shares many with Kazakh
    abroad = (strangers >= 2) & (
        2 * strangers >= np.take_along_axis(spoken, power.argmax(axis=1)[:, None], 1)[:, 0]
    )
    many = np.bincount(batch.token_rows[spelled(batch)], minlength=len(batch))
    names, sure = [], []
    for k in range(len(batch)):
        cyrillic, latin, foreign = scripts[k]
        best = int(power[k].argmax())
        name, confidence = LANGUAGES[best], float(power[k, best])
        if foreign > cyrillic + latin or not many[k] or (not cyrillic and not latin):
            name, confidence = "other", 0.9 if foreign else 0.5
        elif (latin > 2 * cyrillic and elsewhere[k] >= 2 and elsewhere[k] > spoken[k, 3]) or abroad[k]:
            name, confidence = "other", SURE_ELSEWHERE
        elif latin > 4 * cyrillic and best in (0, 1) and spoken[k, 3] >= spoken[k, best]:
            name, confidence = "en", 0.6
        names.append(name)
        sure.append(confidence)
    return names, sure, switched(batch, names)


def _short(batch: Batch, spoken: NDArray[np.int32], scripts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What to add for texts of up to SHORT words, in which n-grams say little: most people here write Russian.

    Words that Russian word vectors know speak for Russian when there is no other (or one of three), a word of another
    language's list for that one, Latin letters for English.
    """
    words = spelled(batch)
    count = np.bincount(batch.token_rows[words], minlength=len(batch))
    known = np.bincount(batch.token_rows[words & (vectors().places(batch) >= 0)], minlength=len(batch))
    elsewhere = spoken[:, [1, 2]].any(axis=1)
    latin = scripts[:, 1] > scripts[:, 0]
    russian = ((known == count) | ((known == 2) & (count == 3))) & ~elsewhere & ~latin
    more = LISTED * spoken * np.stack([count == 1, count > 0, count > 0, count < 0], axis=1)
    more[:, 0] += KNOWN * russian + ALONE * ((count == 1) & ~elsewhere & ~latin)
    more[:, 2] -= KNOWN * russian
    more[:, 3] += LATIN * latin
    short: NDArray[np.float64] = more * ((count > 0) & (count <= SHORT))[:, None]
    return short


def _letter(batch: Batch, letter: str) -> NDArray[np.int64]:
    return np.bincount(batch.row[batch.points == ord(letter)], minlength=len(batch))


def _scripts(batch: Batch) -> NDArray[np.int64]:
    """Texts × 3: letters of the Cyrillic, the Latin and any other script."""
    points, rows = batch.points, batch.row
    letters = batch.kinds == WORD
    cyrillic = letters & (points >= 0x400) & (points < 0x530)
    latin = letters & (((points >= 0x61) & (points <= 0x7A)) | ((points >= 0xC0) & (points < 0x250)))
    digits = (points >= 48) & (points <= 57)
    foreign = letters & ~cyrillic & ~latin & ~digits & (points > 0x250)
    return np.stack(
        [np.bincount(rows[flags], minlength=len(batch)) for flags in (cyrillic, latin, foreign)], axis=1
    )
