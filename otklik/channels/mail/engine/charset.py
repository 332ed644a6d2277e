"""Bytes to text when the label is missing or lies.

Order of belief: a byte order mark, valid multi-byte UTF-8, then the letters themselves. Russian mail
lives in five single-byte charsets that are all "valid" for any bytes, so the choice is made by how
usual the pairs of letters are (`letters.py`), never by what the header says alone.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from charset_normalizer import from_bytes

from otklik.channels.mail.engine.letters import ALPHABET, PAIRS

CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "cp866", "mac-cyrillic", "iso8859-5")
PRIOR = {"cp1251": 0.5, "koi8-r": 0.4, "koi8-u": 0.0, "cp866": 0.0, "mac-cyrillic": -0.3, "iso8859-5": -0.3}
# Labels that programs write without knowing: nothing is believed about the bytes behind them.
SAYS_NOTHING = frozenset({"", "ascii", "latin-1", "cp1252", "utf-8", "iso8859-1"})
UNSAFE_CODECS = frozenset(
    {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"}
)
ASCII_DRESS = ("utf-7", "hz")  # charsets that hide their letters in ASCII
SAMPLE = 4096
PURE = 6.5  # Russian text in one charset reads better than this
MAX_LOOKED_LINES = 500
BELIEVE_LABEL = 0.6  # how much better (mean per pair) another charset must read to overrule a Cyrillic label

EDGE, BAD, LATIN = 32, 33, 34
TYPOGRAPHY = frozenset("«»—–…№„“”‘’•°©®§€\xa0·")
ODD = frozenset("„“”‘’•°©®§€·")  # possible, but more often a letter of another charset
LOOKALIKE = {"ё": "е", "і": "и", "ї": "и", "є": "е", "ґ": "г", "ў": "у"}
ALIASES = {
    "utf8": "utf-8", "utf8mb4": "utf-8", "unicode11utf8": "utf-8", "unicode11utf7": "utf-7",
    "koi8": "koi8-r", "koi8r": "koi8-r", "koi8u": "koi8-u", "koi8ru": "koi8-u", "1251": "cp1251",
    "win": "cp1251",
    "xmaccyrillic": "mac-cyrillic", "maccyrillic": "mac-cyrillic", "macukrainian": "mac-cyrillic",
    "ksc56011987": "cp949", "ksc5601": "cp949", "euckr": "cp949", "gb2312": "gb18030", "gbk": "gb18030",
    "shiftjis": "cp932", "sjis": "cp932", "iso88591": "cp1252", "latin1": "cp1252", "iso88598i": "iso8859-8",
    "usascii": "ascii", "ansix341968": "ascii", "ascii": "ascii",
    "dos866": "cp866", "ibm866": "cp866", "866": "cp866", "alt": "cp866",
}  # fmt: skip
CODE_PAGE = re.compile(r"^(?:x)?(?:cp|windows|win|ms|mswin|dos|ibm)0*(\d{3,4})$")


@dataclass(frozen=True, slots=True)
class Decoded:
    """`trouble` is "" or a problem code: charset_unknown, charset_wrong, charset_damaged."""

    text: str
    charset: str
    trouble: str = ""


@lru_cache(maxsize=512)
def codec_name(label: str) -> str | None:
    """Python's name of a charset label as mail programs spell it, "" for no label, None if unknown."""
    plain = label.strip().strip("\"'<>;").lower()
    if not plain:
        return ""
    squeezed = re.sub(r"[^a-z0-9]", "", plain)
    page = CODE_PAGE.match(squeezed)
    name = ALIASES.get(squeezed) or (f"cp{page[1]}" if page else plain)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name.replace("_", "-") in UNSAFE_CODECS:
        return None
    return info.name if name not in CYRILLIC else name


def decode(data: bytes, label: str | None = None) -> Decoded:
    """Text of `data`; never raises, never loses a byte silently (see `Decoded.trouble`)."""
    name = codec_name(label or "")
    if (
        data.isascii()
        and b"\x1b" not in data
        and (name is None or not name.startswith(("utf-16", "utf-32", *ASCII_DRESS)))
    ):
        return Decoded(data.decode("ascii"), "ascii")
    marked = _by_mark(data)
    if marked:
        return marked
    text = _strict(data, "utf-8")
    if text is not None and not (name or "").startswith(("iso2022", *ASCII_DRESS)):
        return Decoded(text, "utf-8", _named(name, "utf-8", label))
    if name and name not in SAYS_NOTHING and name not in CYRILLIC:
        found = _strict(data, name)
        if found is not None:
            return Decoded(found, name)
    return _mixed(data, name, label) or _guess(data, name, label)


