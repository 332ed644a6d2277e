"""Ready texts with variables. What cannot be filled stays visible, so that nobody sends «Здравствуйте, !»."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox import ports, queries
from otklik.inbox.models import Conversation, Template
from otklik.kernel import clock
from otklik.kernel.errors import Conflict, Invalid
from otklik.people import queries as people

MAX_NAME, MAX_TEXT = 100, 20_000
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_UNFILLED = re.compile(r"\{\{[^{}]*\}\}|\[[^\[\]\n]{1,60}\?\]")

# what the composer offers and what an empty value is called
VARIABLES: dict[str, str | Promise] = {
    "customer.first_name": _("customer's first name"),
    "customer.name": _("customer's name"),
    "agent.name": _("your name"),
    "agent.first_name": _("your first name"),
    "agent.title": _("your position"),
    "conversation.number": _("conversation number"),
    "order.number": _("order number"),
    "outlet.name": _("shop"),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A filled text; `missing` names what stayed as «[…?]» and must be filled by hand before sending."""

    text: str
    missing: list[str] = field(default_factory=list)


def create(name: str, text: str, *, by: User, channel_kinds: Sequence[str] = ()) -> Template:
    """A new ready text; it takes the place of an archived one of this name. Raises Forbidden, Invalid, Conflict."""
    policy.require(by, "template.write")
    name, text = _clean(name, text)
    try:
        with transaction.atomic():
            Template.objects.filter(
                organisation_id=by.organisation_id, name=name, archived_at__isnull=False
            ).delete()
            template = Template.objects.create(
                organisation_id=by.organisation_id,
                name=name,
                text=text,
                channel_kinds=list(channel_kinds),
                updated_at=clock.now(),
            )
            _record("template.created", template, by)
    except IntegrityError as error:
        raise _taken(name) from error
    return template


def update(
    template_id: int, *, by: User, name: str, text: str, channel_kinds: Sequence[str] | None = None
) -> Template:
    """Another name, text or place. Raises Forbidden, NotFound, Invalid, Conflict."""
    policy.require(by, "template.write")
    name, text = _clean(name, text)
    template = _find(template_id, by)
    template.name, template.text, template.updated_at = name, text, clock.now()
    if channel_kinds is not None:
        template.channel_kinds = list(channel_kinds)
    try:
        with transaction.atomic():
            template.save(update_fields=["name", "text", "updated_at", "channel_kinds"])
            _record("template.changed", template, by)
    except IntegrityError as error:
        raise _taken(name) from error
    return template


@transaction.atomic
def archive(template_id: int, *, by: User) -> None:
    """No longer offered; a second time changes nothing."""
    policy.require(by, "template.write")
    template = _find(template_id, by)
    if template.archived_at is None:
        template.archived_at = clock.now()
        template.save(update_fields=["archived_at"])
        _record("template.archived", template, by)


@transaction.atomic
def restore(template_id: int, *, by: User) -> Template:
    """Offered again; a second time changes nothing."""
    policy.require(by, "template.write")
    template = _find(template_id, by)
    if template.archived_at is not None:
        template.archived_at = None
        template.save(update_fields=["archived_at"])
        _record("template.restored", template, by)
    return template


def render(template_id: int, conversation_id: int, *, by: User) -> Rendered:
    """The text filled for a conversation. Raises NotFound, Forbidden."""
    conversation = queries.conversation(by, conversation_id)
    template = _find(template_id, by)
    rendered = fill(template.text, conversation, by)
    Template.objects.filter(pk=template.pk).update(uses=F("uses") + 1)
    return rendered


def fill(text: str, conversation: Conversation, by: User) -> Rendered:
    """Replace {{…}} by what is known; unknown and empty ones become «[…?]» and are listed once each."""
    return _fill(text, _sources(conversation, by))


def sign(text: str, by: User) -> str:
    """A signature filled with its author; what is not known of the author is left out."""
    return _fill(text, _author(by), empty=lambda _label: "").text.strip()


def unfilled(text: str) -> list[str]:
    """What still has to be filled by hand: {{…}} and […?]."""
    return list(dict.fromkeys(_UNFILLED.findall(text)))


def _fill(
    text: str,
    sources: Mapping[str, Callable[[], str]],
    empty: Callable[[str], str] = lambda label: f"[{label}?]",
) -> Rendered:
    values: dict[str, str] = {}
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            values[name] = sources[name]().strip() if name in sources else ""
        if values[name]:
            return values[name]
        label = str(VARIABLES.get(name, name))
        if label not in missing:
            missing.append(label)
        return empty(label)

    return Rendered(_VARIABLE.sub(value, text), missing)


def _author(by: User) -> dict[str, Callable[[], str]]:
    return {
        "agent.name": lambda: by.name,
        "agent.first_name": lambda: by.name.split()[0] if by.name.strip() else "",
        "agent.title": lambda: by.title,
    }


def _sources(conversation: Conversation, by: User) -> dict[str, Callable[[], str]]:
    """Looked up only when a text names them."""
    customer = conversation.customer

    def order_number() -> str:
        order = people.orders(conversation.organisation_id, customer.pk).first()
        return order.number if order else ""

    def outlet_name() -> str:
        order = people.orders(conversation.organisation_id, customer.pk).exclude(outlet_key="").first()
        if order is None:
            return ""
        outlets = accounts.entries(conversation.organisation_id, "outlet")
        found = outlets.filter(key=order.outlet_key).first()
        return found.name if found else ""

    return {
        "customer.first_name": lambda: customer.first_name,
        "customer.name": lambda: customer.name,
        "conversation.number": lambda: str(conversation.pk),
        "order.number": order_number,
        "outlet.name": outlet_name,
        **_author(by),
    }


def _find(template_id: int, by: User) -> Template:
    found = Template.objects.filter(pk=template_id, organisation_id=by.organisation_id).first()
    if found is None:
        raise ports.NotFound
    return found


def _clean(name: str, text: str) -> tuple[str, str]:
    name, text = " ".join(name.split()), text.strip()
    if not name or len(name) > MAX_NAME:
        raise Invalid(
            _("A template needs a name of at most %(limit)s characters."), field="name", limit=MAX_NAME
        )
    if not text or len(text) > MAX_TEXT:
        raise Invalid(
            _("A template needs a text of at most %(limit)s characters."), field="text", limit=MAX_TEXT
        )
    unknown = [one for one in _VARIABLE.findall(text) if one not in VARIABLES]
    if unknown:
        raise Invalid(
            _("There is no variable “%(name)s”. Known: %(known)s."),
            field="text",
            name=unknown[0],
            known=", ".join(VARIABLES),
        )
    return name, text


def _record(action: str, template: Template, by: User) -> None:
    audit.record(
        action,
        organisation_id=by.organisation_id,
        by=by,
        kind="template",
        object_id=template.pk,
        name=template.name,
        text=template.text,
    )


def _taken(name: str) -> Conflict:
    return Conflict(_("There is a template “%(name)s” already."), code="name_taken", name=name)
