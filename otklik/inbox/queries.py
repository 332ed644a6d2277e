"""Reads of the inbox: what a person may see, the list, the thread. Every list goes through `visible_to`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.inbox import ladders, meanings, orders
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    ConversationState,
    Draft,
    Label,
    Mention,
    Message,
    SavedView,
    Seen,
)
from otklik.inbox.places import MAX_ID, Place, place, placed
from otklik.kernel import clock, textindex
from otklik.kernel.errors import Invalid, NotFound

PAGE = 50
SEARCH_KIND = "message"


def visible_to(who: policy.Principal) -> QuerySet[Conversation]:
    """Every conversation a person or key may see."""
    policy.require(who, "conversation.read")
    return Conversation.objects.filter(organisation_id=who.organisation_id, merged_into=None)


def conversation(who: policy.Principal, conversation_id: int) -> Conversation:
    """One conversation, following merges; raises NotFound."""
    policy.require(who, "conversation.read")
    rows = Conversation.objects.select_related("account", "customer", "assignee", "team")
    found = rows.filter(organisation_id=who.organisation_id, pk=conversation_id).first()
    while found is not None and found.merged_into_id is not None:
        found = rows.filter(pk=found.merged_into_id).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list shows. Values are as in the address of the page: `?state=open&label=3&q=доставка`."""

    view: str = "all"  # mine, team, unassigned, waiting, snoozed, mentions, trouble, drafts, all
    states: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    accounts: tuple[int, ...] = ()
    assignees: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()
    visibility: str = ""
    ratings: tuple[int, ...] = ()
    customer: int = 0
    # labels of the reading, as `meanings.READINGS` names its fields
    priorities: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    tones: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    complexities: tuple[str, ...] = ()
    impacts: tuple[str, ...] = ()
    safety: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    abuses: tuple[str, ...] = ()
    rumours: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()  # fields that abstained
    sure: str = ""  # "1": no field asked for may have abstained
    source: str = ""
    since: str = ""  # date, inclusive
    until: str = ""
    query: str = ""
    order: str = "newest"  # of `orders.KNOWN`

    def with_(self, **changes: Any) -> Filters:
        return replace(self, **changes)


VIEWS: dict[str, Any] = {
    "mine": _("Mine"),
    "team": _("My team"),
    "unassigned": _("Nobody's"),
    "waiting": _("Waiting for the customer"),
    "snoozed": _("Snoozed"),
    "mentions": _("I am mentioned"),
    "drafts": _("My drafts"),
    "trouble": _("Not delivered"),
    "unsure": _("Unsure what it says"),
    "all": _("All"),
}


def filtered(who: User, filters: Filters) -> QuerySet[Conversation]:
    """Conversations of a view and filters, in order; not yet cut into pages. An order by labels needs `walk`."""
    rows = visible_to(who)
    rows = _of_view(rows, who, filters)
    for name, values in (
        ("state", filters.states),
        ("channel_kind", filters.channels),
        ("account_id", filters.accounts),
        ("assignee_id", filters.assignees),
        ("team_id", filters.teams),
        ("rating", filters.ratings),
    ):
        if values:
            rows = rows.filter(**{f"{name}__in": values})
    for label_id in filters.labels:
        rows = rows.filter(
            Exists(ConversationLabel.objects.filter(conversation=OuterRef("pk"), label_id=label_id))
        )
    rows = _by_dates(_by_details(rows, filters), who, filters)
    wanted = {field: getattr(filters, name) for name, field in meanings.READINGS.items()}
    rows = meanings.narrowed(rows, who.organisation_id, wanted, sure=bool(filters.sure))
    if filters.query.strip():
        rows = _by_words(rows, who, filters)
    return rows.order_by(*orders.of(filters.order))


def _by_details(rows: QuerySet[Conversation], filters: Filters) -> QuerySet[Conversation]:
    if filters.visibility:
        rows = rows.filter(visibility=filters.visibility)
    if filters.customer:
        rows = rows.filter(customer_id=filters.customer)
    if filters.source:
        rows = rows.filter(source=filters.source)
    return rows


def _by_dates(
    rows: QuerySet[Conversation], who: policy.Principal, filters: Filters
) -> QuerySet[Conversation]:
    """Days of the organisation's zone as moments, so that the index answers. Raises Invalid for what is no date."""
    if not (filters.since or filters.until):
        return rows
    zone = ZoneInfo(accounts.organisation(who.organisation_id).time_zone)
    if filters.since:
        rows = rows.filter(last_message_at__gte=_day(filters.since, "since", zone))
    if filters.until:
        rows = rows.filter(last_message_at__lt=_day(filters.until, "until", zone) + timedelta(days=1))
    return rows


