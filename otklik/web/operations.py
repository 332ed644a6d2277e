"""The operations page: is everything heard, understood, sent? What stands still, and what a person can do about it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.accounts.views.base import me
from otklik.audit.models import Entry, Head
from otklik.channels import health, queries
from otklik.channels.importer import service as importing
from otklik.channels.models import Delivery, DeliveryState, ImportJob
from otklik.inbox.models import Message
from otklik.kernel import clock, space
from otklik.kernel.models import Outbox, OutboxState, PeriodicJob

SHOWN = 20  # rows of each list; the number beside the heading is the whole
HEARTBEAT = "outbox.sweep"  # runs every second in every worker
DEAD_AFTER = 30.0  # seconds without a heartbeat
LOW_DISK = 0.05
LOW_BYTES = 1 << 30
OLD = 300.0  # seconds an intent may wait before it is said loudly

JOB_WORDS: dict[str, Any] = {
    "outbox.sweep": gettext_lazy("Wakes what waits"),
    "audit.seal": gettext_lazy("Seals the audit"),
    "channels.poll": gettext_lazy("Asks the channels"),
    "channels.census": gettext_lazy("Compares mailboxes with the server"),
    "channels.rescue": gettext_lazy("Finds answers that were left behind"),
    "channels.forget_pace": gettext_lazy("Forgets how often those wrote who have long been silent"),
    "analysis.follow": gettext_lazy("Reads what customers wrote"),
    "analysis.learn": gettext_lazy("Retrains fields of which enough was said"),
    "inbox.reminders": gettext_lazy("Reminds people"),
    "inbox.late_changes": gettext_lazy("Applies edits that came too early"),
    "inbox.presence": gettext_lazy("Forgets who has left"),
    "inbox.route": gettext_lazy("Gives out conversations"),
    "inbox.requeue": gettext_lazy("Takes back the work of those who left"),
    "inbox.forget_bulk": gettext_lazy("Clears old bulk actions"),
    "inbox.forget_rule_runs": gettext_lazy("Clears old trials of rules"),
    "webhooks.follow": gettext_lazy("Hands events to webhooks"),
    "webhooks.forget": gettext_lazy("Clears the log of webhooks"),
    "api.forget_keys": gettext_lazy("Clears answers kept for repeated requests"),
    "api.forget_limits": gettext_lazy("Clears counters of callers who are quiet again"),
    "inbox.wake_snoozed": gettext_lazy("Brings back snoozed conversations"),
    "outbox.forget": gettext_lazy("Clears finished work"),
    "events.forget": gettext_lazy("Clears old events"),
}
TOPIC_WORDS: dict[str, Any] = {
    "channels.parse": gettext_lazy("Understand what came in"),
    "channels.deliver": gettext_lazy("Send an answer"),
    "channels.poll": gettext_lazy("Ask a channel"),
    "analysis.history": gettext_lazy("Read history again"),
    "inbox.rules": gettext_lazy("Ask the rules"),
    "inbox.rule_run": gettext_lazy("Rule on history"),
    "analysis.learn": gettext_lazy("Retrain a field"),
    "import.run": gettext_lazy("Import a file"),
    "mail.system": gettext_lazy("Send an invitation"),
    "webhooks.deliver": gettext_lazy("Call a webhook"),
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One sentence of what is wrong now; `level` danger or warning."""

    level: str
    title: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    value: str
    beside: str = ""
    below: str = ""
    level: str = ""


@require_GET
def operations(request: HttpRequest) -> HttpResponse:
    user = me(request, "operations.read")
    part = "operations/_page.html" if request.headers.get("HX-Request") else "operations/page.html"
    return render(request, part, context_of(user))


def context_of(user: User) -> dict[str, Any]:
    """Everything the page shows, for one organisation."""
    organisation_id = user.organisation_id
    disk, beat, work = _disk(), _heartbeat(), _outbox(organisation_id)
    channels = _channels(organisation_id)
    troubled = list(queries.troubled_deliveries(organisation_id)[: SHOWN * 3])
    unparsed = queries.unparsed(organisation_id)
    jobs = list(
        queries.imports(organisation_id).filter(state__in=[ImportJob.State.RUNNING, ImportJob.State.FAILED])[
            :SHOWN
        ]
    )
    counts = queries.delivery_counts(organisation_id)
    return {
        "now": clock.now(),
        "alarms": _alarms(beat, disk, work, channels, jobs),
        "tiles": _tiles(organisation_id, counts, work),
        "channels": channels,
        "uncertain": _with_words([one for one in troubled if one.state == DeliveryState.UNCERTAIN]),
        "failed": _with_words([one for one in troubled if one.state == DeliveryState.FAILED]),
        "uncertain_number": counts.get(DeliveryState.UNCERTAIN, 0),
        "failed_number": counts.get(DeliveryState.FAILED, 0),
        "unparsed": unparsed[:SHOWN],
        "unparsed_number": unparsed.count(),
        "dead": work["dead"],
        "jobs": jobs,
        "periodic": _periodic(),
        "disk": disk,
        "beat": beat,
        "chain": _chain(organisation_id),
        "may_act": policy.can(user, "operations.act"),
        "may_resolve": policy.can(user, "delivery.resolve"),
        "may_connect": policy.can(user, "channel.write"),
    }


