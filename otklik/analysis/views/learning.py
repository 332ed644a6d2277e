"""Settings: what the machine learns from people. Agreement, mistakes, versions, and the queue of questions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from otklik.accounts.views.base import done, me
from otklik.analysis import labels, learning_page, questions, services, words
from otklik.analysis.engine.own import FIELDS
from otklik.analysis.models import ModelVersion
from otklik.analysis.services import corrections, learning, lessons, reader
from otklik.kernel.errors import NotFound

KIND = "message"  # what is read again
RIGHT = "analysis.train"
ASK = "analysis.correct"
READ = "conversation.read"
SKIPPED = "learning_skipped"  # in the session
MOST_SKIPPED = 300
# keys of choices: digits, then digits with Shift
KEYS = tuple(f"{shift}Digit{digit}" for shift in ("", "Shift+") for digit in "1234567890")


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Every field: how often the machine is right, what it has learnt, what it may learn from."""
    who = me(request, RIGHT)
    context = {
        "tab": "learning",
        "rows": learning_page.overview(who.organisation_id, reader.shipped()),
        "every": labels.every(who.organisation_id),
        "least": learning.FEW,
        "fewest": lessons.FEWEST,
        **_progress(who),
    }
    return render(request, "analysis/learning.html", context)


def _progress(who: Any) -> dict[str, Any]:
    version = reader.version(who.organisation_id)
    return {"progress": learning_page.progress(who.organisation_id, KIND, version)}


@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """What runs in the background, asked again while it runs."""
    context = _progress(me(request, RIGHT))
    answer = render(request, "analysis/_learning_progress.html", context)
    if "running" in request.GET and not context["progress"].running:
        answer["HX-Refresh"] = "true"  # it has ended: the figures of the page are new
    return answer


@require_GET
def field(request: HttpRequest, name: str) -> HttpResponse:
    """One field: agreement over time, confusion, what was learnt, versions."""
    who = me(request, RIGHT)
    if name not in FIELDS:
        raise NotFound
    base = reader.shipped()
    number = int(page) if (page := request.GET.get("page", "1")).isdecimal() and len(page) < 6 else 1  # noqa: PLR2004
    rows, more = learning_page.versions(who.organisation_id, name, base, max(number, 1))
    in_use = (
        labels.versions(who.organisation_id, name).filter(state=ModelVersion.State.ACTIVE, base=base).first()
    )
    [line] = [one for one in learning_page.overview(who.organisation_id, base) if one.field == name]
    context = {
        "tab": "learning",
        "name": name,
        "title": words.FIELDS[name],
        "line": line,
        "chart": learning_page.chart(labels.by_week(who.organisation_id, name)),
        "matrix": learning_page.matrix(who.organisation_id, name),
        "in_use": in_use,
        "words": learning_page.learnt_words(who.organisation_id, in_use),
        "versions": rows,
        "more": number + 1 if more else 0,
        "fewest": lessons.FEWEST,
        "askable": name in questions.FIELDS,
        **_progress(who),
    }
    return render(request, "analysis/learning_field.html", context)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Retrain the named field, or all that have enough labels."""
    name = request.POST.get("field", "")
    learning.start(by=me(request), fields=[name] if name else None)
    return done(request, _("Learning in the background"), *_back(name))


@require_POST
def activate(request: HttpRequest, version_id: int) -> HttpResponse:
    one = learning.activate(version_id, by=me(request))
    text = _("Version %(number)s is in use") % {"number": one.number}
    return done(request, text, "learning_field", one.field)


@require_POST
def shipped(request: HttpRequest, name: str) -> HttpResponse:
    learning.use_shipped(name, by=me(request))
    return done(request, _("The shipped models answer again"), "learning_field", name)


@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    given = request.POST.get("every", "").strip()
    learning.plan(int(given) if given.isdecimal() and len(given) < 9 else -1, by=me(request))  # noqa: PLR2004
    return done(request, _("Saved"), "learning")


@require_POST
def history(request: HttpRequest) -> HttpResponse:
    """Read every message again with what is in use now."""
    services.again(KIND, by=me(request))
    return done(request, _("Messages are read again in the background"), "learning")


def _back(name: str) -> tuple[str, ...]:
    return ("learning_field", name) if name in FIELDS else ("learning",)


@require_GET
def ask(request: HttpRequest) -> HttpResponse:
    """The queue of questions: one field of one text at a time."""
    return _next(request)


@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """A person's answer to the question of `token`; the next one comes back."""
    who = me(request, ASK)
    one = questions.asked(request.POST.get("token", ""))
    subject = questions.subject(who.organisation_id, one.reading_id)
    label = request.POST.get("label", "")
    found = corrections.correct(subject.kind, subject.object_id, one.field, label, by=who, source=one.source)
    machine = corrections.machine_said(found, one.field)
    titles = learning_page.Titles(who.organisation_id, one.field)
    return _next(request, said=titles(label), machine=titles(machine), agreed=machine == label)


@require_POST
def skip(request: HttpRequest) -> HttpResponse:
    one = questions.asked(request.POST.get("token", ""))
    passed = [*request.session.get(SKIPPED, ()), f"{one.reading_id}:{one.field}"]
    request.session[SKIPPED] = passed[-MOST_SKIPPED:]
    return _next(request)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """The last answer is unsaid, and its question stands there again."""
    who = me(request, ASK)
    last = questions.last_given(who.organisation_id, who.pk)
    if last is None:
        raise NotFound
    corrections.take_back(last.pk, by=who)
    return _next(request, again=questions.again(last))


def _next(request: HttpRequest, *, again: questions.Question | None = None, **said: Any) -> HttpResponse:
    who = me(request, ASK)
    only = request.POST.get("only", "") or request.GET.get("field", "")
    number = questions.given_today(who.organisation_id, who.pk)
    question = again or questions.after(
        who.organisation_id, number, field=only, skipped=request.session.get(SKIPPED, ())
    )
    context: dict[str, Any] = {
        "tab": "learning",
        "question": question,
        "number": number,
        "only": only,
        "fields": [(name, words.FIELDS[name]) for name in questions.FIELDS],
        "undo": questions.last_given(who.organisation_id, who.pk) is not None,
        "may_train": RIGHT in who.rights,
        **said,
    }
    if question is not None:
        choices = corrections.labels_of(who.organisation_id, question.field)
        keys = [*KEYS, *[""] * len(choices)]
        context["title"] = words.FIELDS[question.field]
        context["page"] = questions.page(question) if READ in who.rights else ""
        context["choices"] = [(*pair, key) for pair, key in zip(choices.items(), keys, strict=False)]
    part = request.headers.get("HX-Request")
    return render(
        request, "analysis/_learning_question.html" if part else "analysis/learning_ask.html", context
    )
