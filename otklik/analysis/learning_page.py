"""What the page of learning shows, made of the reads in `labels`: shares with their intervals, a chart, a matrix."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from otklik.accounts import queries as accounts
from otklik.analysis import labels, queries, words
from otklik.analysis.engine.own import BETWEEN, FIELDS, SEVERAL
from otklik.analysis.models import ModelVersion, Reading, Rereading, Training
from otklik.maths.proportion import wilson

ENOUGH = 30  # texts below which a count is shown, not a percentage
WIDE, HIGH = 640, 120  # of the chart
SHADES = 4
LARGEST = 14  # labels of a matrix; the rest stand in a list of mistakes only
MOST_STALE = 10_000  # counted
VERSIONS = 20  # of a page


@dataclass(frozen=True, slots=True)
class Share:
    """How often the machine was right."""

    right: int
    of: int

    @property
    def percent(self) -> int | None:
        """None when too few were counted."""
        return round(100 * self.right / self.of) if self.of >= ENOUGH else None

    @property
    def low(self) -> int:
        return round(100 * wilson(self.right, self.of)[0])

    @property
    def high(self) -> int:
        return round(100 * wilson(self.right, self.of)[1])


@dataclass(frozen=True, slots=True)
class Row:
    """One field of the overview."""

    field: str
    title: str
    drawn: Share
    worked: Share
    labels: int
    fresh: int
    version: ModelVersion | None  # in use


def overview(organisation_id: int, base: str) -> list[Row]:
    """Every field that people may correct, those with labels first. `base`: version of the shipped models."""
    counted, fresh = labels.agreement(organisation_id), labels.fresh(organisation_id)
    in_use = {
        one.field: one
        for one in labels.versions(organisation_id).filter(state=ModelVersion.State.ACTIVE, base=base)
    }
    nothing = labels.Agreement(0, 0, 0, 0)
    found = []
    for field in FIELDS:
        one = counted.get(field, nothing)
        found.append(
            Row(
                field,
                str(words.FIELDS[field]),
                Share(one.drawn_right, one.drawn),
                Share(one.worked_right, one.worked),
                one.drawn + one.worked,
                fresh.get(field, 0),
                in_use.get(field),
            )
        )
    return sorted(found, key=lambda row: row.labels == 0)


@dataclass(frozen=True, slots=True)
class Dot:
    """A week in the chart; whole numbers, because no language writes them otherwise."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Week:
    """A week in the table beside the chart."""

    at: datetime
    drawn: Share
    worked: Share


@dataclass(frozen=True, slots=True)
class Chart:
    """Agreement by week: `drawn` and `worked` are dots, the lines go through them."""

    drawn: list[Dot]
    worked: list[Dot]
    weeks: list[Week]

    @property
    def first(self) -> datetime:
        return self.weeks[0].at

    @property
    def last(self) -> datetime:
        return self.weeks[-1].at

    @property
    def drawn_line(self) -> str:
        return _line(self.drawn)

    @property
    def worked_line(self) -> str:
        return _line(self.worked)


def _line(dots: list[Dot]) -> str:
    return " ".join(f"{dot.x},{dot.y}" for dot in dots)


def chart(weeks: list[tuple[datetime, labels.Agreement]]) -> Chart | None:
    """None when there is no week to show."""
    if not weeks:
        return None
    first, last = weeks[0][0], weeks[-1][0]
    span = max((last - first).days, 7)

    def dots(kind: str) -> list[Dot]:
        found = []
        for week, one in weeks:
            share = Share(getattr(one, f"{kind}_right"), getattr(one, kind))
            if share.of:
                x = round(WIDE * (week - first).days / span) if first != last else WIDE // 2
                found.append(Dot(x, round(HIGH * (1 - share.right / share.of))))
        return found

    rows = [
        Week(week, Share(one.drawn_right, one.drawn), Share(one.worked_right, one.worked))
        for week, one in weeks
    ]
    return Chart(dots("drawn"), dots("worked"), rows)


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair of labels: how many texts, how dark, and whether machine and person agree."""

    number: int
    shade: int
    agreed: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows: what the machine said; columns: what people said. `mistakes`: the commonest, in words."""

    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    mistakes: list[tuple[str, str, int]]


