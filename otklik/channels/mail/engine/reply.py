"""Cut the visible reply from quotes and signature. Every line of the input goes to exactly one part.

Each line gets a letter: R reply, Q quoted, S signature. Quotes are found from the marks of mail
programs (`replymarks.py`); when nothing was written above an unmarked quote, or no quote was found,
doubt is decided for the person: what may be their words stays in the reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from otklik.channels.mail.engine import replymarks as marks
from otklik.channels.mail.engine.signature import fences, mark_signatures

MAX_LINES = 20_000
MAX_LINE = 2_000  # longer lines are prose: no mark is that long, and patterns need not see them
MAX_MARKS = 300  # looks that cost; a letter has a handful, a log may have a hundred thousand


@dataclass(frozen=True, slots=True)
class Reply:
    """Three parts of a text; blank lines go with what follows them."""

    reply: str
    quoted: str
    signature: str


def split(text: str) -> Reply:
    """Parts of `text` (`\\n` line ends), each with its lines in their own order."""
    lines, letters = _label(text)
    parts = {letter: "\n".join(_pick(lines, letters, letter)) for letter in "RQS"}
    return Reply(parts["R"], parts["Q"], parts["S"])


def cut(text: str) -> tuple[str, str]:
    """(new part, cut part): the cut part is signature and quotes in their own order, edges trimmed."""
    lines, letters = _label(text)
    rest = [line for line, letter in zip(lines, letters, strict=True) if letter != "R"]
    return _trim("\n".join(_pick(lines, letters, "R"))), _trim("\n".join(rest))


def _trim(text: str) -> str:
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n")


def _pick(lines: list[str], letters: list[str], wanted: str) -> list[str]:
    return [line for line, letter in zip(lines, letters, strict=True) if letter == wanted]


def _label(text: str) -> tuple[list[str], list[str]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # Beyond the limit lines follow the last decided one: such mails are logs, not letters.
    looked = [line if len(line) <= MAX_LINE else line[:80] + "…" for line in lines[:MAX_LINES]]
    letters = _quotes(looked)
    mark_signatures(looked, letters)
    _never_empty(looked, letters)
    letters += [letters[-1] if letters else "R"] * (len(lines) - len(looked))
    _place_blanks(lines, letters)
    return lines, letters


# --- quotes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of all lines before the walk; sets keep the first MAX_MARKS only."""

    lines: list[str]
    initials: bool
    ends: frozenset[int]  # lines on which an attribution may end
    labels: frozenset[int]  # «От: …» lines


def _look(lines: list[str]) -> Look:
    ends = [index for index, line in enumerate(lines) if marks.may_end_attribution(line)]
    labels = [index for index, line in enumerate(lines) if marks.label_of(line) is not None]
    return Look(lines, _uses_initials(lines), frozenset(ends[:MAX_MARKS]), frozenset(labels[:MAX_MARKS]))


def _quotes(lines: list[str]) -> list[str]:
    fenced = fences(lines)
    letters = ["R"] * len(lines)
    look = _look(lines)
    initials = look.initials
    place = 0
    while place < len(lines):
        if fenced[place]:
            place += 1
            continue
        end, whole = _mark_at(look, place)
        if end and whole and not _doubtful(look, letters, place, end):
            letters[_with_rules(lines, place) :] = ["Q"] * (len(lines) - _with_rules(lines, place))
            return letters
        if end:
            letters[place:end] = ["Q"] * (end - place)
            place = end
        elif _is_quoted(lines[place], initials) or _is_wrapped(lines, letters, place, initials):
            letters[place] = "Q"
            place += 1
        elif marks.is_mobile_signature(lines[place]) and _written(lines, letters, place):
            place = _after_mobile(look, letters, place)
        else:
            place += 1
    return letters


def _is_quoted(line: str, initials: bool) -> bool:
    start = line.lstrip(" \t\xa0")
    return start.startswith((">", "&gt;")) or (initials and bool(marks.INITIALS.match(line)))


def _uses_initials(lines: list[str]) -> bool:
    """The Bat! quotes as «ИИ> текст»; one such line may be anything, two are a habit."""
    return sum(1 for line in lines if marks.INITIALS.match(line)) >= 2


def _mark_at(look: Look, place: int) -> tuple[int, bool]:
    """(line after a quote's announcement or 0, whether everything below belongs to the quote)."""
    line = look.lines[place]
    if not line.strip():
        return 0, False
    if marks.SEPARATOR.match(line) or marks.PHRASE.match(line) or marks.ZOHO.match(line):
        return place + 1, True
    if marks.REPLY_ABOVE.match(line):
        return place + 1, True
    end = _header_block(look, place)
    if end:
        return end, True
    return _attribution(look, place)


def _attribution(look: Look, place: int) -> tuple[int, bool]:
    """«…, Иван <ivan@example.ru> пишет:», wrapped over up to five lines."""
    lines, initials, joined = look.lines, look.initials, ""
    for end in range(place + 1, min(place + 6, len(lines) + 1)):
        line = lines[end - 1]
        if not line.strip() or (_is_quoted(line, initials) and not line.strip().endswith(">:")):
            break
        if len(joined) > marks.MAX_ATTRIBUTION:
            break
        joined = f"{joined} {line.strip().removeprefix('> ') if end > place + 1 else line.strip()}"
        if end - 1 not in look.ends:
            continue
        below = next((item for item in lines[end : end + 4] if item.strip()), "")
        quoted = _is_quoted(below, initials)
        if marks.is_attribution(joined, quote_follows=quoted):
            return (0, False) if _starts_later(lines, place, end, quoted) else (end, not quoted)
    return 0, False


