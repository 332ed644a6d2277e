"""Which encoding bytes are in: BOM, UTF-16 without BOM, UTF-8, then the Cyrillic single-byte families.

Pure. The feed engine uses the same judgement, so that both readers agree on what cp1251 looks like.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

BLOCK = 1 << 20
SAMPLE = 1 << 16
CYRILLIC = ("cp1251", "koi8-r", "cp866")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Share of the letters in Russian prose is far from even; the eleven commonest make about 65 % of it.
_COMMON = re.compile("[оеаинтсрвлк]")
_LETTER = re.compile("[а-яёА-ЯЁ]")
_ODD_CASE = re.compile("[а-яё][А-ЯЁ]")  # koi8-r read as cp1251 turns the cases over
_STRANGE = re.compile("[\u0080-\u009f\u2500-\u259f\u0400\u0402-\u040f\u0452-\u045f\ufffd]")
_HIGH = re.compile(rb"[\x80-\xff]")
MIXED = "otklik-mixed"  # name of the error handler below
_RUSSIAN = 0.25  # score above which bytes are Russian in a single-byte encoding
_SOME = 4  # letters
_MIN_GOOD = 0.9  # share of intact non-ASCII characters that makes a damaged file still UTF-8


def by_bom(head: bytes) -> str | None:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    return None


def utf16_without_bom(head: bytes) -> str | None:
    """Text mostly in Latin or Cyrillic has the high byte 00 or 04 in every second place."""
    even, odd = head[0:4096:2], head[1:4096:2]
    if not odd[1:]:
        return None
    if sum(byte in (0, 4) for byte in odd) > 0.9 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if sum(byte in (0, 4) for byte in even) > 0.9 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def cyrillic_score(text: str) -> float:
    """How much a decoding looks like Russian: common letters for it, turned cases and drawings against."""
    letters = len(_LETTER.findall(text))
    if not letters:
        return -float(len(_STRANGE.findall(text)))
    good = len(_COMMON.findall(text))
    bad = 3 * len(_ODD_CASE.findall(text)) + 3 * len(_STRANGE.findall(text))
    return (good - bad) / letters


def best_cyrillic(sample: bytes) -> tuple[str, float]:
    """The likeliest of cp1251, koi8-r, cp866 with its score (above 0.25 is convincing)."""
    scored = [
        (cyrillic_score(sample.decode(name, "replace")), -rank, name) for rank, name in enumerate(CYRILLIC)
    ]
    score, _, name = max(scored)
    return name, score


def _mostly_utf8(sample: bytes) -> bool:
    """True for UTF-8 with a few damaged bytes: throwing the whole file over to cp1251 would ruin the rest."""
    text = sample.decode("utf-8", "replace")
    foreign = sum(char > "\x7f" for char in text)
    return foreign > 0 and text.count("\ufffd") <= (1 - _MIN_GOOD) * foreign


def _mend(error: UnicodeError) -> tuple[str, int]:
    """Bytes in the midst of UTF-8 that are not: a line in cp1251 (files glued together), else one damaged byte."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, at = error.object, error.start
    end = data.find(b"\n", at)
    tail = data[at : end if end >= 0 else len(data)]
    if not _mostly_utf8(tail):
        text = tail.decode("cp1251", "replace")
        if cyrillic_score(text) > _RUSSIAN:
            return text, at + len(tail)
    return "\ufffd", at + 1


codecs.register_error(MIXED, _mend)


def _has_utf8_lines(sample: bytes) -> bool:
    """Some line is UTF-8 with Cyrillic, which no text of a single-byte encoding is by chance."""
    for line in sample.split(b"\n"):
        if _HIGH.search(line):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if len(_LETTER.findall(text)) >= _SOME:
                return True
    return False


def detect(blocks: Iterable[bytes]) -> str:
    """Encoding of a byte stream. Reads on until UTF-8 is refuted: Cyrillic may first stand on page 300.

    Returns a Python codec name; never raises. Memory: one block.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    first = True
    for block in blocks:
        if first:
            known = by_bom(block) or utf16_without_bom(block)
            if known:
                return known
            first = False
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return _single_byte(block)
    return "utf-8"


def _single_byte(block: bytes) -> str:
    found = _HIGH.search(block)
    at = max(0, found.start() - 1024) if found else 0
    sample = block[at : at + SAMPLE]
    if _mostly_utf8(sample):
        return "utf-8"
    best = best_cyrillic(sample)[0]
    # both in one file: the handler above reads the other lines
    return "utf-8" if best == "cp1251" and _has_utf8_lines(sample) else best
