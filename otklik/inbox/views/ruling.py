"""Settings: rules by readings. The list, the editor with its steps, trying on history, versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.accounts.views.base import done, me
from otklik.inbox import queries as inbox
from otklik.inbox.forms import whole
from otklik.inbox.models import Rule, RuleRun
from otklik.inbox.routing import editor, examples, queries
from otklik.inbox.routing.definition import MOST_CONDITIONS, checked
from otklik.inbox.routing.sentences import Names
from otklik.inbox.services import rule_runs, rules
from otklik.kernel.errors import Conflict, Invalid, OtklikError

RIGHT = rules.RIGHT


@require_GET
def rule_list(request: HttpRequest) -> HttpResponse:
    """Rules in the order in which they are asked; three examples when there is none."""
    who = me(request, RIGHT)
    query, archived = request.GET.get("q", "").strip()[:100], request.GET.get("archived") == "1"
    context = {
        "rows": queries.listed(who, query, archived=archived),
        "q": query,
        "archived": archived,
        "examples": examples.examples(),
        "tab": "rules",
    }
    return render(request, "inbox/rules/list.html", context)


def rule_new(request: HttpRequest) -> HttpResponse:
    """Write one; `?example=` fills the form."""
    who = me(request, RIGHT)
    names = Names(who.organisation_id)
    if request.method == "POST":
        return _posted(request, who, names, None)
    chosen = next((one for one in examples.examples() if one.key == request.GET.get("example")), None)
    draft = editor.draft_of(chosen.definition, names, name=chosen.name) if chosen else editor.empty(names)
    return _page(request, who, draft, None)


def rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Change one, or look at what it did."""
    who = me(request, RIGHT)
    row = queries.rule(who, rule_id)
    names = Names(who.organisation_id)
    if request.method == "POST":
        return _posted(request, who, names, row)
    draft = editor.draft_of(queries.current(row), names, name=row.name, number=row.number, active=row.active)
    return _page(request, who, draft, row)


def _posted(request: HttpRequest, who: User, names: Names, row: Rule | None) -> HttpResponse:
    draft = editor.posted(request.POST, names)
    if request.POST.get("do"):  # a step of the editor, in a browser without scripts
        return _page(request, who, draft, row)
    try:
        if row is None:
            saved = rules.create(draft.name, draft.definition(), by=who, active=draft.active)
        else:
            saved = rules.save(
                row.pk, draft.name, draft.definition(), by=who, number=draft.number, active=draft.active
            )
    except (Invalid, Conflict) as error:
        return _page(request, who, draft, row, error=error)
    return done(request, _("“%(name)s” is saved") % {"name": saved.name}, "rule", saved.pk)


def _page(
    request: HttpRequest, who: User, draft: editor.Draft, row: Rule | None, error: OtklikError | None = None
) -> HttpResponse:
    context = {
        **_choices(who),
        "draft": draft,
        "row": row,
        "error": error,
        "versions": queries.versions(row) if row else [],
        "runs": queries.applied(row) if row else [],
        "tab": "rules",
    }
    return render(request, "inbox/rules/rule.html", context, status=422 if error else 200)


def _choices(who: User) -> dict[str, Any]:
    return {
        "labels": inbox.labels(who.organisation_id),
        "teams": accounts.teams(who.organisation_id),
        "people": accounts.staff(who.organisation_id),
        "days": rule_runs.DAYS,
        "most": MOST_CONDITIONS,
    }


@require_POST
def conditions(request: HttpRequest) -> HttpResponse:
    """Fragment: the conditions after one step of the editor."""
    who = me(request, RIGHT)
    draft = editor.posted(request.POST, Names(who.organisation_id))
    return render(request, "inbox/rules/_conditions.html", {"draft": draft, "most": MOST_CONDITIONS})