# ---------- what there is to see ----------


def _channels(organisation_id: int) -> list[dict[str, Any]]:
    traffic = queries.traffic(organisation_id)
    sent = queries.sent_since(organisation_id)
    waiting = {
        row["account_id"]: row
        for row in queries.unread(organisation_id)
        .values("account_id")
        .annotate(number=Count("id"), oldest=Min("received_at"))
        .order_by()
    }
    lines = []
    for account in queries.connected(organisation_id):
        hours = traffic.get(account.pk, [0] * 24)
        queue = waiting.get(account.pk)
        lines.append(
            {
                "account": account,
                "health": health.of(account),
                "lag": health.lag(account),
                "late": health.lag(account) > health.LATE * account.poll_every,
                "queue": queue["number"] if queue else 0,
                "queue_age": (clock.now() - queue["oldest"]).total_seconds() if queue else 0.0,
                "cursor": health.cursor_words(account),
                "bars": health.bars(hours),
                "came": sum(hours),
                "sent": sent.get(account.pk, 0),
            }
        )
    return lines


def _outbox(organisation_id: int) -> dict[str, Any]:
    """Intents of this organisation, and those that belong to none (the house's own)."""
    rows = Outbox.objects.filter(organisation_id=organisation_id) | Outbox.objects.filter(
        organisation_id=None
    )
    now = clock.now()
    due = rows.filter(state=OutboxState.READY, run_after__lte=now)
    found = due.aggregate(number=Count("id"), oldest=Min("run_after"))
    again = rows.filter(state=OutboxState.READY, attempts__gt=0)
    dead = rows.filter(state=OutboxState.DEAD).order_by("-id")
    return {
        "due": found["number"],
        "age": (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0,
        "again": again.count(),
        "next": again.order_by("run_after").values_list("run_after", flat=True).first(),
        "dead_number": dead.count(),
        "dead": [
            {
                "row": row,
                "words": TOPIC_WORDS.get(row.topic, row.topic),
                "mine": row.organisation_id == organisation_id,
            }
            for row in dead[:SHOWN]
        ],
    }


def _tiles(organisation_id: int, counts: dict[str, int], work: dict[str, Any]) -> list[Tile]:
    waiting = queries.waiting_deliveries(organisation_id)
    oldest = waiting.first()
    number = sum(counts.get(state, 0) for state in ("queued", "sending", "throttled", "resend_approved"))
    age = health.span((clock.now() - oldest.queued_at).total_seconds()) if oldest else ""
    places = list(dict.fromkeys(waiting.values_list("account__name", flat=True)[:100]))
    return [
        Tile(
            _("Wait to be sent"),
            str(number),
            _("oldest %(age)s") % {"age": age} if age else "",
            _("all in %(channel)s") % {"channel": places[0]} if len(places) == 1 else ", ".join(places[:3]),
        ),
        Tile(
            _("Work in the queue"),
            str(work["due"]),
            _("oldest %(age)s") % {"age": health.span(work["age"])} if work["due"] else "",
            _("to understand and to send"),
            "warning" if work["age"] > OLD else "",
        ),
        Tile(
            _("Being repeated"),
            str(work["again"]),
            "",
            _("next %(moment)s") % {"moment": _clock(work["next"])} if work["next"] else _("nothing failed"),
        ),
        Tile(
            _("Stopped for good"),
            str(work["dead_number"] + counts.get("failed", 0)),
            "",
            _("answers %(answers)s, other work %(work)s")
            % {"answers": counts.get("failed", 0), "work": work["dead_number"]},
            "danger" if work["dead_number"] else "",
        ),
    ]


def _clock(moment: datetime) -> str:
    seconds = (moment - clock.now()).total_seconds()
    return _("in %(span)s") % {"span": health.span(seconds)} if seconds > 0 else _("now")


def _with_words(found: list[Delivery]) -> list[dict[str, Any]]:
    """The answer itself, to whom, and what is known."""
    texts = {
        one.pk: one
        for one in Message.objects.filter(pk__in=[one.message_id for one in found]).select_related(
            "conversation"
        )
    }
    return [
        {
            "delivery": one,
            "message": texts.get(one.message_id),
            "text": str(one.content.get("text", ""))[:400],
        }
        for one in found
    ]


def _heartbeat() -> dict[str, Any]:
    """When a worker last ticked; `alive` False means that nothing is fetched, understood or sent."""
    last = PeriodicJob.objects.filter(name=HEARTBEAT).values_list("last_run_at", flat=True).first()
    age = (clock.now() - last).total_seconds() if last else None
    return {"last": last, "age": age, "alive": age is not None and age < DEAD_AFTER}


def _periodic() -> list[dict[str, Any]]:
    return [
        {"row": row, "words": JOB_WORDS.get(row.name, row.name)}
        for row in PeriodicJob.objects.order_by("-last_error", "name")
    ]


def _disk() -> dict[str, Any]:
    usage = shutil.disk_usage(settings.VAR_DIR)
    return {
        "free": usage.free,
        "share": usage.free / usage.total if usage.total else 1.0,
        "low": usage.free < LOW_BYTES or usage.free / usage.total < LOW_DISK,
        "database": _database_size(),
        "media": _media_size(Path(settings.MEDIA_ROOT)),
    }


def _database_size() -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = Path(str(connection.settings_dict["NAME"]))
    return sum(path.stat().st_size for path in (name, Path(f"{name}-wal")) if path.exists())


_media: dict[str, tuple[float, int]] = {}
MEDIA_FRESH = 300.0  # seconds a counted size is shown; counting walks every folder


def _media_size(root: Path) -> int:
    now = clock.now().timestamp()
    known = _media.get(str(root))
    if known is None or now - known[0] > MEDIA_FRESH:
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) if root.is_dir() else 0
        known = _media[str(root)] = (now, size)
    return known[1]