def _day(text: str, name: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.min, tzinfo=zone)
    except ValueError as error:
        raise Invalid(
            _("“%(value)s” is not a date. Write it as 2026-11-22."), field=name, value=text
        ) from error


ACTIVE = (ConversationState.OPEN, ConversationState.WAITING)
OWN_STATE = {"waiting": ConversationState.WAITING, "snoozed": ConversationState.SNOOZED}
ONLY_OPEN = ("mine", "team", "unassigned")


def _of_view(rows: QuerySet[Conversation], who: User, filters: Filters) -> QuerySet[Conversation]:
    view = filters.view
    if view in OWN_STATE:
        return rows.filter(state=OWN_STATE[view])
    if view == "unsure":
        return rows.filter(unsure=True, state__in=ACTIVE)
    if view == "trouble":
        return rows.exclude(trouble="")
    if view == "mentions":
        return rows.filter(
            Exists(Mention.objects.filter(message__conversation=OuterRef("pk"), user_id=who.pk))
        )
    if view == "drafts":
        return rows.filter(Exists(_drafts(who).filter(conversation=OuterRef("pk"))))
    rows = rows.filter(_belongs(view, who))
    if filters.states or filters.query or filters.customer:
        return rows
    return rows.filter(state=ConversationState.OPEN) if view in ONLY_OPEN else rows.filter(state__in=ACTIVE)


def _belongs(view: str, who: User) -> Q:
    if view == "mine":
        return Q(assignee_id=who.pk)
    if view == "team":
        return Q(team_id__in=list(who.teams.values_list("pk", flat=True)))
    return Q(assignee=None) if view == "unassigned" else Q()


def _drafts(who: User) -> QuerySet[Draft]:
    """Begun answers: a text or a file."""
    return Draft.objects.filter(Q(user_id=who.pk) & (~Q(text="") | Q(attachments__isnull=False))).distinct()


def _by_words(rows: QuerySet[Conversation], who: User, filters: Filters) -> QuerySet[Conversation]:
    """Texts of the view that hold the words; a number also finds its conversation, wherever it is ("№12": only it)."""
    query = filters.query
    found = textindex.hits(who.organisation_id, SEARCH_KIND, query, limit=textindex.NEWEST)
    if found is None:
        with_words = rows
    elif found.cut and filters.with_(query="", order="newest") != Filters():
        # a common word: older texts than the hits may pass the other filters
        with_words = rows.filter(textindex.holds(SEARCH_KIND, "pk", query, of="group"))
    else:
        with_words = rows.filter(pk__in=found.groups)
    number = query.strip().lstrip("№#").strip()
    if not (number.isascii() and number.isdigit() and int(number) <= MAX_ID):
        return with_words
    by_number = visible_to(who).filter(pk=int(number))
    if not by_number.exists():
        return with_words
    if query.strip()[0] in "№#":
        return by_number
    return visible_to(who).filter(Q(pk=int(number)) | Q(pk__in=with_words.values("pk")))


@dataclass(slots=True)
class Row:
    """One line of the list with what belongs to the reader. `deleted`: the author took the newest text back."""

    conversation: Conversation
    unread: bool
    labels: list[Label] = field(default_factory=list)
    draft: str = ""
    deleted: bool = False
    place: str = ""  # in its list, to go on from


def page(who: User, filters: Filters, *, after: str = "", size: int = PAGE) -> list[Row]:
    """One page of the list; `after`: `place` of the last row shown, else from the top.

    A fixed number of queries; in an order by labels some more for each label down to the place.
    """
    found = filtered(who, filters).select_related("assignee", "team", "account")
    steps = walk(found, who, filters, placed(after), size)
    shown = rows(who, [conversation for conversation, _step in steps])
    for row, (conversation, step) in zip(shown, steps, strict=True):
        row.place = place(conversation.last_message_at, conversation.pk, step)
    return shown


def walk(
    found: QuerySet[Conversation], who: User, filters: Filters, at: Place | None, size: int
) -> list[tuple[Conversation, int]]:
    """The next `size` of `filtered` conversations behind a place, each with its step (`Place.step`)."""
    if filters.order in orders.LADDERS:
        return ladders.page(found, who.organisation_id, filters.order, at, size)
    if at is not None:
        found = found.filter(orders.behind(filters.order, at.moment, at.pk))
    return [(conversation, 0) for conversation in found[:size]]


