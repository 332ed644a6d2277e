"""In which language an answer is written: by script, by letters only one language has, by its small words. Pure.

It rather says nothing than something wrong: a wrong guess would stop an answer that is right.
"""

from __future__ import annotations

import re

ENOUGH = 12  # letters; a shorter text is a greeting or a number
CLEAR = 0.6  # share of one script
FOREIGN = 0.02  # share of letters that Russian has not, above which a Cyrillic text is not Russian
_NOISE = re.compile(r"https?://\S+|\S+@\S+|[#№]\S+|\b\S*\d\S*\b|\{\{.*?\}\}")
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)?")
_SCRIPTS = {
    "cyrillic": re.compile(r"[\u0400-\u052f]"),
    "latin": re.compile(r"[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]"),
    "hy": re.compile(r"[\u0530-\u058f]"),
    "ka": re.compile(r"[\u10a0-\u10ff\u1c90-\u1cbf]"),
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "kana": re.compile(r"[\u3040-\u30ff]"),  # Japanese shares its signs with Chinese
}
# letters that Russian has not, and who has them
_LETTERS = {
    "uk": "іїєґ", "be": "іў", "kk": "әғқңөұүһі", "ky": "ңөү", "tg": "ғӣқӯҳҷ", "tt": "әҗңөүһ", "uz": "ўқғҳ",
}  # fmt: skip
_NOT_RUSSIAN = frozenset("".join(_LETTERS.values()))
# letters by which one language is told from another that shares its alphabet
_OWN = {"uk": "їєґ", "be": "ў", "kk": "ұ", "tg": "ӣӯҷ", "tt": "җ", "uz": "ў"}
_WORDS = {
    "uk": "і та що не на до ми ви вас вам ваш ваше це як для від він є буде дякуємо добрий день замовлення",
    "be": "і што не на да мы вы вас вам ваш гэта як для ад ён ёсць будзе дзякуй добры дзень заказ калі",
    "kk": "және бұл сіз сіздің біз үшін деп емес бар жоқ қалай рахмет сәлеметсіз бе болады тапсырыс туралы",
    "ky": "жана бул сиз сиздин биз үчүн деп эмес бар жок кандай рахмат саламатсызбы болот буйрутма тууралуу",
    "tg": "ва ин шумо мо барои ки не аст нест чӣ ташаккур салом мешавад фармоиш дар аз ба бо",
    "tt": "һәм бу сез сезнең без өчен дип түгел бар юк ничек рәхмәт исәнмесез була заказ турында",
    "uz": "ва бу сиз сизнинг биз учун деб эмас бор йўқ қандай раҳмат салом бўлади буюртма ҳақида",
    "en": "the and to of you your we is are for in on it our will be this that have with not can please thank "
    "order hello dear from has as at was were been do i me my us if when by an or so",
    "az": "və bu siz sizin biz üçün deyil var yox necə sağ olun salam olar sifariş haqqında ilə bir",
    "uz-latin": "va bu siz sizning biz uchun emas bor yoʻq yo'q qanday rahmat salom boʻladi bo'ladi buyurtma "
    "haqida bilan assalomu alaykum",
}
_SMALL = {code: frozenset(words.split()) for code, words in _WORDS.items()}


def language_of(text: str) -> str:
    """A code of the languages a customer may prefer, or "" when the text does not say it clearly."""
    clean = _NOISE.sub(" ", text).lower()
    counts = {name: len(pattern.findall(clean)) for name, pattern in _SCRIPTS.items()}
    letters = sum(counts.values())
    script = max(counts, key=lambda name: counts[name])
    few = letters < (ENOUGH // 3 if script == "zh" else ENOUGH)
    if few or counts[script] < letters * CLEAR or counts["kana"]:
        return ""
    words = _WORD.findall(clean)
    if script == "cyrillic":
        return _cyrillic(clean, words, letters)
    if script == "latin":
        return _latin(words)
    return script


def _cyrillic(text: str, words: list[str], letters: int) -> str:
    foreign = sum(1 for sign in text if sign in _NOT_RUSSIAN)
    if foreign <= letters * FOREIGN:
        return "ru" if not foreign or len(words) > 10 else ""  # noqa: PLR2004 one foreign name in a long text
    present = set(text) & _NOT_RUSSIAN
    fits = [code for code, own in _LETTERS.items() if present <= set(own)]
    scores = {code: _score(code, text, words) for code in fits}
    return _best(scores) if len(fits) != 1 else fits[0]


def _score(code: str, text: str, words: list[str]) -> int:
    own = sum(1 for sign in text if sign in _OWN.get(code, ""))
    return 2 * own + sum(1 for word in words if word in _SMALL[code])


def _latin(words: list[str]) -> str:
    if not words:
        return ""
    hits = {code: sum(1 for word in words if word in _SMALL[code]) for code in ("en", "az", "uz-latin")}
    hits["az"] += sum(word.count("ə") for word in words)
    best = _best(hits)
    needed = max(2, len(words) * 0.15)
    return best.partition("-")[0] if best and hits[best] >= needed else ""


def _best(scores: dict[str, int]) -> str:
    """The highest, when it is the only one that high."""
    ranked = sorted(scores, key=lambda code: scores[code], reverse=True)
    if not ranked or not scores[ranked[0]]:
        return ""
    if len(ranked) > 1 and scores[ranked[1]] == scores[ranked[0]]:
        return ""
    return ranked[0]
