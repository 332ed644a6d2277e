"""Where a signature begins: dashes, «С уважением, …», «Отправлено с …», a visiting card, small print."""

from __future__ import annotations

from otklik.channels.mail.engine import replymarks as marks

SIGNATURE_LINES = 12
SIGNATURE_REACH = 60  # lines from the end in which a signature (and a postscript) may begin
MAX_ARMOURS = 300


def fences(lines: list[str]) -> list[bool]:
    """Lines inside ``` blocks: code, in which nothing is a mark. An unclosed fence is no fence."""
    ticks = [index for index, line in enumerate(lines) if line.lstrip().startswith("```")]
    inside = [False] * len(lines)
    for start, end in zip(ticks[::2], ticks[1::2], strict=False):
        inside[start : end + 1] = [True] * (end + 1 - start)
    return inside


def mark_signatures(lines: list[str], letters: list[str]) -> None:
    """Look at the end of the first and of the last stretch of the person's own lines."""
    _pgp_signatures(lines, letters)
    stretches = _stretches(lines, letters)
    for start, end in {stretches[0], stretches[-1]} if stretches else set():
        first = _signature_start(lines, start, end)
        if (
            first >= 0
            and not any(map(str.strip, lines[start:first]))
            and marks.is_mobile_signature(lines[first])
        ):
            # Written below the phone's signature instead of above it.
            letters[first] = "S"
            first = _signature_start(lines, first + 1, end)
        last = end
        if first < 0:
            continue
        for index in range(first + 1, end):
            if marks.POSTSCRIPT.match(lines[index]):
                last = index
                break
        letters[first:last] = ["S"] * (last - first)


def _pgp_signatures(lines: list[str], letters: list[str]) -> None:
    ends = [index for index, line in enumerate(lines) if marks.PGP_SIGNATURE.match(line)]
    for begin, end in zip(ends[:MAX_ARMOURS], ends[1 : MAX_ARMOURS + 1], strict=False):
        if "BEGIN" in lines[begin] and "END" in lines[end]:
            letters[begin : end + 1] = ["S"] * (end + 1 - begin)


def _stretches(lines: list[str], letters: list[str]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    start = -1
    for index, letter in enumerate([*letters, "Q"]):
        if letter == "R" and start < 0:
            start = index
        elif letter != "R" and start >= 0:
            if any(line.strip() for line in lines[start:index]):
                out.append((start, index))
            start = -1
    return out


def _signature_start(lines: list[str], start: int, end: int) -> int:
    """First line of the signature in lines[start:end], or -1."""
    fenced = fences(lines[start:end])
    own = [index for index in range(start, end) if lines[index].strip()]
    for place, index in enumerate(own):
        far = len(own) - place > SIGNATURE_REACH
        if fenced[index - start] or (far and lines[index] != "-- "):
            continue
        below = [lines[i] for i in own[place + 1 : place + 2 + SIGNATURE_REACH]]
        if _opens(lines, index, below, first=place == 0):
            return index
    return -1


def _opens(lines: list[str], index: int, below: list[str], *, first: bool) -> bool:
    """`below` is what follows up to the end, without blank lines."""
    line = lines[index]
    if line.rstrip() == "--" and line in ("-- ", "--"):
        return bool(below) and (line == "-- " or _card(below)) or not below
    if marks.DASHES.match(line):
        if not first and lines[index - 1].strip():
            return False  # a rule under a heading or inside a table, a dash in a list
        return bool(below) and _card(below) and len(below) <= 8 and _is_card_rule(line, below)
    if marks.FOOTER.match(line) or marks.is_mobile_signature(line):
        return _card(below)
    if marks.is_closing(line):
        return _card(below) and not (first and not below)
    if first:
        return False
    before = lines[index - 1].strip() if index else ""
    return not before and _opens_paragraph(line, below)


def _opens_paragraph(line: str, below: list[str]) -> bool:
    """Small print, «-Иван», or a visiting card, right below a blank line."""
    if marks.DISCLAIMER.match(" ".join([line, *below[:6]])):
        return len(below) <= SIGNATURE_LINES
    if marks.DASH_NAME.match(line):
        return _card(below)
    return bool(marks.PERSON.match(line)) and _is_visiting_card(below)


def _card(below: list[str]) -> bool:
    """Only short lines that are no sentences: name, post, company, phones. A postscript ends it."""
    own = []
    for place, line in enumerate(below):
        if marks.POSTSCRIPT.match(line):
            break
        if marks.DISCLAIMER.match(" ".join(below[place : place + 6])):
            if len(below) - place > SIGNATURE_LINES:
                return False  # more than small print stands below
            break
        own.append(line)
    return len(own) <= SIGNATURE_LINES and all(
        len(line) <= 120 and not marks.is_sentence(line) for line in own
    )


def _is_card_rule(line: str, below: list[str]) -> bool:
    """A drawn line opens a signature only above contacts; «—» and «__» also above a short name."""
    if any(marks.CONTACT.search(item) for item in below):
        return True
    named = line.strip() in ("—", "–", "__") or bool(marks.PERSON.match(below[0]))
    return named and len(below) <= 4 and all(len(item) <= 40 for item in below)


def _is_visiting_card(below: list[str]) -> bool:
    """After a name line: at least two more lines, one of them a contact, none a sentence."""
    return 2 <= len(below) <= 8 and _card(below) and any(marks.CONTACT.search(item) for item in below)