def matrix(organisation_id: int, field: str) -> Matrix:
    """Confusion of a field over all labels; of sets only the commonest mistakes."""
    found = labels.confusion(organisation_id, field)
    titles = Titles(organisation_id, field)
    wrong = sorted(
        ((said, right, number) for (said, right), number in found.items() if said != right),
        key=lambda one: -one[2],
    )
    mistakes = [(titles(said), titles(right), number) for said, right, number in wrong[:10]]
    totals: dict[str, int] = defaultdict(int)
    for (said, right), number in found.items():
        totals[said] += number
        totals[right] += number
    shown = sorted(totals, key=lambda label: -totals[label])[:LARGEST]
    if field in SEVERAL or not shown:
        return Matrix([], [], mistakes)
    top = max(found.values())
    rows = []
    for said in shown:
        cells = [found.get((said, right), 0) for right in shown]
        rows.append(
            (
                titles(said),
                [
                    Cell(number, -(-SHADES * number // top), said == right)
                    for right, number in zip(shown, cells, strict=True)
                ],
            )
        )
    return Matrix([titles(right) for right in shown], rows, mistakes)


class Titles:
    """Labels of a field in words; of sets all members."""

    def __init__(self, organisation_id: int, field: str) -> None:
        self.field = field
        self.known: dict[str, Any] = dict(queries.labels(organisation_id, field))

    def __call__(self, label: str) -> str:
        label = labels.of_models(self.field, label)
        if self.field in SEVERAL:
            return ", ".join(str(self.known.get(one, one)) for one in label.split(BETWEEN) if one) or "–"
        return str(self.known.get(label, label))


def learnt_words(
    organisation_id: int, version: ModelVersion | None
) -> list[tuple[str, list[tuple[str, int]]]]:
    """Words that speak for a label since the version in use, by label."""
    if version is None:
        return []
    titles = Titles(organisation_id, version.field)
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for one in version.card.get("words", ()):
        found[titles(one["label"])].append((one["word"], one["texts"]))
    return list(found.items())


@dataclass(frozen=True, slots=True)
class Version:
    """A version with who made it; `usable`: it may be put to use."""

    row: ModelVersion
    who: str
    usable: bool

    @property
    def old(self) -> int:
        return round(100 * float(self.row.old["agreement"]))

    @property
    def new(self) -> int:
        return round(100 * float(self.row.new["agreement"]))

    @property
    def changed(self) -> int:
        return round(100 * float(self.row.card.get("changed", 0)))


def versions(organisation_id: int, field: str, base: str, page: int = 1) -> tuple[list[Version], bool]:
    """A page of versions, newest first, and whether there are more."""
    begin = (page - 1) * VERSIONS
    rows = list(labels.versions(organisation_id, field)[begin : begin + VERSIONS + 1])
    people = {one.pk: one.name for one in accounts.everybody(organisation_id)} if rows else {}
    found = [
        Version(
            row,
            people.get(row.by_id or 0, ""),
            row.state == ModelVersion.State.RETIRED and row.base == base,
        )
        for row in rows[:VERSIONS]
    ]
    return found, len(rows) > VERSIONS


@dataclass(frozen=True, slots=True)
class Progress:
    """What runs in the background, and how many texts were read by other models than those in use."""

    training: Training | None
    newest: Training | None  # the last one that ended
    rereading: Rereading | None
    stale: int

    @property
    def running(self) -> bool:
        return self.training is not None or self.rereading is not None

    @property
    def now(self) -> str:
        """The field that is being learnt."""
        job = self.training
        return str(words.FIELDS[job.fields[job.done]]) if job and job.done < len(job.fields) else ""

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Fields of the last training and what became of each: used, kept or too_few."""
        if self.newest is None:
            return []
        return [
            (
                str(words.FIELDS.get(one["field"], one["field"])),
                one.get("why") or ("used" if one.get("used") else "kept"),
            )
            for one in self.newest.outcomes
        ]


def progress(organisation_id: int, kind: str, version: str) -> Progress:
    """`version`: of the models in use; readings of another one are stale."""
    trainings = labels.trainings(organisation_id)
    mine = Reading.objects.filter(organisation_id=organisation_id, kind=kind)
    # two ranges of an index instead of a look at every reading
    stale = sum(
        len(mine.filter(**{f"version__{side}": version}).values_list("pk", flat=True)[:MOST_STALE])
        for side in ("lt", "gt")
    )
    return Progress(
        trainings.filter(done_at=None).first(),
        trainings.exclude(done_at=None).first(),
        queries.rereading(organisation_id, kind),
        min(stale, MOST_STALE),
    )
