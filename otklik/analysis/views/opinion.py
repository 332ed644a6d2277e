"""Settings: the second opinion. Endpoint, key, budget, what leaves the house, a test, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from otklik.accounts.forms.base import HouseForm
from otklik.accounts.principals import User
from otklik.accounts.views.base import done, me
from otklik.analysis import opinion_queries, words
from otklik.analysis.services import opinion
from otklik.analysis.services.opinion import Settings, Tested
from otklik.kernel.errors import NotFound

WHICH = (
    ("unsure", gettext_lazy("Only texts that our own reading is unsure of, and only the fields in doubt")),
    ("all", gettext_lazy("Every text, to compare (costs the most)")),
)
LONGEST_TRY = 4_000


class OpinionForm(HouseForm):
    """`key` is never shown: an empty field keeps the stored one."""

    base_url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=opinion.LONGEST_URL,
        help_text=gettext_lazy(
            "As the provider names it, usually ending in /v1. A server of your own works, too."
        ),
        widget=forms.TextInput({"placeholder": "https://api.example.ru/v1", "inputmode": "url"}),
    )
    model = forms.CharField(label=gettext_lazy("Model"), max_length=opinion.LONGEST_MODEL)
    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=opinion.LONGEST_KEY,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )
    which = forms.ChoiceField(label=gettext_lazy("Which texts"), choices=WHICH, widget=forms.RadioSelect)
    fields_asked = forms.MultipleChoiceField(
        label=gettext_lazy("What may be asked"),
        choices=[(name, words.FIELDS[name]) for name in opinion.FIELDS],
        widget=forms.CheckboxSelectMultiple,
    )
    seconds = forms.IntegerField(
        label=gettext_lazy("Seconds until an answer is given up"),
        min_value=opinion.SECONDS[0],
        max_value=opinion.SECONDS[1],
    )
    day_requests = forms.IntegerField(
        label=gettext_lazy("Questions a day"), min_value=0, max_value=opinion.MOST
    )
    month_requests = forms.IntegerField(
        label=gettext_lazy("Questions a month"), min_value=0, max_value=opinion.MOST
    )
    day_tokens = forms.IntegerField(label=gettext_lazy("Tokens a day"), min_value=0, max_value=opinion.MOST)
    month_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens a month"), min_value=0, max_value=opinion.MOST
    )

    def settings(self) -> Settings:
        clean = dict(self.cleaned_data)
        return Settings(fields=clean.pop("fields_asked"), key=clean.pop("key") or None, **clean)


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit and what of it is used."""

    title: str
    used: int
    limit: int

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.used / self.limit)) if self.limit else 100

    @property
    def full(self) -> bool:
        return self.used >= self.limit


@never_cache
def settings(request: HttpRequest) -> HttpResponse:
    """The page; saving comes back to it, with a test of the connection where that was asked for."""
    who = me(request, opinion.RIGHT)
    form = OpinionForm(request.POST or None, initial=_initial(who))
    if form.is_valid():
        saved = form.attempt(lambda: opinion.save(form.settings(), by=who))
        if saved and "test" in request.POST:
            return _page(request, who, None, tested=opinion.test(by=who))
        if saved:
            return done(request, _("Saved"), "opinion")
    return _page(request, who, form)


@never_cache
@require_POST
def act(request: HttpRequest, action: str) -> HttpResponse:
    """On, off, or the key deleted."""
    who = me(request, opinion.RIGHT)
    if action in ("on", "off"):
        opinion.switch(on=action == "on", by=who)
        text = _("The second opinion is on") if action == "on" else _("The second opinion is off")
        return done(request, text, "opinion")
    if action == "forget":
        opinion.delete_key(by=who)
        messages.success(request, _("The key is deleted, the second opinion is off"))
        return redirect("opinion")
    raise NotFound


@require_POST
def attempt(request: HttpRequest) -> HttpResponse:
    """A text as it would leave the house; nothing is sent."""
    me(request, opinion.RIGHT)
    shown = opinion.masked(request.POST.get("text", "")[:LONGEST_TRY])
    return render(request, "analysis/_opinion_masked.html", {"masked": shown})


def _page(
    request: HttpRequest, who: User, form: OpinionForm | None, *, tested: Tested | None = None
) -> HttpResponse:
    state = opinion_queries.state(who.organisation_id)
    one = state.endpoint
    form = form or OpinionForm(initial=_initial(who))
    context = {
        "tab": "opinion",
        "form": form,
        "state": state,
        "row": one,
        "host": urlsplit(one.base_url).hostname if one else "",
        "asked": [str(words.FIELDS[name]) for name in one.fields] if one else [],
        "meters": _meters(state),
        "tested": tested,
    }
    return render(request, "analysis/opinion.html", context, status=422 if form.errors else 200)


def _initial(who: User) -> dict[str, Any]:
    row = opinion_queries.endpoint(who.organisation_id)
    given: Any = row or Settings(base_url="", model="")
    names = ("base_url", "model", "which", "seconds", *opinion.LIMITS)
    return {**{name: getattr(given, name) for name in names}, "fields_asked": list(given.fields)}


def _meters(state: opinion_queries.State) -> list[Meter]:
    row, used = state.endpoint, state.used
    if row is None:
        return []
    return [
        Meter(_("Questions today"), used.day_requests, row.day_requests),
        Meter(_("Tokens today"), used.day_tokens, row.day_tokens),
        Meter(_("Questions this month"), used.month_requests, row.month_requests),
        Meter(_("Tokens this month"), used.month_tokens, row.month_tokens),
    ]