def _chain(organisation_id: int) -> dict[str, Any]:
    """What the sealer has done; the walk over the whole chain is asked for on the audit page."""
    sealed = Head.objects.filter(organisation_id=organisation_id).values_list("seq", flat=True).first() or 0
    waiting = Entry.objects.filter(organisation_id=organisation_id, seq__isnull=True)
    oldest = waiting.order_by("id").values_list("at", flat=True).first()
    age = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return {"sealed": sealed, "waiting": waiting.count(), "late": age > DEAD_AFTER}


# ---------- what is wrong ----------


def _alarms(
    beat: dict[str, Any],
    disk: dict[str, Any],
    work: dict[str, Any],
    channels: list[dict[str, Any]],
    jobs: list[ImportJob],
) -> list[Alarm]:
    found = []
    if not beat["alive"]:
        since = _(" for %(span)s") % {"span": health.span(beat["age"])} if beat["age"] is not None else ""
        found.append(
            Alarm(
                "danger",
                _("No background process is running%(since)s") % {"since": since},
                _(
                    "Nothing is fetched, understood or sent. What people write waits."
                    " Start it: make run, or the worker service."
                ),
            )
        )
    no_room = space.refused_since()
    if no_room or disk["free"] < (50 << 20):
        found.append(
            Alarm(
                "danger",
                _("The disk is full"),
                _("New messages are refused and come again later; nothing is lost. Free some space."),
            )
        )
    elif disk["low"]:
        found.append(
            Alarm("warning", _("Little space is left on the disk"), _("Free some before it is full."))
        )
    for line in channels if not no_room else ():
        state = line["health"]
        # without room or a background process every channel says so: one sentence about the cause is enough
        if state.level == "failing" or (state.level == "late" and beat["alive"]):
            title = _("%(channel)s: %(state)s") % {
                "channel": line["account"].name,
                "state": state.words.lower(),
            }
            level = "danger" if state.level == "failing" else "warning"
            found.append(Alarm(level, title, state.sentence, f"/channels/{line['account'].pk}/"))
    if beat["alive"] and work["age"] > OLD:
        text = ngettext(
            "%(n)s piece of work waits, the oldest for %(age)s.",
            "%(n)s pieces of work wait, the oldest for %(age)s.",
            work["due"],
        ) % {"n": work["due"], "age": health.span(work["age"])}
        found.append(Alarm("warning", _("The queue falls behind"), text))
    found += [
        Alarm(
            "warning",
            _("Nobody works on the import “%(file)s”") % {"file": job.filename},
            "",
            f"/channels/import/{job.pk}/",
        )
        for job in jobs
        if importing.is_stuck(job) and job.lease_until is not None
    ]
    return found
