"""Settings of the inbox: ready texts and labels. Who may write them sees this part of the settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from otklik.accounts.forms.base import HouseForm
from otklik.accounts.principals import User
from otklik.accounts.views.base import done, me
from otklik.inbox import queries
from otklik.inbox.models import ConversationLabel, Label, Template
from otklik.inbox.services import labels, templates
from otklik.inbox.templatetags.inbox import channel_name
from otklik.inbox.views import reading

COLOURS: dict[str, Any] = {
    "grey": gettext_lazy("grey"),
    "red": gettext_lazy("red"),
    "amber": gettext_lazy("amber"),
    "green": gettext_lazy("green"),
    "teal": gettext_lazy("teal"),
    "blue": gettext_lazy("blue"),
    "plum": gettext_lazy("plum"),
}


class TemplateForm(HouseForm):
    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"),
        max_length=templates.MAX_NAME,
        help_text=gettext_lazy("By this colleagues find it."),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=templates.MAX_TEXT, widget=forms.Textarea({"rows": 9})
    )
    channel_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing chosen: everywhere."),
    )

    def __init__(self, *args: Any, kinds: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel_kinds"].choices = [(kind, channel_name(kind)) for kind in kinds]  # type: ignore[attr-defined]


class LabelForm(HouseForm):
    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=labels.MAX_NAME)
    colour = forms.ChoiceField(label=gettext_lazy("Colour"), choices=list(COLOURS.items()), initial="grey")


def _page(request: HttpRequest, name: str, form: HouseForm | None = None, **context: Any) -> HttpResponse:
    refused = form is not None and form.is_bound and form.errors
    return render(
        request, f"inbox/setup/{name}.html", {"form": form, **context}, status=422 if refused else 200
    )


def _templates(who: User) -> Any:
    return Template.objects.filter(organisation_id=who.organisation_id)


def template_list(request: HttpRequest) -> HttpResponse:
    """Ready texts by name; the archived ones on wish."""
    who = me(request, "template.write")
    archived = request.GET.get("archived") == "1"
    rows = _templates(who).filter(archived_at__isnull=not archived).order_by("name")
    return _page(request, "templates", rows=rows, archived=archived, tab="templates")


def template(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """Write one, or change it."""
    who = me(request, "template.write")
    row = get_object_or_404(_templates(who), pk=template_id) if template_id else None
    kinds = sorted({*reading.kinds(who), *(row.channel_kinds if row else [])})
    initial = {name: getattr(row, name) for name in ("name", "text", "channel_kinds")} if row else {}
    form = TemplateForm(request.POST or None, initial=initial, kinds=kinds)
    if form.is_valid():
        saved = form.attempt(lambda: _save(row, form.cleaned_data, who))
        if saved:
            return done(request, _("“%(name)s” is saved") % {"name": saved.name}, "templates")
    variables = [("{{" + name + "}}", words) for name, words in templates.VARIABLES.items()]
    return _page(request, "template", form, row=row, variables=variables, tab="templates")


def _save(row: Template | None, clean: dict[str, Any], who: User) -> Template:
    if row is None:
        return templates.create(clean["name"], clean["text"], by=who, channel_kinds=clean["channel_kinds"])
    return templates.update(
        row.pk, by=who, name=clean["name"], text=clean["text"], channel_kinds=clean["channel_kinds"]
    )


@require_POST
def archive_template(request: HttpRequest, template_id: int) -> HttpResponse:
    templates.archive(template_id, by=me(request))
    undo = reverse("template_restore", args=[template_id])
    return done(request, _("The template is in the archive"), "templates", undo=undo)


@require_POST
def restore_template(request: HttpRequest, template_id: int) -> HttpResponse:
    row = templates.restore(template_id, by=me(request))
    return done(request, _("“%(name)s” is back") % {"name": row.name}, "templates")


def label_list(request: HttpRequest) -> HttpResponse:
    """Labels with the number of conversations that carry them, and under them the form of a new one."""
    who = me(request, "label.write")
    form = LabelForm(request.POST or None)
    if form.is_valid():
        clean = form.cleaned_data
        made = form.attempt(lambda: labels.create(clean["name"], clean["colour"], by=who))
        if made:
            return done(request, _("“%(name)s” is saved") % {"name": made.name}, "labels")
    numbers = dict(
        ConversationLabel.objects.filter(
            label__organisation_id=who.organisation_id, conversation__merged_into=None
        )
        .values_list("label")
        .annotate(number=Count("pk"))
    )
    rows = [(one, numbers.get(one.pk, 0)) for one in queries.labels(who.organisation_id)]
    return _page(request, "labels", form, rows=rows, tab="labels")


def label(request: HttpRequest, label_id: int) -> HttpResponse:
    """Another name or colour: every conversation shows it at once."""
    who = me(request, "label.write")
    row = get_object_or_404(Label, pk=label_id, organisation_id=who.organisation_id)
    form = LabelForm(request.POST or None, initial={"name": row.name, "colour": row.colour})
    if form.is_valid():
        clean = form.cleaned_data
        saved = form.attempt(lambda: labels.rename(label_id, clean["name"], clean["colour"], by=who))
        if saved:
            return done(request, _("“%(name)s” is saved") % {"name": saved.name}, "labels")
    return _page(request, "label", form, row=row, tab="labels")


@require_POST
def archive_label(request: HttpRequest, label_id: int) -> HttpResponse:
    labels.archive(label_id, by=me(request))
    undo = reverse("label_restore", args=[label_id])
    return done(request, _("The label is in the archive; conversations keep it"), "labels", undo=undo)


@require_POST
def restore_label(request: HttpRequest, label_id: int) -> HttpResponse:
    who = me(request, "label.write")
    row = get_object_or_404(Label, pk=label_id, organisation_id=who.organisation_id)
    if row.archived_at is not None:
        labels.create(row.name, row.colour, by=who)
    return done(request, _("“%(name)s” is back") % {"name": row.name}, "labels")
