"""The thread as it is read: days, places, messages with what happened to them, lines of what happened."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from otklik.inbox import understood
from otklik.inbox.models import Attachment, Conversation, Message
from otklik.inbox.services import recipients, wishes
from otklik.inbox.services.summary import SCHEDULED
from otklik.inbox.templatetags.inbox import when
from otklik.kernel.languages import name_of as language_name

LINK = re.compile(r"https?://[^\s<>«»\"]+[^\s<>«»\".,;:!?)\]]")
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
KEEP_AROUND = 5  # words kept on each side of a change
PREVIEWED = ("image/png", "image/jpeg", "image/gif", "image/webp")

# state of a delivery → (icon, words, tone)
SIGNS: dict[str, tuple[str, Any, str]] = {
    "queued": ("clock", gettext_lazy("Waiting to be sent"), ""),
    "scheduled": ("clock", gettext_lazy("Leaves later"), "info"),
    "sending": ("clock", gettext_lazy("Being sent"), ""),
    "sent": ("check", gettext_lazy("Sent"), ""),
    "delivered": ("checks", gettext_lazy("Delivered"), ""),
    "read": ("checks", gettext_lazy("Read"), ""),
    "reconciled": ("check", gettext_lazy("It is there"), ""),
    "resend_approved": ("refresh", gettext_lazy("Being sent again"), ""),
    "throttled": ("pause", gettext_lazy("The platform asks to wait"), "warning"),
    "failed": ("block", gettext_lazy("Not sent"), "danger"),
    "uncertain": ("alert", gettext_lazy("Not known whether it arrived"), "warning"),
    "manual": ("edit", gettext_lazy("To be posted by hand"), "warning"),
    "posted": ("check", gettext_lazy("Posted by hand"), ""),
    "cancelled": ("undo", gettext_lazy("Taken back"), ""),
}

# code of a system line → (icon, sentence with the names its event carries)
SENTENCES: dict[str, tuple[str, Any]] = {
    "conversation.closed": ("check", gettext_lazy("Closed")),
    "conversation.reopened": ("undo", gettext_lazy("Opened again")),
    "conversation.waiting": ("pause", gettext_lazy("Waiting for the customer")),
    "conversation.snoozed": ("moon", gettext_lazy("Snoozed until %(until)s")),
    "conversation.assigned": ("people", gettext_lazy("Given to %(user)s")),
    "conversation.routed": ("people", gettext_lazy("Given by turn: %(user)s")),
    "conversation.labelled": ("flag", gettext_lazy("Label added: %(label)s")),
    "conversation.unlabelled": ("flag", gettext_lazy("Label removed: %(label)s")),
    "conversation.merged": ("merge", gettext_lazy("Joined with No. %(other)s")),
    "conversation.unmerged": ("undo", gettext_lazy("No. %(other)s stands alone again")),
    "conversation.split": ("stack", gettext_lazy("A part moved to No. %(other)s")),
    "conversation.unsplit": ("undo", gettext_lazy("The part from No. %(other)s is back")),
    "conversation.linked": ("link", gettext_lazy("Linked with No. %(other)s")),
    "conversation.unlinked": ("link", gettext_lazy("No longer linked with No. %(other)s")),
    "conversation.started": ("edit", gettext_lazy("We wrote first")),
    "conversation.undone": ("undo", gettext_lazy("Taken back")),
    "message.held_stopped": (
        "block",
        gettext_lazy(
            "The customer asked not to be written to: the planned answer is a draft of %(user)s again"
        ),
    ),
    "message.held": (
        "pause",
        gettext_lazy("The customer wrote first: the planned answer is a draft of %(user)s again"),
    ),
    "conversation.unruled": ("undo", gettext_lazy("What the rule «%(rule)s» did is taken back")),
    "conversation.requeued": ("people", gettext_lazy("Back in the queue of the team %(team)s")),
    "conversation.flooded": (
        "pause",
        gettext_lazy(
            "%(address)s writes more than %(limit)s messages an hour: no automatic answers until it calms down"
        ),
    ),
    "reminder.set": ("clock", gettext_lazy("Reminder for %(due)s")),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text: kind is text, link, mention, ins, del or gap."""

    text: str
    kind: str = "text"


