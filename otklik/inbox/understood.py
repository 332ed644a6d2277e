"""What was read in a message as screens show it: chips with their reason, and what a person may say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _

from otklik.analysis import queries, services, words
from otklik.analysis.engine import own, unread
from otklik.analysis.marks import NONE, SEVERAL
from otklik.analysis.second import filled
from otklik.analysis.taxonomy import Causes
from otklik.inbox.models import Conversation, Message
from otklik.inbox.subjects import KIND, text_of

SIGN = {"negative": "neg", "neutral": "neu", "positive": "pos", "mixed": "mix"}
ROWS = (
    "intent", "cause", "tone", "severity", "urgency", "complexity", "impact", "safety", "expects_reply", "emotions",
    "signals", "abuse", "rumour", "lang",
)  # fmt: skip
CHIPS = ("intent", "cause", "tone", "urgency", "abuse", "rumour", "signals")
PRESSING = ("P1", "P2")  # priorities that are shown
QUIET = {  # labels that need no chip
    **dict.fromkeys(("abuse", "rumour", "cause", "signals"), (NONE,)),
    "urgency": ("1", "2"),
    "intent": ("other",),
}
QUOTES = 4  # evidence quoted of one field
MOST = 7  # chips of a message; the rest is one step away


@dataclass(frozen=True, slots=True)
class Chip:
    """One label in sight. `why`: the reason in lines; `spans`: where it stands in the message's own text."""

    field: str
    text: str
    why: str
    spans: str = ""
    tone: str = ""
    icon: str = ""
    kind: str = ""  # danger, warning
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what stands, why, and the choices for a correction."""

    name: str
    title: str
    label: str  # the main one
    labels: tuple[str, ...]
    text: str
    quotes: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    percent: int | None  # of confidence
    unsure: bool
    corrected: bool
    second: bool  # said by the second opinion
    other: (
        str  # what the other of the two says, our own reading or the second opinion; "" when it says nothing
    )
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def several(self) -> bool:
        """A person says all of its labels at once."""
        return self.name in ("emotions", "signals")

    @property
    def why(self) -> str:
        """Title and label, the words that speak for it, how sure the machine is."""
        return _lines(f"{self.title}: {self.text}", self.quotes, self.source)

    @property
    def source(self) -> str:
        if self.corrected:
            return _("said by a person")
        sure = "" if self.percent is None else _("confidence %(percent)s %%") % {"percent": self.percent}
        beside = _("our own reading: %(label)s") if self.second else _("second opinion: %(label)s")
        other = beside % {"label": self.other} if self.other else ""
        return ", ".join(filter(None, (_("second opinion") if self.second else "", sure, other)))


@dataclass(frozen=True, slots=True)
class Understood:
    """A reading with its chips: how pressing, what it is, why, in which tone and towards whom."""

    message_id: int
    fields: tuple[Field, ...]
    every: tuple[Chip, ...]
    version: str
    priority: str
    objects: list[dict[str, Any]]
    short: bool = False  # of «да» and «вчера» nobody can say more

    @property
    def chips(self) -> tuple[Chip, ...]:
        return self.every if len(self.every) <= MOST else self.every[: MOST - 1]

    @property
    def rest(self) -> tuple[Chip, ...]:
        return self.every[len(self.chips) :]

    @property
    def unsure(self) -> list[Field]:
        return [] if self.short else [one for one in self.fields if one.unsure]


def of(messages: Sequence[Message], *, choices: bool = False) -> dict[int, Understood]:
    """Readings of customers' messages in two queries; what is not read yet is missing. `choices`: for correcting."""
    texts = {one.pk: (text_of(one.subject, one.text), one.text) for one in messages if one.direction == "in"}
    found = queries.of(KIND, list(texts))
    if not found:
        return {}
    causes = queries.causes(messages[0].organisation_id)
    return {pk: _understood(row, *texts[pk], causes, choices=choices) for pk, row in found.items()}


def _understood(row: Any, text: str, shown: str, causes: Causes, *, choices: bool) -> Understood:
    behind = len(text) - len(shown)  # the subject line before the text
    said: dict[str, list[str]] = {}
    for mark in row.marks.split():
        name, _sign, label = mark.partition(":")
        said.setdefault(name, []).append(label)
    fields = {
        name: _field(row, name, tuple(said.get(name, (NONE,))), text, behind, causes, choices=choices)
        for name in ROWS
    }
    chips = [*_pressing(row, fields), *_labels(fields, causes), *_objects(row, text, behind)]
    chips.sort(key=lambda one: one.field in ("signals", "abuse", "rumour") and one.kind == "")
    version = f"{row.read_at.timestamp():.0f}.{'-'.join(row.corrected)}.{crc32(row.marks.encode()):x}.{causes.number}"
    return Understood(
        row.object_id,
        tuple(fields.values()),
        tuple(chips),
        version,
        row.priority,
        row.data.get("objects") or [],
        unread.TOO_SHORT in row.data.get("notes", ()),
    )