def _named(name: str | None, real: str, label: str | None) -> str:
    if name is None:
        return "charset_unknown"
    return "" if name == real or not (label or "").strip() else "charset_wrong"


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError, LookupError, OverflowError):
        return None


def _by_mark(data: bytes) -> Decoded | None:
    if data.startswith(codecs.BOM_UTF8):
        text = data.decode("utf-8-sig", "replace")
        return Decoded(text, "utf-8", "charset_damaged" if "\ufffd" in text else "")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(data) % 2 == 0:
        found = _strict(data, "utf-16")
        if found is not None:
            return Decoded(found, "utf-16")
    return None


MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
RUSSIAN_PAIR = re.compile(rb"[\xd0\xd1][\x80-\xbf]")
HIGH = re.compile(rb"[\x80-\xff]")
HIGH_RUN = re.compile(rb"([A-Za-z]?)[\x80-\xff]+([A-Za-z]?)")


def _mixed(data: bytes, name: str | None, label: str | None) -> Decoded | None:
    """UTF-8 with damage, or UTF-8 lines beside lines of another charset; None if it is not UTF-8 at all."""
    valid = sum(len(found) for found in MULTI_BYTE.findall(data))
    high = len(HIGH.findall(data))
    cyrillic = 2 * len(RUSSIAN_PAIR.findall(data))
    # Other charsets form multi-byte sequences by chance, but hardly ever those of Russian letters.
    if not (cyrillic > 2 and cyrillic >= high * 0.2) and not (valid >= 30 and valid >= high * 0.8):
        return None
    if high - valid <= max(2, high // 20) and _truncated_only(data):
        return Decoded(data.decode("utf-8", "replace"), "utf-8", "charset_damaged")
    out = []
    for line in data.split(b"\n"):
        text = _strict(line, "utf-8")
        out.append(text if text is not None else _line(line, name, label))
    return Decoded("\n".join(out), "utf-8", "charset_damaged")


def _line(line: bytes, name: str | None, label: str | None) -> str:
    """One line that is not UTF-8: damaged UTF-8 if most of it is, otherwise another charset."""
    valid = sum(len(found) for found in MULTI_BYTE.findall(line))
    if valid * 2 >= len(HIGH.findall(line)):
        return line.decode("utf-8", "replace")
    return _guess(line, name, label).text


def _truncated_only(data: bytes) -> bool:
    """No run of lone high bytes long enough to be a word of another charset."""
    rest = MULTI_BYTE.sub(b" ", data)
    return max((len(run) for run in re.findall(rb"[\x80-\xff]+", rest)), default=0) <= 3


def _guess(data: bytes, name: str | None, label: str | None) -> Decoded:
    if _is_western(data):
        return _western(data, name, label)
    ranked = sorted(((score(data, c), c) for c in CYRILLIC), reverse=True)
    best_score, best = ranked[0]
    patched = _patchwork(data, best) if best_score < PURE and b"\n" in data else None
    if patched is not None:
        return Decoded(patched, best, "charset_damaged")
    if name in CYRILLIC:
        own = score(data, name)
        if own >= best_score - BELIEVE_LABEL:
            return Decoded(data.decode(name, "replace"), name)
    if best_score < 2.0:
        return _foreign(data, name, label)
    return Decoded(data.decode(best, "replace"), best, _named(name, best, label))


def _patchwork(data: bytes, best: str) -> str | None:
    """Lines in different single-byte charsets (an answer above a quote of another program), or None."""
    out, foreign, looked = [], 0, 0
    for line in data.split(b"\n"):
        chosen = best
        if looked < MAX_LOOKED_LINES and len(HIGH.findall(line[:SAMPLE])) >= 12:
            looked += 1
            worth, other = max((score(line, name), name) for name in CYRILLIC)
            if other != best and worth >= PURE - 0.5 and worth - score(line, best) >= 2.0:
                chosen, foreign = other, foreign + 1
        out.append(line.decode(chosen, "replace"))
    return "\n".join(out) if foreign else None


def _is_western(data: bytes) -> bool:
    """Most high bytes stand inside Latin words: für, café."""
    runs = HIGH_RUN.findall(data[:SAMPLE])
    inside = sum(1 for before, after in runs if before or after)
    return bool(runs) and inside * 2 > len(runs)


def _western(data: bytes, name: str | None, label: str | None) -> Decoded:
    chosen = name if name and name not in CYRILLIC and name not in {"ascii", "utf-8", "utf-7"} else "cp1252"
    text = _strict(data, chosen)
    if text is None:
        chosen, text = "latin-1", data.decode("latin-1")
    return Decoded(text, chosen, _named(name, chosen, label) if name not in SAYS_NOTHING else "")


def _foreign(data: bytes, name: str | None, label: str | None) -> Decoded:
    """Neither Russian nor Western: the label if it can be read at all, then charset-normalizer."""
    if name and name not in {"ascii", "utf-8"}:
        return Decoded(data.decode(name, "replace"), name, "charset_damaged")
    try:
        match = from_bytes(data[:SAMPLE]).best()
    except Exception:  # the detector is third-party code on hostile bytes: any failure means "no idea"
        match = None
    if match is not None:
        text = _strict(data, match.encoding)
        if text is not None:
            return Decoded(text, match.encoding, _named(name, match.encoding, label))
    return Decoded(data.decode("cp1252", "replace"), "cp1252", "charset_damaged")


@lru_cache(maxsize=8)
def _tables(name: str) -> tuple[bytes, bytes]:
    """Per byte: class of letter (0–31, EDGE, BAD, LATIN) and case (0 none, 1 lower, 2 upper, 3 odd sign)."""
    classes, cases = bytearray(256), bytearray(256)
    for byte in range(256):
        char = bytes([byte]).decode(name, "replace")
        low = LOOKALIKE.get(char.lower(), char.lower())
        if low in ALPHABET:
            classes[byte] = ALPHABET.index(low)
            cases[byte] = 1 if char == char.lower() else 2
        elif byte < 128:
            classes[byte] = LATIN if char.isalpha() else EDGE
        else:
            classes[byte] = EDGE if char in TYPOGRAPHY else BAD
            cases[byte] = 3 if char in ODD else 0
    return bytes(classes), bytes(cases)


DIGITS = tuple(tuple(int(char) for char in row) for row in PAIRS)


@lru_cache(maxsize=4096)
def _worth(a: int, b: int) -> float:
    if BAD in (a, b):
        return -5.0
    if LATIN in (a, b):
        return 1.0
    digit = DIGITS[a][b]
    return digit if digit else -4.0  # a pair never seen says more than a rare one


def score(data: bytes, name: str) -> float:
    """How Russian `data` reads in charset `name`: about 7 for real text, below 4 for the wrong charset.

    The prior counts in short texts only: there the letters decide little.
    """
    classes, cases = _tables(name)
    sample = b" " + data[:SAMPLE] + b" "
    kinds, case = sample.translate(classes), sample.translate(cases)
    total, pairs = 0.0, 0
    for (a, b), count in Counter(zip(kinds, kinds[1:], strict=False)).items():
        if (a >= EDGE and b >= EDGE and BAD not in (a, b)) or (a == LATIN and b == LATIN):
            continue
        total += _worth(a, b) * count
        pairs += count
    if not pairs:
        return 0.0
    # Wrong charsets swap the case: "яОЮЯ" has capitals inside words, or is all capitals.
    total -= 7.0 * _overlapping(case, b"\x01\x02") + 1.2 * _overlapping(case, b"\x02\x02")
    total -= 2.0 * case.count(b"\x03")
    return total / pairs + PRIOR[name] * max(0.5, min(1.0, 12 / pairs))


def _overlapping(data: bytes, pair: bytes) -> int:
    if pair[0] != pair[1]:
        return data.count(pair)
    return sum(len(run) - 1 for run in re.findall(re.escape(pair[:1]) + rb"+", data))
