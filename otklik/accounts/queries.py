"""Reads of accounts; every function is bound to one organisation."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from otklik.accounts.models import (
    ApiKey,
    Brand,
    CalendarEvent,
    Employee,
    Invitation,
    Organisation,
    Outlet,
    Product,
    Team,
    User,
    WorkingCalendar,
)
from otklik.kernel import clock, secrets, textindex
from otklik.kernel.errors import NotFound

Entry = Brand | Outlet | Product | Employee

# the directory's kinds, as addresses, imports and the audit name them
DIRECTORY: dict[str, type[Brand] | type[Outlet] | type[Product] | type[Employee]] = {
    "brand": Brand,
    "outlet": Outlet,
    "product": Product,
    "employee": Employee,
}


def organisation(organisation_id: int) -> Organisation:
    return Organisation.objects.get(pk=organisation_id)


def staff(organisation_id: int) -> QuerySet[User]:
    """Active people, by name."""
    return User.objects.filter(organisation_id=organisation_id, is_active=True).order_by("name")


def user(organisation_id: int, user_id: int) -> User:
    found = staff(organisation_id).filter(pk=user_id).first()
    if found is None:
        raise NotFound
    return found


def everybody(organisation_id: int, query: str = "") -> list[User]:
    """Staff with the switched-off, who come last; `query` is a part of name, title or address."""
    rows = User.objects.filter(organisation_id=organisation_id).prefetch_related("grants", "teams")
    people = list(rows.order_by("-is_active", "name"))
    wanted = fold(query)
    return [each for each in people if wanted in fold(f"{each.name} {each.email} {each.title}")]


def anybody(organisation_id: int, user_id: int) -> User:
    """One of staff, switched off or not; raises NotFound."""
    found = User.objects.filter(organisation_id=organisation_id, pk=user_id).first()
    if found is None:
        raise NotFound
    return found


def teams(organisation_id: int) -> QuerySet[Team]:
    return Team.objects.filter(organisation_id=organisation_id).order_by("name")


def team(organisation_id: int, team_id: int) -> Team:
    found = teams(organisation_id).filter(pk=team_id).first()
    if found is None:
        raise NotFound
    return found


def with_role(organisation_id: int, role: str) -> QuerySet[User]:
    return staff(organisation_id).filter(grants__role=role)


def invitations(organisation_id: int) -> QuerySet[Invitation]:
    """Those not yet accepted or withdrawn, expired ones too, newest first."""
    rows = Invitation.objects.filter(organisation_id=organisation_id, accepted_at=None, revoked_at=None)
    return rows.select_related("invited_by", "organisation").order_by("-created_at")


def invitation(organisation_id: int, invitation_id: int) -> Invitation:
    found = invitations(organisation_id).filter(pk=invitation_id).first()
    if found is None:
        raise NotFound
    return found


def open_invitation(token: str, *, lock: bool = False) -> Invitation:
    """The invitation behind a link; raises NotFound when it is used, withdrawn, too old or invented."""
    rows = Invitation.objects.filter(
        digest=secrets.digest(token), accepted_at=None, revoked_at=None, expires_at__gt=clock.now()
    )
    if lock:
        rows = rows.select_for_update()
    found = rows.first()
    if found is None:
        raise NotFound
    return found


def api_keys(organisation_id: int) -> QuerySet[ApiKey]:
    """Live keys first, newest first."""
    return (
        ApiKey.objects.filter(organisation_id=organisation_id)
        .select_related("created_by")
        .order_by("revoked_at", "-created_at")
    )


def api_key(organisation_id: int, key_id: int) -> ApiKey:
    found = api_keys(organisation_id).filter(pk=key_id).first()
    if found is None:
        raise NotFound
    return found


def model_of(kind: str) -> type[Brand] | type[Outlet] | type[Product] | type[Employee]:
    """The table of a kind of the directory; raises NotFound."""
    if kind not in DIRECTORY:
        raise NotFound
    return DIRECTORY[kind]


def entries(organisation_id: int, kind: str, query: str = "", *, archived: bool = False) -> QuerySet[Entry]:
    """A part of the directory by name; `query`: words in any form (spellings too), or a part of name, key or city."""
    rows: QuerySet[Entry] = model_of(kind)._default_manager.filter(organisation_id=organisation_id)
    rows = rows.filter(archived_at__isnull=not archived).order_by("name", "pk")
    query = query.strip()
    if not query:
        return rows
    found = Q(pk__in=textindex.search(organisation_id, index_kind(kind), query, limit=500) or [])
    fields = ("name", "key", "city") if kind == "outlet" else ("name", "key")
    for field in fields:
        for text in {query, query.lower(), query.upper(), query.capitalize(), query.title()}:
            # SQLite folds only Latin letters: ask for the usual cases
            found |= Q(**{f"{field}__icontains": text})
    return rows.filter(found)


def entry(organisation_id: int, kind: str, entry_id: int) -> Entry:
    """One entry, archived or not; raises NotFound."""
    found = model_of(kind)._default_manager.filter(organisation_id=organisation_id, pk=entry_id).first()
    if found is None:
        raise NotFound
    return found


def index_kind(kind: str) -> str:
    return f"dir_{kind}"


def calendars(organisation_id: int) -> QuerySet[WorkingCalendar]:
    """The default one first."""
    return WorkingCalendar.objects.filter(organisation_id=organisation_id).order_by("-is_default", "name")


def calendar(organisation_id: int, calendar_id: int) -> WorkingCalendar:
    found = calendars(organisation_id).filter(pk=calendar_id).first()
    if found is None:
        raise NotFound
    return found


def calendar_events(organisation_id: int) -> QuerySet[CalendarEvent]:
    """Newest first."""
    return CalendarEvent.objects.filter(organisation_id=organisation_id).order_by("-starts_at", "-pk")


def calendar_event(organisation_id: int, event_id: int) -> CalendarEvent:
    found = calendar_events(organisation_id).filter(pk=event_id).first()
    if found is None:
        raise NotFound
    return found


def fold(text: str) -> str:
    """For comparing what people type: case and ё do not matter."""
    return text.casefold().replace("ё", "е").strip()