def _field(  # noqa: PLR0913, PLR0917 one call site
    row: Any, name: str, labels: tuple[str, ...], text: str, behind: int, causes: Causes, *, choices: bool
) -> Field:
    corrected = name in row.corrected
    second = name in filled.filled(row.data) and not corrected
    # how sure a model outside says it is has been measured by nobody: only ours is shown
    confidence = None if corrected or second else row.data["confidence"].get(name)
    spans = () if corrected else (row.data["second"] if second else row.data)["evidence"].get(name, ())
    other = [own.said(row.data, name)] if second else filled.labels(row.data, name) or ()
    return Field(
        name=name,
        title=str(words.FIELDS[name]),
        label="" if labels[0] == NONE and name in SEVERAL else labels[0],
        labels=labels,
        text=", ".join(_word(name, one, causes) for one in labels),
        quotes=tuple(text[start:end] for start, end in spans[:QUOTES]),
        spans=_within(spans, behind),
        percent=round(confidence * 100) if confidence is not None else None,
        unsure=f" unsure:{name} " in row.marks,
        corrected=corrected,
        second=second,
        other=", ".join(_word(name, one or NONE, causes) for one in other),
        choices=tuple(services.labels_of(row.organisation_id, name).items()) if choices else (),
    )


def _word(name: str, label: str, causes: Causes) -> str:
    if name == "cause":
        return causes.title("" if label == NONE else label)
    if label == NONE and name in SEVERAL:
        return _("none")
    return words.value(name, label)


def _within(spans: Sequence[Sequence[int]], behind: int) -> tuple[tuple[int, int], ...]:
    """Places in the message's own text; what stands in the subject line has none there."""
    return tuple((start - behind, end - behind) for start, end in spans if start >= behind)


def _spans(places: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{start}-{end}" for start, end in places)


def _lines(first: str, quotes: Sequence[str], source: str) -> str:
    quoted = ", ".join(f"«{one}»" for one in dict.fromkeys(quotes))
    return "\n".join(filter(None, (first, quoted, source)))


def _pressing(row: Any, fields: Mapping[str, Field]) -> list[Chip]:
    """Priority, with what it follows from, and danger to people."""
    found = []
    if row.priority in PRESSING:
        because = "; ".join(
            f"{fields[name].title}: {fields[name].text}" for name in ("severity", "urgency", "impact")
        )
        why = _lines(f"{words.FIELDS['priority']}: {row.priority}", (), because)
        places = _spans([*fields["urgency"].spans, *fields["severity"].spans])
        found.append(Chip("priority", row.priority, why, places, icon="alert", kind="warning"))
    danger = fields["safety"]
    if row.safety:
        found.append(
            Chip("safety", danger.text, danger.why, _spans(danger.spans), icon="alert", kind="danger",
                 corrected=danger.corrected)
        )  # fmt: skip
    return found


def _labels(fields: Mapping[str, Field], causes: Causes) -> list[Chip]:
    found = []
    for name in CHIPS:
        one = fields[name]
        if one.unsure:
            continue
        for label in one.labels:
            if label in QUIET.get(name, ()):
                continue
            tone = SIGN.get(label, "") if name == "tone" else ""
            icon = f"tone-{tone}" if tone else ""
            text = _word(name, label, causes)
            found.append(Chip(name, text, one.why, _spans(one.spans), tone, icon, corrected=one.corrected))
    return found


def _objects(row: Any, text: str, behind: int) -> list[Chip]:
    """The tone towards each thing that is named, where it has one."""
    found = []
    for one in row.data.get("objects") or ():
        if one["tone"] == "neutral":
            continue
        word, sign = words.value("tone", one["tone"]), SIGN.get(one["tone"], "neu")
        spans = one.get("evidence") or ()
        sure = round(max(one["p"].values(), default=0) * 100)
        why = _lines(
            f"{_('Tone towards')} {one['name']}: {word}",
            [text[start:end] for start, end in spans[:QUOTES]],
            _("confidence %(percent)s %%") % {"percent": sure},
        )
        places = _spans(_within(spans, behind))
        found.append(Chip("object", f"{one['name']}: {word}", why, places, sign, f"tone-{sign}"))
    return found


@dataclass(frozen=True, slots=True)
class Glance:
    """What a line of the list shows: how pressing, the main cause or what it is, the tone."""

    message_id: int
    priority: str
    safety: bool
    text: str
    tone: str
    tone_text: str


def glances(rows: Sequence[Conversation]) -> dict[int, Glance]:
    """By conversation, in two queries; a field that the machine is not sure of is left out."""
    if not rows:
        return {}
    briefs = queries.briefs(KIND, [row.last_inbound_id for row in rows])
    causes = queries.causes(rows[0].organisation_id) if briefs else Causes()
    return {
        row.pk: _glance(row.last_inbound_id, briefs[row.last_inbound_id], causes)
        for row in rows
        if row.last_inbound_id in briefs
    }


def _glance(message_id: int, read: queries.Brief, causes: Causes) -> Glance:
    text = ""
    if read.cause and read.sure_of("cause"):
        text = causes.title(read.cause)
    elif read.sure_of("intent") and read.intent != "other":
        text = words.value("intent", read.intent)
    sure = read.sure_of("tone")
    return Glance(
        message_id,
        read.priority if read.priority in PRESSING else "",
        read.safety,
        text,
        SIGN.get(read.tone, "") if sure else "",
        words.value("tone", read.tone) if sure else "",
    )
