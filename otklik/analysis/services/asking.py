"""From an unsure reading to a second opinion: planned, claimed, asked once, put beside the reading.

Every step is a row's conditional change, so that two workers never ask twice. The claim is written before the call; a
call whose answer was lost (a time-out, a broken connection, a killed worker) is counted against the budget and repeated
once. Whatever happens, our own reading stands.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from otklik.analysis import ports, queries
from otklik.analysis.engine.labels import label_names
from otklik.analysis.events import TextsRead
from otklik.analysis.models import Reading
from otklik.analysis.opinion_models import Opinion, OpinionEndpoint
from otklik.analysis.second import answer, filled, protocol
from otklik.analysis.second.masking import Masked, mask
from otklik.analysis.second.prompt import Labels
from otklik.analysis.second.protocol import Said, Trouble
from otklik.analysis.services import exchange, filling, spending
from otklik.analysis.services.exchange import Bill
from otklik.kernel import clock, outbox

TOPIC = "analysis.opinion"
PLAN = "analysis.opinion_plan"
AT_ONCE = 2  # calls of an organisation: they take half a minute, and other work waits behind them
ALIVE = outbox.LEASE - 5.0  # seconds in `asking` after which the worker is taken for dead
MOST_WAITING = 500  # of an organisation; what is read while so many wait is not asked about
GIVE_UP = 86_400.0  # seconds until nobody needs the answer any more
MOST_ATTEMPTS = 8
PAUSE, LONGEST_PAUSE = 10.0, 1_800.0  # seconds
MASKED_ENTITIES = {"order": "order", "receipt": "receipt", "employee": "name"}
OPEN = (Opinion.State.WAITING, Opinion.State.ASKING)


def texts_read(event: TextsRead) -> None:
    """Handler of TextsRead, inside its transaction: one row of the outbox for a batch, no more."""
    if event.corrected or event.filled:
        return
    if OpinionEndpoint.objects.filter(organisation_id=event.organisation_id).exists():
        payload = {
            "organisation_id": event.organisation_id, "kind": event.kind, "ids": list(event.object_ids)
        }  # fmt: skip
        outbox.put(PLAN, f"{PLAN}:{uuid.uuid4().hex}", payload, organisation_id=event.organisation_id)


def plan(payload: dict[str, Any]) -> None:
    """Outbox handler: known answers go beside their readings, unsure texts are put into the queue."""
    organisation_id, kind, ids = payload["organisation_id"], payload["kind"], payload["ids"]
    endpoint = OpinionEndpoint.objects.filter(organisation_id=organisation_id).first()
    texts = ports.text_sources[kind](ids)
    readings = queries.of(kind, list(texts))
    rows = Opinion.objects.filter(organisation_id=organisation_id, kind=kind, object_id__in=list(texts))
    known = {(row.object_id, row.digest): row for row in rows}
    wanted = []
    for object_id, reading in readings.items():
        version = digest(texts[object_id])
        opinion = known.get((object_id, version))
        if opinion is not None and opinion.state == Opinion.State.ANSWERED:
            filling.put(opinion)
        elif opinion is None and endpoint is not None and endpoint.active and wants(reading, endpoint):
            wanted.append((object_id, version))
    if wanted and endpoint is not None:
        _queue(organisation_id, kind, wanted)


def wants(reading: Reading, endpoint: OpinionEndpoint) -> bool:
    """Whether this text is one of those that are asked about."""
    return (endpoint.which == OpinionEndpoint.Which.ALL or reading.unsure) and bool(
        _fields(reading, endpoint)
    )


def digest(text: str) -> str:
    """The version of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def _queue(organisation_id: int, kind: str, wanted: Sequence[tuple[int, str]]) -> None:
    waiting = Opinion.objects.filter(organisation_id=organisation_id, state__in=OPEN).count()
    for object_id, version in wanted[: max(0, MOST_WAITING - waiting)]:
        row, made = Opinion.objects.get_or_create(
            kind=kind,
            object_id=object_id,
            digest=version,
            defaults={"organisation_id": organisation_id, "created_at": clock.now()},
        )
        if made:
            outbox.put(TOPIC, f"{TOPIC}:{row.pk}", {"opinion": row.pk}, organisation_id=organisation_id)


