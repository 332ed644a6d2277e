"""Settings: the causes of the organisation. Industry, names, phrases, own causes, and a text to try them on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_POST

from otklik.accounts import queries as accounts
from otklik.accounts.forms.base import HouseForm
from otklik.accounts.views.base import done, me
from otklik.analysis import queries, services, words
from otklik.analysis.services import taxonomy
from otklik.analysis.taxonomy import Cause, Causes
from otklik.kernel.errors import NotFound, OtklikError

KIND = "message"  # what is read again
VERSIONS = 10  # shown at the foot


class Lines(forms.CharField):
    """One phrase a line."""

    def to_python(self, value: Any) -> Any:
        return tuple((super().to_python(value) or "").splitlines())

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value


class CauseForm(HouseForm):
    """`usual`: the name that stands without one of the organisation's own."""

    ru = forms.CharField(label=gettext_lazy("Name in Russian"), max_length=taxonomy.MAX_NAME, required=False)
    en = forms.CharField(label=gettext_lazy("Name in English"), max_length=taxonomy.MAX_NAME, required=False)
    phrases = Lines(
        label=gettext_lazy("Phrases that give it away"),
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy(
            "One phrase per line, ideally two words or more. All forms of the words count. “парков*” matches a"
            " beginning, “…” allows up to three words between."
        ),
    )

    def __init__(self, *args: Any, usual: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ru", "en"):
            with override(name):
                self.fields[name].widget.attrs["placeholder"] = str(usual)


def _met(one: Cause, q: str) -> bool:
    """Whether its name or one of its phrases holds what is looked for."""
    return any(q in text.casefold() for text in (str(one.title), one.ru, one.en, *one.phrases))


def causes(request: HttpRequest) -> HttpResponse:
    """All causes, the industry, the form of a new one, and the versions before."""
    who = me(request, taxonomy.RIGHT)
    form = CauseForm(request.POST or None)
    if form.is_valid():
        clean = form.cleaned_data
        made = form.attempt(lambda: taxonomy.add(clean["ru"], clean["en"], clean["phrases"], by=who))
        if made:
            name = clean["ru"] or clean["en"]
            return done(request, _("“%(name)s” is saved") % {"name": name}, "causes")
    now = queries.causes(who.organisation_id)
    q = request.GET.get("q", "").strip()
    rows = [one for one in now.every if not one.into and _met(one, q.casefold())]
    context = {
        "form": form,
        "tab": "causes",
        "q": q,
        "causes": [(one, now.usual(one.key)) for one in rows],
        "preset": now.preset,
        "presets": words.PRESETS.items(),
        "number": now.number,
        "versions": _versions(who.organisation_id),
        **_history(who),
    }
    return render(request, "analysis/taxonomy.html", context, status=422 if form.errors else 200)


def _versions(organisation_id: int) -> list[tuple[Any, str]]:
    """The latest versions with who made them."""
    rows = list(queries.taxonomy_versions(organisation_id)[:VERSIONS])
    people = {one.pk: one.name for one in accounts.everybody(organisation_id)} if rows else {}
    return [(row, people.get(row.by_id, "")) for row in rows]


def _history(who: Any) -> dict[str, Any]:
    running = queries.rereading(who.organisation_id, KIND)
    return {
        "running": running,
        "offers_history": running is None
        and "analysis.train" in who.rights
        and queries.read_before_taxonomy(who.organisation_id),
    }


def cause(request: HttpRequest, key: str) -> HttpResponse:
    """One cause: its names and phrases."""
    who = me(request, taxonomy.RIGHT)
    now = queries.causes(who.organisation_id)
    row = now.get(key)
    if row is None or row.into:
        raise NotFound
    initial = {"ru": row.ru, "en": row.en, "phrases": row.phrases}
    form = CauseForm(
        request.POST or None, initial=initial, usual="" if row.own else words.VALUES["cause"][key]
    )
    if form.is_valid():
        saved = form.attempt(lambda: taxonomy.change(key, by=who, **form.cleaned_data))
        if saved:
            return done(request, _("“%(name)s” is saved") % {"name": saved.title(key)}, "causes")
    context = {
        "form": form,
        "tab": "causes",
        "row": row,
        "others": _others(now, row),
        "usual": now.usual(key),
    }
    return render(request, "analysis/taxonomy_cause.html", context, status=422 if form.errors else 200)


def _others(now: Causes, row: Cause) -> list[tuple[str, str]]:
    return [(key, title) for key, title in now.offered.items() if key != row.key]


@require_POST
def preset(request: HttpRequest) -> HttpResponse:
    taxonomy.choose_preset(request.POST.get("preset", ""), by=me(request))
    return done(request, _("The industry is chosen"), "causes")


@require_POST
def switch(request: HttpRequest, key: str, state: str) -> HttpResponse:
    """Off, or on again."""
    now = taxonomy.change(key, off=state == "off", by=me(request))
    text = _("“%(name)s” is read no more") if state == "off" else _("“%(name)s” is read again")
    return done(request, text % {"name": now.title(key)}, "causes")


@require_POST
def merge(request: HttpRequest, key: str) -> HttpResponse:
    now = taxonomy.merge(key, request.POST.get("into", ""), by=me(request))
    return done(request, _("It is part of “%(name)s” now") % {"name": now.title(key)}, "causes")


@require_POST
def back(request: HttpRequest, number: int) -> HttpResponse:
    taxonomy.back_to(number, by=me(request))
    return done(request, _("The causes stand as in version %(number)s") % {"number": number}, "causes")


@require_POST
def attempt(request: HttpRequest) -> HttpResponse:
    """What is read in a text with the phrases of the form, as they stand there unsaved."""
    data = request.POST
    context: dict[str, Any] = {}
    try:
        context["tried"] = taxonomy.attempt(
            data.get("text", ""),
            key=data.get("key", ""),
            phrases=data.get("phrases", "").splitlines(),
            by=me(request),
        )
    except OtklikError as error:
        if error.status in (403, 404):
            raise
        context["problem"] = error.sentence
    return render(request, "analysis/_tried.html", context)


@require_POST
def history(request: HttpRequest) -> HttpResponse:
    """Read every message again with the causes in force."""
    services.again(KIND, by=me(request))
    return done(request, _("Messages are read again in the background"), "causes")
