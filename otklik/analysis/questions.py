"""Which text to ask a person about: where the machine is least sure, spread over fields and labels (active learning).

Every DRAWN-th question is a text drawn at random instead: only from those an honest agreement can be estimated,
because what people correct while working, and what the machine is unsure of, is wrong more often than the rest.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Count, Q

from otklik.analysis import labels, ports
from otklik.analysis.models import Correction, Reading
from otklik.kernel import clock
from otklik.kernel.errors import Invalid, NotFound

FIELDS = (
    "intent",
    "tone",
    "cause",
    "expects_reply",
    "severity",
    "urgency",
    "impact",
    "complexity",
    "abuse",
    "rumour",
    "safety",
    "lang",
)  # one label each: answered by one key; sets are corrected in the thread
POOL = 300  # newest readings looked at, and as many of the newest unsure ones
DRAWN = 4
SPREAD = 0.06  # worth that a question loses each time the words on this label of the machine's double
TURNS = 0.1  # the same for the answers that the queue has had on the field
DAYS = 30.0  # from which texts are drawn at random
TRIED = 20
SALT = "analysis.question"
Source = Correction.Source


@dataclass(frozen=True, slots=True)
class Question:
    """One field of one text. The machine's answer is not shown before the person's: it would be believed."""

    reading: Reading
    field: str
    source: str
    text: str

    @property
    def token(self) -> str:
        """Signed, so that the answer is kept under the source it was asked with."""
        return signing.dumps([self.reading.pk, self.field, str(self.source)], salt=SALT)

    @property
    def key(self) -> str:
        return f"{self.reading.pk}:{self.field}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a token names."""

    reading_id: int
    field: str
    source: str


def asked(token: str) -> Asked:
    """Raises Invalid when the token is none of ours."""
    try:
        return Asked(*signing.loads(token, salt=SALT))
    except (signing.BadSignature, TypeError) as error:
        raise Invalid(code="bad_question") from error


def after(
    organisation_id: int, number: int, *, field: str = "", skipped: Collection[str] = ()
) -> Question | None:
    """The next question for a person who has answered `number` of them; None when nothing is left to ask.

    `field`: only of this one; `skipped`: keys of questions the person has passed over.
    """
    fields = (field,) if field in FIELDS else FIELDS
    if number % DRAWN == DRAWN - 1:
        found = _first(organisation_id, _drawn(organisation_id, fields, skipped), Source.SAMPLED)
        if found is not None:
            return found
    return _first(organisation_id, _unsure(organisation_id, fields, skipped), Source.ASKED)


def _first(organisation_id: int, wanted: list[tuple[int, str]], source: str) -> Question | None:
    """The first whose text is still there."""
    for pk, field in wanted[:TRIED]:
        reading = Reading.objects.filter(pk=pk, organisation_id=organisation_id).first()
        find = ports.text_sources.get(reading.kind) if reading else None
        text = find([reading.object_id]).get(reading.object_id, "") if reading and find else ""
        if reading and text.strip():
            return Question(reading, field, source, text)
    return None


def page(question: Question) -> str:
    """Where the text stands among what was said before and after; empty when it stands nowhere."""
    reading = question.reading
    find = ports.pages_of.get(reading.kind)
    return find([reading.object_id]).get(reading.object_id, "") if find else ""


def subject(organisation_id: int, reading_id: int) -> Reading:
    """The reading a question is about. Raises NotFound."""
    found = Reading.objects.filter(pk=reading_id, organisation_id=organisation_id).first()
    if found is None:
        raise NotFound
    return found


def again(one: Correction) -> Question | None:
    """The question that an answer was given to."""
    return _first(one.organisation_id, [(one.reading_id, one.field)], one.source)


def _rows(organisation_id: int) -> Any:
    names = [f"data__{name}" for name in FIELDS]
    return Reading.objects.filter(organisation_id=organisation_id).values_list(
        "pk", "corrected", "data__confidence", "data__notes", *names
    )


def _drawn(organisation_id: int, fields: Collection[str], skipped: Collection[str]) -> list[tuple[int, str]]:
    """Texts and fields in an order of no meaning, from all readings of the last DAYS."""
    ids = Reading.objects.filter(organisation_id=organisation_id, read_at__gte=clock.ago(DAYS * 86400))
    ends = ids.order_by("pk").values_list("pk", flat=True)
    first, last = ends.first(), ends.last()
    if first is None or last is None:
        return []
    chance = random.SystemRandom()
    found = []
    for _try in range(TRIED):
        row = (
            _rows(organisation_id)
            .filter(pk__gte=chance.randint(first, last), pk__lte=last)
            .order_by("pk")
            .first()
        )
        if row is None or row[3]:
            continue
        field = chance.choice(sorted(fields))
        if field not in row[1] and f"{row[0]}:{field}" not in skipped:
            found.append((row[0], field))
    return found


def _unsure(organisation_id: int, fields: Collection[str], skipped: Collection[str]) -> list[tuple[int, str]]:
    """The least sure first; what was labelled often waits."""
    known = _labelled(organisation_id)
    newest = _rows(organisation_id).order_by("-pk")
    rows = {row[0]: row for some in (newest, newest.filter(unsure=True)) for row in some[:POOL]}
    found = []
    for pk, corrected, confidence, notes, *answers in rows.values():
        if notes:  # empty or unreadable
            continue
        for field, answer in zip(FIELDS, answers, strict=True):
            sure = (confidence or {}).get(field)
            if field not in fields or field in corrected or sure is None or f"{pk}:{field}" in skipped:
                continue
            worth = SPREAD * math.log2(1 + known.get((field, _label(answer)), 0))
            worth += TURNS * math.log2(1 + known.get((field, None), 0))
            found.append((sure + worth, -pk, field))
    return [(-pk, field) for _worth, pk, field in sorted(found)]


def _labelled(organisation_id: int) -> dict[tuple[str, str | None], int]:
    """How many words there are where the machine said so; for the whole field (None) those the queue has had."""
    found: dict[tuple[str, str | None], int] = {}
    asked = Count("id", filter=~Q(source=Source.SPOKEN))
    rows = labels.current(organisation_id).values("field", "said").annotate(number=Count("id"), asked=asked)
    for field, said, number, had in rows.order_by().values_list("field", "said", "number", "asked"):
        found[field, said] = number
        found[field, None] = found.get((field, None), 0) + had
    return found


def _label(answer: Any) -> str:
    """An answer of a stored reading as one label."""
    if isinstance(answer, list):
        return str(answer[0]["label"]) if answer else ""
    if isinstance(answer, dict):
        return str(answer["label"])
    return {True: "yes", False: "no"}.get(answer, str(answer)) if isinstance(answer, bool) else str(answer)


def given_today(organisation_id: int, user_id: int) -> int:
    """How many questions a person has answered in a day."""
    return (
        Correction.objects.filter(organisation_id=organisation_id, by_id=user_id, at__gte=clock.ago(86400))
        .exclude(source=Source.SPOKEN)
        .count()
    )


def last_given(organisation_id: int, user_id: int) -> Correction | None:
    """The person's last answer in this queue."""
    rows = Correction.objects.filter(organisation_id=organisation_id, by_id=user_id)
    return rows.exclude(source=Source.SPOKEN).select_related("reading").order_by("-pk").first()