def ask(payload: dict[str, Any]) -> None:
    """Outbox handler: one call at most. Raises `outbox.Later` while it must wait."""
    row = Opinion.objects.filter(pk=payload["opinion"]).first()
    if row is None or row.state not in OPEN:
        return
    endpoint = OpinionEndpoint.objects.filter(organisation_id=row.organisation_id).first()
    if endpoint is None or not endpoint.active:
        _end(row, Opinion.State.SKIPPED, "off")
        return
    if row.created_at < clock.ago(GIVE_UP):
        _end(row, Opinion.State.FAILED, row.trouble or "late", row.trouble_detail)
        return
    if endpoint.paused_until is not None and endpoint.paused_until > clock.now():
        raise outbox.Later((endpoint.paused_until - clock.now()).total_seconds() * _jitter())
    if row.state == Opinion.State.WAITING and _busy(row) >= AT_ONCE:
        raise outbox.Later(_turn(row))
    made = _question(row, endpoint)
    if isinstance(made, str):
        _end(row, Opinion.State.SKIPPED, made)
        return
    masked, labels = made
    notes = notes_of(row.organisation_id, labels)
    question = protocol.question(endpoint.model, masked.text, labels, endpoint.quirks, notes)
    bill = _claim(row, endpoint, question.tokens)
    if bill is None:
        return
    outcome = exchange.call(endpoint, question)
    _finish(row, endpoint, bill, outcome, masked, labels)


def _busy(row: Opinion) -> int:
    """Other questions of the organisation that are out now."""
    out = Opinion.objects.filter(
        organisation_id=row.organisation_id, state=Opinion.State.ASKING, asking_since__gt=clock.ago(ALIVE)
    )
    return out.exclude(pk=row.pk).count()


def _turn(row: Opinion) -> float:
    """Seconds until it may be this one's turn: a second for each before it, so that a long queue costs little."""
    before = Opinion.objects.filter(
        organisation_id=row.organisation_id, state=Opinion.State.WAITING, pk__lt=row.pk
    )
    return (2.0 + before.count()) * _jitter()


def _fields(reading: Reading, endpoint: OpinionEndpoint) -> list[str]:
    """What may be asked about a text: what abstained, or everything that is allowed."""
    if endpoint.which == OpinionEndpoint.Which.ALL:
        return [name for name in endpoint.fields if name not in reading.corrected]
    open_ = filled.doubts(reading.data, reading.corrected)
    return [name for name in endpoint.fields if name in open_]


def _question(row: Opinion, endpoint: OpinionEndpoint) -> tuple[Masked, Labels] | str:
    """The masked text and the fields, or why nothing is asked."""
    text = ports.text_sources[row.kind]([row.object_id]).get(row.object_id)
    reading = queries.of(row.kind, [row.object_id]).get(row.object_id)
    if text is None or reading is None or digest(text) != row.digest:
        return "changed"
    fields = _fields(reading, endpoint)
    if not fields or not text.strip():
        return "settled"
    naming = ports.names_of.get(row.kind)
    names = naming([row.object_id]).get(row.object_id, ()) if naming else ()
    known = [
        (one["start"], one["end"], MASKED_ENTITIES[one["kind"]])
        for one in reading.data["entities"]
        if one["kind"] in MASKED_ENTITIES
    ]
    known += [(one["start"], one["end"], one["kind"]) for one in reading.data["personal_data"]]
    return mask(text, names=names, known=known), labels_of(row.organisation_id, fields)


def labels_of(organisation_id: int, fields: Sequence[str]) -> dict[str, list[str]]:
    """The labels that may be given, as text; of causes those of the organisation's taxonomy."""
    every = label_names()
    found = {name: [str(label) for label in every[name]] for name in fields}
    if "cause" in found:
        found["cause"] = list(queries.causes(organisation_id).offered)
    return found


def notes_of(organisation_id: int, labels: Labels) -> dict[str, str]:
    """What labels mean that only this organisation has."""
    own = [
        one for one in queries.causes(organisation_id).every if one.own and one.key in labels.get("cause", ())
    ]
    return {"cause": "; ".join(f"{one.key} = {one.ru or one.en}" for one in own)} if own else {}


