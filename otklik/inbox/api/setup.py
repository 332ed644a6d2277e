"""What people set up around conversations: labels, ready texts, saved views."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from ninja import Router, Schema
from pydantic import Field

from otklik.inbox import queries
from otklik.inbox.api.shapes import FiltersIn, LabelOut, filters_of
from otklik.inbox.models import Label, SavedView, Template
from otklik.inbox.services import labels, templates, views
from otklik.kernel.rest import Call, Done, Given, Id, operation

router = Router(tags=["Labels, templates, views"])
Name = Annotated[str, Field(min_length=1, max_length=100)]
Colour = Literal["grey", "red", "amber", "green", "teal", "blue", "plum"]


class LabelIn(Given):
    name: Name
    colour: Colour = "grey"


@operation(router, "GET", "/labels", right="conversation.read", answer=list[LabelOut])
def list_labels(request: Call) -> QuerySet[Label]:
    """Labels in use."""
    return queries.labels(request.auth.organisation_id)


@operation(
    router,
    "POST",
    "/labels",
    right="label.write",
    answer=LabelOut,
    status=201,
    example={"name": "Возврат денег"},
)
def create_label(request: Call, data: LabelIn) -> Label:
    """A new label."""
    return labels.create(data.name, data.colour, by=request.auth)


@operation(router, "PUT", "/labels/{label_id}", right="label.write", answer=LabelOut)
def rename_label(request: Call, label_id: Id, data: LabelIn) -> Label:
    """Another name or colour."""
    return labels.rename(label_id, data.name, data.colour, by=request.auth)


@operation(router, "DELETE", "/labels/{label_id}", right="label.write", answer=Done)
def archive_label(request: Call, label_id: Id) -> Done:
    """No longer offered; conversations keep it."""
    labels.archive(label_id, by=request.auth)
    return Done()


class TemplateOut(Schema):
    id: int
    name: str
    text: str
    channel_kinds: list[str]
    uses: int
    updated_at: datetime


class TemplateIn(Given):
    """Variables stand as {{customer.first_name}}. `channel_kinds` empty: everywhere."""

    name: Name
    text: str = Field(min_length=1, max_length=20_000)
    channel_kinds: list[Annotated[str, Field(max_length=32)]] = Field([], max_length=50)


@operation(router, "GET", "/templates", right="conversation.read", answer=list[TemplateOut])
def list_templates(request: Call) -> QuerySet[Template]:
    """Ready texts."""
    return Template.objects.filter(organisation_id=request.auth.organisation_id, archived_at=None).order_by(
        "name", "id"
    )


@operation(
    router,
    "POST",
    "/templates",
    right="template.write",
    answer=TemplateOut,
    status=201,
    example={"name": "Срок возврата", "text": "{{customer.first_name}}, деньги вернутся за 10 дней."},
)
def create_template(request: Call, data: TemplateIn) -> Template:
    """A new ready text."""
    return templates.create(data.name, data.text, by=request.auth, channel_kinds=data.channel_kinds)


@operation(router, "PUT", "/templates/{template_id}", right="template.write", answer=TemplateOut)
def update_template(request: Call, template_id: Id, data: TemplateIn) -> Template:
    """Another text."""
    return templates.update(
        template_id, by=request.auth, name=data.name, text=data.text, channel_kinds=data.channel_kinds
    )


@operation(router, "DELETE", "/templates/{template_id}", right="template.write", answer=Done)
def archive_template(request: Call, template_id: Id) -> Done:
    """No longer offered."""
    templates.archive(template_id, by=request.auth)
    return Done()


class RenderIn(Given):
    conversation_id: Id


class RenderedOut(Schema):
    """`missing`: blanks that a person must fill before sending."""

    text: str
    missing: list[str]


@operation(
    router,
    "POST",
    "/templates/{template_id}/render",
    right="conversation.read",
    answer=RenderedOut,
    example={"conversation_id": 101},
)
def render_template(request: Call, template_id: Id, data: RenderIn) -> Any:
    """The text filled for a conversation."""
    return templates.render(template_id, data.conversation_id, by=request.auth)


class ViewOut(Schema):
    id: int
    name: str
    shared: bool
    position: int
    filters: dict[str, Any]

    @staticmethod
    def resolve_shared(one: SavedView) -> bool:
        return one.owner_id is None


class ViewIn(Given):
    name: Name
    filters: FiltersIn
    shared: bool = False


class ViewName(Given):
    name: Name


@operation(router, "GET", "/views", right="conversation.read", answer=list[ViewOut])
def list_views(request: Call) -> QuerySet[SavedView]:
    """My saved views and the shared ones."""
    return queries.saved_views(request.auth)


@operation(
    router,
    "POST",
    "/views",
    right="conversation.read",
    answer=ViewOut,
    status=201,
    example={"name": "Возвраты", "filters": {"state": ["open"], "q": "возврат"}},
)
def save_view(request: Call, data: ViewIn) -> SavedView:
    """Keep filters under a name. The same name is replaced; sharing needs the right to share."""
    kept = {
        name: list(value) if isinstance(value, tuple) else value for name, value in _set(data.filters).items()
    }
    return views.save(data.name, kept, by=request.auth, shared=data.shared)


def _set(given: FiltersIn) -> dict[str, Any]:
    return asdict(filters_of(given))


@operation(router, "PATCH", "/views/{view_id}", right="conversation.read", answer=ViewOut)
def rename_view(request: Call, view_id: Id, data: ViewName) -> SavedView:
    """Another name."""
    return views.rename(view_id, data.name, by=request.auth)


@operation(router, "DELETE", "/views/{view_id}", right="conversation.read", answer=Done)
def delete_view(request: Call, view_id: Id) -> Done:
    """Delete a saved view."""
    views.delete(view_id, by=request.auth)
    return Done()
