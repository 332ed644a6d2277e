"""Who may do what: the one table of rights. Services ask `require`; screens ask `can` to explain a refusal early."""

from __future__ import annotations

from typing import Protocol

from otklik.kernel.errors import Forbidden, NotFound

EVERYBODY = frozenset(
    {"operator", "supervisor", "analyst", "publisher", "pr", "qa", "lawyer", "manager", "administrator"}
)
ANSWERING = frozenset({"operator", "supervisor", "pr", "administrator"})
LEADING = frozenset({"supervisor", "administrator"})
ADMIN = frozenset({"administrator"})

RIGHTS: dict[str, frozenset[str]] = {
    "conversation.read": EVERYBODY,
    "conversation.reply": ANSWERING,
    "conversation.note": EVERYBODY,
    "conversation.assign": ANSWERING,
    "conversation.close": ANSWERING,
    "conversation.label": ANSWERING | {"qa", "analyst"},
    "conversation.merge": ANSWERING,
    "conversation.bulk": ANSWERING,
    "conversation.deleted_copy": frozenset({"supervisor", "lawyer", "administrator"}),
    "analysis.correct": ANSWERING | {"qa", "analyst"},
    "analysis.train": LEADING | {"analyst"},
    "analysis.causes": LEADING | {"analyst"},
    "analysis.opinion": ADMIN,
    "view.share": LEADING,
    "template.write": LEADING | {"qa", "publisher"},
    "label.write": LEADING,
    "rules.edit": LEADING,
    "customer.read": EVERYBODY,
    "customer.write": ANSWERING,
    "customer.merge": ANSWERING,
    "order.import": LEADING | {"analyst"},
    "directory.read": EVERYBODY,
    "directory.write": LEADING | {"analyst"},
    "calendar.write": LEADING | {"publisher", "pr"},
    "channel.read": EVERYBODY,
    "channel.write": ADMIN,
    "delivery.resolve": ANSWERING,
    "import.run": LEADING | {"analyst"},
    "operations.read": LEADING | {"manager", "analyst"},
    "operations.act": LEADING,
    "staff.read": EVERYBODY,
    "staff.write": ADMIN,
    "team.write": LEADING,
    "apikey.write": ADMIN,
    "webhook.write": ADMIN,
    "audit.read": frozenset({"supervisor", "lawyer", "qa", "manager", "administrator"}),
    "organisation.write": ADMIN,
}

# What an API key may be allowed; a key acts with these rights and no others.
_READING = frozenset({"conversation.read", "customer.read", "channel.read", "staff.read"})
SCOPES: dict[str, frozenset[str]] = {
    "conversations:read": _READING,
    # who changes a conversation gets it back as the answer: reading is part of it
    "conversations:write": _READING
    | frozenset(
        {
            "conversation.reply",
            "conversation.note",
            "conversation.assign",
            "conversation.close",
            "conversation.label",
            "conversation.merge",
            "conversation.bulk",
            "delivery.resolve",
        }
    ),
    "customers:write": frozenset({"customer.read", "customer.write", "customer.merge", "order.import"}),
    "directory:write": frozenset({"directory.read", "directory.write", "calendar.write"}),
    "channels:write": frozenset({"channel.read", "channel.write", "import.run"}),
    "analysis:write": frozenset({"conversation.read", "analysis.correct", "analysis.train"}),
    "operations:read": frozenset({"operations.read", "audit.read"}),
    "admin": frozenset(RIGHTS),
}


class Principal(Protocol):
    """Anyone who can be asked for a right: a user, or an API key wrapped by the API."""

    @property
    def organisation_id(self) -> int: ...

    @property
    def rights(self) -> frozenset[str]: ...


def rights_of_roles(roles: frozenset[str]) -> frozenset[str]:
    return frozenset(right for right, allowed in RIGHTS.items() if allowed & roles)


def rights_of_scopes(scopes: list[str]) -> frozenset[str]:
    return frozenset(right for scope in scopes for right in SCOPES.get(scope, frozenset()))


def can(who: Principal, right: str) -> bool:
    """Unknown rights are a programming error, not a refusal."""
    if right not in RIGHTS:
        raise KeyError(right)
    return right in who.rights


def require(who: Principal, right: str, *objects: object) -> None:
    """Raises NotFound when an object belongs to another organisation, Forbidden when the right is missing."""
    for thing in objects:
        if getattr(thing, "organisation_id", who.organisation_id) != who.organisation_id:
            raise NotFound
    if not can(who, right):
        raise Forbidden(right=right)