@transaction.atomic
def _claim(row: Opinion, endpoint: OpinionEndpoint, tokens: int) -> Bill | None:
    """Take the row and the money before the call; None when this text is not asked about any more."""
    OpinionEndpoint.objects.select_for_update().get(pk=endpoint.pk)  # one claim of an organisation at a time
    here = Opinion.objects.select_for_update().get(pk=row.pk)
    if here.state not in OPEN:
        return None
    now = clock.now()
    died = here.state == Opinion.State.ASKING
    if died:
        alive = ALIVE - (now - (here.asking_since or now)).total_seconds()
        if alive > 0:
            raise outbox.Later(alive)
        if here.lost:
            _end(here, Opinion.State.FAILED, "lost")
            return None
    if _busy(row) >= AT_ONCE:
        raise outbox.Later(_turn(row))
    day = spending.reserve(endpoint, tokens)
    if day is None:
        _end(here, Opinion.State.SKIPPED, "budget")
        return None
    here.lost += int(died)  # its worker died: the reservation stays counted
    here.tokens += here.reserved
    here.state, here.asking_since, here.day, here.reserved = Opinion.State.ASKING, now, day, tokens
    here.attempts += 1
    here.save(update_fields=["state", "asking_since", "day", "reserved", "attempts", "lost", "tokens"])
    row.attempts, row.lost, row.tokens, row.asking_since = here.attempts, here.lost, here.tokens, now
    return Bill(day, tokens)


def _finish(  # noqa: PLR0913, PLR0917 one call site
    row: Opinion,
    endpoint: OpinionEndpoint,
    bill: Bill,
    outcome: Said | Trouble,
    masked: Masked,
    labels: Labels,
) -> None:
    """Money, endpoint, row and reading; raises `outbox.Later` when it is asked again."""
    given: dict[str, Any] = {}
    trouble = outcome if isinstance(outcome, Trouble) else None
    if isinstance(outcome, Said):
        try:
            given = answer.parse(outcome.content, masked, labels)
        except answer.Unreadable:
            trouble = Trouble("unreadable", paid=True)
    learnt = exchange.learn(endpoint, outcome)
    pause = _pause(row, trouble, learnt) if trouble is not None else None
    with transaction.atomic():
        row.tokens += exchange.settle(endpoint, bill, outcome)
        exchange.note(endpoint, outcome)
        row.lost += int(trouble is not None and trouble.code in exchange.LOST)
        state = Opinion.State.ANSWERED if trouble is None else Opinion.State.FAILED
        won = Opinion.objects.filter(
            pk=row.pk, state=Opinion.State.ASKING, asking_since=row.asking_since
        ).update(
            state=state if pause is None else Opinion.State.WAITING,
            ended_at=clock.now() if pause is None else None,
            asking_since=None,
            reserved=0,
            tokens=row.tokens,
            lost=row.lost,
            model=endpoint.model,
            answer=given,
            trouble=_code(row, trouble),
            trouble_detail=trouble.detail[:300] if trouble else "",
        )
        if won and trouble is None:
            row.model, row.answer = endpoint.model, given
            filling.put(row)
    if won and pause is not None:
        raise outbox.Later(pause)


def _code(row: Opinion, trouble: Trouble | None) -> str:
    if trouble is None:
        return ""
    return "lost" if row.lost > 1 and trouble.code in exchange.LOST else trouble.code


def _pause(row: Opinion, trouble: Trouble, learnt: bool) -> float | None:
    """Seconds until it is asked again; None: never. A lost answer is asked for once more, an unpaid one for a day."""
    if learnt:
        return 0.0
    lost = row.lost + int(trouble.code in exchange.LOST)
    if lost > 1 or row.attempts >= MOST_ATTEMPTS or not (trouble.again or trouble.person):
        return None
    return max(trouble.wait, min(PAUSE * 2.0**row.attempts, LONGEST_PAUSE)) * _jitter()


def _jitter() -> float:
    return random.uniform(1.0, 1.2)  # noqa: S311 no secret


def _end(row: Opinion, state: Opinion.State, trouble: str, detail: str = "") -> None:
    """Nothing is asked any more. A question whose worker died stays paid, and what was asked is not "not asked"."""
    lost = row.lost + int(row.state == Opinion.State.ASKING)
    if lost and state == Opinion.State.SKIPPED:
        state, trouble = Opinion.State.FAILED, "lost"
    Opinion.objects.filter(pk=row.pk, state__in=OPEN).update(
        state=state,
        trouble=trouble,
        trouble_detail=detail,
        ended_at=clock.now(),
        asking_since=None,
        lost=lost,
        tokens=F("tokens") + F("reserved"),
        reserved=0,
    )