@require_POST
def dry_run(request: HttpRequest) -> HttpResponse:
    """Fragment: what the rule in the form would have met; `rule` is the saved one it belongs to."""
    who = me(request, RIGHT)
    draft = editor.posted(request.POST, Names(who.organisation_id))
    try:
        run = rule_runs.dry_run(draft.definition(), whole(request.POST.get("days", "")), by=who)
    except Invalid as error:
        return render(request, "inbox/rules/_refused.html", {"error": error}, status=422)
    return _run(request, who, run)


@require_GET
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Fragment: a run as it stands; asks again while it runs."""
    who = me(request, RIGHT)
    return _run(request, who, queries.run(who, run_id))


def _run(request: HttpRequest, who: User, one: RuleRun) -> HttpResponse:
    if one.kind == RuleRun.Kind.APPLY:
        return render(request, "inbox/rules/_applied.html", {"run": one})
    saved = _saved(who, request, one)
    counted = queries.counted(one)
    context = {
        "run": one,
        "counted": counted,
        "gives": any(each.kind != "label" for each in counted),
        "met": queries.examples(one),
        "saved": saved,
    }
    return render(request, "inbox/rules/_run.html", context)


def _saved(who: User, request: HttpRequest, one: RuleRun) -> Rule | None:
    """The rule of the page, when what was tried is what it says: only that can be applied."""
    asked = whole(request.POST.get("rule", "") or request.GET.get("rule", ""))
    if not asked:
        return None
    row = queries.rule(who, asked, archived=False)
    says = checked_or_none(row)
    return row if says == one.definition else None


def checked_or_none(row: Rule) -> dict[str, Any] | None:
    """What a rule says now as a dry run keeps it; None when it names what is gone."""
    try:
        return checked(queries.current(row), row.organisation_id, draft=True).json()
    except Invalid:
        return None


@require_POST
def apply(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Let it act on history in the background."""
    who = me(request, RIGHT)
    rule_runs.apply(rule_id, whole(request.POST.get("days", "")), by=who)
    return done(request, _("The rule is applied to history in the background"), "rule", rule_id)


RUN_STEPS: dict[str, Callable[..., RuleRun]] = {"stop": rule_runs.stop, "undo": rule_runs.undo}


@require_POST
def run_step(request: HttpRequest, run_id: int, step: str) -> HttpResponse:
    """Stop a run, or take it back."""
    who = me(request, RIGHT)
    found = RUN_STEPS[step](run_id, by=who)
    return render(request, "inbox/rules/_applied.html", {"run": found}) if _is_htmx(request) else _to(found)


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _to(one: RuleRun) -> HttpResponse:
    return redirect("rule", one.rule_id) if one.rule_id else redirect("rules")


@require_POST
def switch(request: HttpRequest, rule_id: int) -> HttpResponse:
    """On or off, from the list."""
    row = rules.switch(rule_id, request.POST.get("active") == "1", by=me(request))
    words = _("“%(name)s” is switched on") if row.active else _("“%(name)s” is switched off")
    return done(request, words % {"name": row.name}, "rules")


@require_POST
def move(request: HttpRequest, rule_id: int) -> HttpResponse:
    """One place up or down."""
    rules.move(rule_id, -1 if request.POST.get("step") == "up" else 1, by=me(request))
    return redirect("rules")


@require_POST
def back(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Go back to an old version: it becomes the newest."""
    who = me(request, RIGHT)
    number = whole(request.POST.get("number", ""))
    row = rules.go_back(rule_id, number, by=who)
    said = _("“%(name)s” says again what version %(number)s said") % {"name": row.name, "number": number}
    return done(request, said, "rule", rule_id)


@require_POST
def archive(request: HttpRequest, rule_id: int) -> HttpResponse:
    rules.archive(rule_id, by=me(request))
    undo = reverse("rule_restore", args=[rule_id])
    return done(request, _("The rule is in the archive; what it did stays"), "rules", undo=undo)


@require_POST
def restore(request: HttpRequest, rule_id: int) -> HttpResponse:
    row = rules.restore(rule_id, by=me(request))
    return done(request, _("“%(name)s” is back, switched off") % {"name": row.name}, "rule", row.pk)