@dataclass(slots=True)
class Said:
    """One message as the thread shows it."""

    message: Message
    pieces: list[Piece]
    was: list[Piece] = field(default_factory=list)
    older: list[Any] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    images: list[Attachment] = field(default_factory=list)
    sign: str = ""
    sign_text: str = ""
    sign_tone: str = ""
    to: list[str] = field(default_factory=list)  # of a letter to several
    cc: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unread: bool = False
    otherwise: list[str] = field(default_factory=list)  # wishes of the customer it did not keep
    reason: str = ""
    needs_reason: bool = False  # sent now instead of later it would not keep to a wish
    understood: understood.Understood | None = None

    @property
    def doubtful(self) -> bool:
        return self.message.delivery_state in ("uncertain", "failed")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the thread: kind is day, public, private, said, gone, note, event or new."""

    kind: str
    at: datetime
    said: Said | None = None
    text: str = ""
    icon: str = ""
    who: str = ""
    key: str = ""  # the same line again after a refresh
    version: str = ""  # differs when the line must be drawn anew


def thread_items(messages: Sequence[Message], conversation: Conversation, *, seen_id: int = 0) -> list[Item]:
    """Messages in order with the lines between them. A fixed number of queries, whatever the length."""
    prefetch_related_objects(list(messages), "mentions__user")
    readings = understood.of(messages)
    items: list[Item] = []
    day: date | None = None
    place = ""
    marked = seen_id == 0
    for message in messages:
        its_day = timezone.localtime(message.occurred_at).date()
        if its_day != day:
            day = its_day
            items.append(Item("day", message.occurred_at, key=f"day-{its_day}"))
        if not marked and message.pk > seen_id and message.direction == "in":
            marked = True
            items.append(Item("new", message.occurred_at, key="new"))
        if message.direction in ("in", "out") and message.visibility != place:
            place = message.visibility
            items.append(Item(place, message.occurred_at, key=f"place-{message.pk}"))
        items.append(_item(message, conversation, readings.get(message.pk)))
    return items


def _item(message: Message, conversation: Conversation, read: understood.Understood | None) -> Item:
    key = f"m-{message.pk}"
    if message.direction == "system":
        icon, text = sentence(message.event, message.author_name)
        return Item("event", message.occurred_at, text=text, icon=icon, who=message.author_name, key=key)
    if message.deleted_at is not None:
        return Item("gone", message.occurred_at, said=Said(message, []), key=key, version="gone")
    kind = "note" if message.direction == "note" else "said"
    edited = message.edited_at.isoformat() if message.edited_at else ""
    version = f"{message.delivery_state}.{edited}.{message.has_files}.{message.due_at}"
    shown = said(message)
    shown.understood = read
    if message.delivery_state == SCHEDULED:
        shown.needs_reason = wishes.breaks_now(conversation, visibility=message.visibility, text=message.text)
    return Item(kind, message.occurred_at, said=shown, key=key, version=version)


def said(message: Message) -> Said:
    names = [mention.user.name for mention in message.mentions.all()] if message.direction == "note" else []
    files = [one for one in message.attachments.all() if not one.inline or one.content_type not in PREVIEWED]
    inline = [one for one in message.attachments.all() if one.inline and one.content_type in PREVIEWED]
    revisions = sorted(message.revisions.all(), key=lambda one: one.replaced_at, reverse=True)
    icon, words, tone = (
        SIGNS.get(message.delivery_state, ("", "", "")) if message.direction == "out" else ("", "", "")
    )
    return Said(
        message,
        pieces=pieces(message.text, names),
        was=changes(revisions[0].text, message.text) if revisions else [],
        older=revisions[1:],
        files=[one for one in files if one.content_type not in PREVIEWED],
        images=[*inline, *(one for one in files if one.content_type in PREVIEWED)],
        sign=icon,
        sign_text=str(words),
        sign_tone=tone,
        to=_addressees(message),
        cc=recipients.titles(message, "cc"),
        problems=[str(problem[-1]) for problem in message.problems if problem],
        otherwise=wishes.sentences(message.deviation),
        reason=wishes.reason_words(message.deviation.get("reason", "")),
    )


def _addressees(message: Message) -> list[str]:
    """Shown when there is something to see: several, or copies beside them."""
    found = recipients.titles(message, "to")
    return found if len(found) > 1 or message.recipients.get("cc") else []


def sentence(event: dict[str, Any], who: str = "") -> tuple[str, str]:
    """Icon and words of a system line of `who`; an unknown code shows its bare name rather than nothing."""
    code = str(event.get("code", ""))
    data = {key: _worded(value) for key, value in event.items()}
    if code == "conversation.assigned":
        return "people", _assigned(data, who)
    if code == "conversation.routed" and data.get("language"):
        return "people", _routed(data)
    if code == "conversation.ruled":
        return "bolt", ruled(event)
    icon, text = SENTENCES.get(code, ("info", code))
    try:
        return icon, str(text) % data
    except (KeyError, ValueError):
        return icon, str(text).partition("%")[0].rstrip(" :")


def _worded(value: Any) -> str:
    """Moments in events are ISO texts; shown as people read them."""
    text = str(value)
    if len(text) > len("2026-01-01T00:00") and text[4:5] == "-" and text[10:11] == "T":
        moment = parse_datetime(text)
        return when(moment) if moment else text
    return text


def ruled(event: dict[str, Any]) -> str:
    """What a rule did: «Rule “Danger”: put the label Danger, passed it to the team Lawyers»."""
    labels = ", ".join(f"«{name}»" for name in event.get("labels", ()))
    did = [
        ngettext("put the label %(labels)s", "put the labels %(labels)s", len(event.get("labels", ())))
        % {"labels": labels}
        if labels
        else "",
        _("passed it to the team «%(team)s»") % {"team": event.get("team")} if event.get("team") else "",
        _("made %(user)s the owner") % {"user": event.get("user")} if event.get("user") else "",
        _("left a note") if event.get("note") else "",
    ]
    words = {"rule": event.get("rule", ""), "did": ", ".join(filter(None, did))}
    return _("Rule «%(rule)s» %(did)s") % words


def _routed(data: dict[str, str]) -> str:
    """Why this person: the language of the customer, or the turn because nobody who speaks it is free."""
    words = {"user": data.get("user", ""), "language": language_name(data["language"])}
    if data.get("why") == "speaks":
        return _("Given by turn: %(user)s. Reason: answers in the customer's language (%(language)s)") % words
    return _("Given by turn: %(user)s. Nobody free answers in the customer's language (%(language)s)") % words


def _assigned(data: dict[str, str], who: str) -> str:
    user, team = data.get("user", ""), data.get("team", "")
    if user and user == who:
        return _("Taken over")
    if user and team:
        return _("Owner: %(user)s, team: %(team)s") % {"user": user, "team": team}
    if user:
        return _("Owner: %(user)s") % {"user": user}
    if team:
        return _("Team: %(team)s, nobody yet") % {"team": team}
    return _("Nobody's now")


def pieces(text: str, names: Iterable[str] = ()) -> list[Piece]:
    """Text cut into links, mentions of colleagues and the rest; joined again it is the text."""
    mentions = "|".join(re.escape(f"@{name}") for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(f"{LINK.pattern}|{mentions}" if mentions else LINK.pattern)
    found: list[Piece] = []
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            found.append(Piece(text[end : match.start()]))
        found.append(Piece(match[0], "mention" if match[0].startswith("@") else "link"))
        end = match.end()
    if end < len(text):
        found.append(Piece(text[end:]))
    return found


def changes(before: str, after: str) -> list[Piece]:
    """What an edit changed, by words, with a little of the text around; long equal runs become a gap."""
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    if len(old) * len(new) > 4_000_000:  # noqa: PLR2004 quadratic beyond this; the texts are shown whole
        return [Piece(before, "del"), Piece(after, "ins")]
    found: list[Piece] = []
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(codes):
        if tag == "equal":
            found += _around(new[j1:j2], first=number == 0, last=number == len(codes) - 1)
            continue
        if i2 > i1:
            found.append(Piece("".join(old[i1:i2]), "del"))
        if j2 > j1:
            found.append(Piece("".join(new[j1:j2]), "ins"))
    return found


def _around(tokens: list[str], *, first: bool, last: bool) -> list[Piece]:
    keep = KEEP_AROUND * 2
    if first and len(tokens) > keep:
        return [Piece("…", "gap"), Piece("".join(tokens[-keep:]))]
    if last and len(tokens) > keep:
        return [Piece("".join(tokens[:keep]).rstrip()), Piece("…", "gap")]
    if len(tokens) > keep * 2:
        return [Piece("".join(tokens[:keep])), Piece(" … ", "gap"), Piece("".join(tokens[-keep:]))]
    return [Piece("".join(tokens))]