def _starts_later(lines: list[str], place: int, end: int, quoted: bool) -> bool:
    """Whether lines[place] is still the person's: «Привет,» above «On Tue, 1 Mar, X wrote:»."""
    lead = bool(marks.LEAD.match(lines[place].strip()))
    for start in range(place + 1, end):
        line = lines[start].strip()
        dated = marks.LEAD.match(line) and marks.has_date(line)
        if (dated or not lead) and marks.is_attribution(" ".join(lines[start:end]), quote_follows=quoted):
            return True
    return False


def _header_block(look: Look, place: int) -> int:
    """End of «От: … Отправлено: … Кому: … Тема: …»; 0 if it is not one. Values may wrap."""
    if place not in look.labels:
        return 0
    lines = look.lines
    seen: dict[str, str] = {}
    end, strangers = place, 0
    for index in range(place, min(place + 16, len(lines))):
        found = marks.label_of(lines[index])
        if found:
            seen.setdefault(found[0], found[1])
            end, strangers = index + 1, 0
        elif not lines[index].strip():
            if len(seen) >= 2 and index > place:
                break
        else:
            strangers += 1
            wrapped = "@" in lines[index] or lines[index].startswith((" ", "\t"))
            if strangers > (3 if wrapped else 1):
                break
    if _believable(lines, place, seen):
        return end
    # The app of Yandex: a rule, «Кому: …;», «Тема: …;», and then its usual «date, name, address:».
    return (
        end if len(seen) == 2 and "to" in seen and _ruled(lines, place) and _attribution(look, end)[0] else 0
    )


def _believable(lines: list[str], place: int, seen: dict[str, str]) -> bool:
    """Enough labels, and something only a program writes: an address, a date, a rule above."""
    block = " ".join(lines[place : place + 12])
    evidence = "@" in block or marks.has_date(" ".join(seen.values()))
    ruled = _ruled(lines, place)
    if "from" not in seen:
        return len(seen) >= 3 and evidence and ruled
    if len(seen) >= 3:
        return evidence or ruled
    return len(seen) == 2 and evidence and (ruled or "@" in seen["from"]) and "subject" in seen


def _ruled(lines: list[str], place: int) -> bool:
    above = next((lines[i] for i in range(place - 1, max(-1, place - 4), -1) if lines[i].strip()), "")
    return bool(marks.RULE.match(above) or marks.SEPARATOR.match(above))


def _with_rules(lines: list[str], place: int) -> int:
    """The first line of the rules («_____», «====») drawn right above a quote's header."""
    start = place
    for index in range(place - 1, max(-1, place - 4), -1):
        if marks.RULE.match(lines[index]):
            start = index
        elif lines[index].strip():
            break
    return start


def _doubtful(look: Look, letters: list[str], place: int, end: int) -> bool:
    """«X wrote:» on top of an unmarked text, with nothing above: the text may be the answer itself."""
    lines = look.lines
    if marks.SEPARATOR.match(lines[place]) or marks.PHRASE.match(lines[place]) or _header_block(look, place):
        return False
    return not _written(lines, letters, place) and any(line.strip() for line in lines[end:])


def _written(lines: list[str], letters: list[str], place: int) -> bool:
    """Whether the person wrote anything above `place`."""
    return any(
        letters[i] == "R" and lines[i].strip() and not marks.RULE.match(lines[i]) for i in range(place)
    )


def _is_wrapped(lines: list[str], letters: list[str], place: int, initials: bool) -> bool:
    """The broken-off end of a long quoted line: right between two quoted lines, beginning in lower case."""
    if place == 0 or place + 1 >= len(lines) or letters[place - 1] != "Q":
        return False
    line, before = lines[place].strip(), lines[place - 1].rstrip()
    if (
        not line[:1].islower()
        or not _is_quoted(lines[place + 1], initials)
        or not _is_quoted(before, initials)
    ):
        return False
    return len(before) >= 55 and not before.endswith(("?", "!", ":")) and _written(lines, letters, place - 1)


def _after_mobile(look: Look, letters: list[str], place: int) -> int:
    """A phone's signature: below it stands nothing, a marked quote, or a quote without any mark."""
    lines = look.lines
    letters[place] = "S"
    for index in range(place + 1, len(lines)):
        if marks.POSTSCRIPT.match(lines[index]):
            return index
        if _mark_at(look, index)[0] or _is_quoted(lines[index], False) or marks.DASHES.match(lines[index]):
            return index
        if marks.is_mobile_signature(lines[index]):
            return index
        if lines[index].strip():
            letters[index] = "Q"
    return len(lines)


# --- the last word ----------------------------------------------------------------------------------


def _never_empty(lines: list[str], letters: list[str]) -> None:
    """A text without any quote is somebody's words, even if it looks like a signature only."""
    if "Q" in letters or any(
        letter == "R" and line.strip() for line, letter in zip(lines, letters, strict=True)
    ):
        return
    for index, line in enumerate(lines):
        automatic = marks.is_mobile_signature(line) or marks.DASHES.match(line) or marks.FOOTER.match(line)
        if letters[index] == "S" and line.strip():
            if automatic:
                return
            letters[index] = "R"


def _place_blanks(lines: list[str], letters: list[str]) -> None:
    """A blank line goes with the next line that is not blank; at the end, with the last."""
    following = ""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].strip():
            following = letters[index]
        elif following:
            letters[index] = following
    last = next((letters[i] for i in range(len(lines) - 1, -1, -1) if lines[i].strip()), "R")
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].strip():
            break
        letters[index] = last