def rows(who: User, found: Sequence[Conversation]) -> list[Row]:
    """What belongs to the reader beside these conversations, in four queries."""
    ids = [one.pk for one in found]
    seen = {row.conversation_id: row for row in Seen.objects.filter(user_id=who.pk, conversation_id__in=ids)}
    drafts = (
        Draft.objects.filter(user_id=who.pk, conversation_id__in=ids).exclude(text="").order_by("updated_at")
    )
    texts = dict(drafts.values_list("conversation_id", "text"))
    labels: dict[int, list[Label]] = {}
    for one in (
        ConversationLabel.objects.filter(conversation_id__in=ids)
        .select_related("label")
        .order_by("label__name")
    ):
        labels.setdefault(one.conversation_id, []).append(one.label)
    newest = [one.last_message_id for one in found]
    deleted = set(
        Message.objects.filter(pk__in=newest, deleted_at__isnull=False).values_list("pk", flat=True)
    )
    return [
        Row(
            one,
            unread=is_unread(one, seen.get(one.pk)),
            labels=labels.get(one.pk, []),
            draft=texts.get(one.pk, ""),
            deleted=one.last_message_id in deleted,
        )
        for one in found
    ]


def is_unread(conversation: Conversation, seen: Seen | None) -> bool:
    """Something of the customer arrived after the last look and nobody has answered it, or marked so by hand."""
    if seen is not None and seen.unread:
        return True
    unanswered = conversation.waiting_since is not None or not conversation.preview_by_us
    return unanswered and conversation.last_inbound_id > (seen.message_id if seen else 0)


CAP = 1000  # numbers above are shown as "many"


def to_do(who: User) -> int:
    """Open conversations of the person, and those nobody of their teams, or nobody at all, has taken; at most CAP."""
    rows = visible_to(who).filter(state=ConversationState.OPEN).order_by().values("pk")
    free = rows.filter(Q(team=None) | _belongs("team", who), assignee=None)
    mine = rows.filter(_belongs("mine", who))
    return min(mine[:CAP].count() + free[:CAP].count(), CAP)


UNREAD_OF = 100  # newest own conversations looked at for the number in the title


def unread_of_mine(who: User) -> int:
    """How many of the person's own open conversations are unread, in two queries."""
    found = list(filtered(who, Filters(view="mine"))[:UNREAD_OF])
    seen = {
        row.conversation_id: row
        for row in Seen.objects.filter(user_id=who.pk, conversation_id__in=[one.pk for one in found])
    }
    return sum(is_unread(one, seen.get(one.pk)) for one in found)


def counts(who: User) -> dict[str, int]:
    """Numbers beside the views in two queries, at most CAP each. Mentions: conversations with unread ones."""
    is_open, active = Q(state=ConversationState.OPEN), Q(state__in=ACTIVE)
    numbers: dict[str, int] = (
        visible_to(who)
        # the states by name: with "not closed" PostgreSQL reads the whole table
        .filter(state__in=(*ACTIVE, ConversationState.SNOOZED))
        .aggregate(
            **{view: Count("pk", filter=is_open & _belongs(view, who)) for view in ONLY_OPEN},
            **{view: Count("pk", filter=Q(state=state)) for view, state in OWN_STATE.items()},
            all=Count("pk", filter=active),
        )
    )
    numbers |= _rare_counts(who)
    return {view: min(numbers.get(view, 0), CAP) for view in VIEWS}


def _rare_counts(who: User) -> dict[str, int]:
    here = Q(conversation__organisation_id=who.organisation_id, conversation__merged_into=None)
    mentions = Mention.objects.filter(
        user_id=who.pk,
        read_at=None,
        message__conversation__organisation_id=who.organisation_id,
        message__conversation__merged_into=None,
    )
    drafts = Draft.objects.filter(here, Q(user_id=who.pk) & (~Q(text="") | Q(attachments__isnull=False)))
    unsure = visible_to(who).filter(unsure=True, state__in=ACTIVE)
    counted = _counted("mentions", mentions, "message__conversation").union(
        _counted("drafts", drafts, "conversation"),
        _counted("trouble", visible_to(who).exclude(trouble=""), "pk"),
        _counted("unsure", unsure, "pk"),
        all=True,
    )
    return dict(counted.values_list("view", "number"))


def _counted(view: str, rows: QuerySet[Any], what: str) -> Any:
    """One row (view, number of different conversations), or none."""
    named = rows.annotate(view=Value(view)).order_by().values("view")
    return named.annotate(number=Count(what, distinct=True))


def message(who: policy.Principal, message_id: int) -> Message:
    policy.require(who, "conversation.read")
    found = Message.objects.filter(organisation_id=who.organisation_id, pk=message_id).first()
    if found is None:
        raise NotFound
    return found


def labels(organisation_id: int) -> QuerySet[Label]:
    return Label.objects.filter(organisation_id=organisation_id, archived_at=None).order_by("name")


def saved_views(who: User) -> QuerySet[SavedView]:
    """The person's own and the shared ones."""
    return SavedView.objects.filter(
        Q(owner_id=who.pk) | Q(owner=None), organisation_id=who.organisation_id
    ).order_by("position", "name")


def today() -> str:
    return clock.now().date().isoformat()
