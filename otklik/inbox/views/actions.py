"""What is done to a conversation: each action answers with a sentence and the way to take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.inbox import forms, queries, thread_queries
from otklik.inbox.models import Conversation, ConversationState
from otklik.inbox.queries import Filters
from otklik.inbox.services import grouping, labels, presence, reminders, state
from otklik.inbox.services import reads as reading_marks
from otklik.inbox.templatetags.inbox import when
from otklik.inbox.views import reading
from otklik.inbox.views.common import StaffRequest, done, reads, speaks_json, undo_of, writes
from otklik.kernel.errors import Invalid, NotFound

Act = Callable[[StaffRequest, Conversation], HttpResponse]


def _back_to(conversation: Conversation) -> dict[str, Any]:
    """Undo of a change of state: the state it had."""
    pk = conversation.pk
    if conversation.state == ConversationState.SNOOZED and conversation.snoozed_until:
        return undo_of("inbox-do", pk, "snooze", until=conversation.snoozed_until.isoformat())
    back = {"open": "reopen", "waiting": "wait", "closed": "close"}[conversation.state]
    return undo_of("inbox-do", pk, back)


def _close(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    state.close(conversation.pk, by=request.user)
    return done(request, conversation.pk, _("Closed"), undo=_back_to(conversation))


def _reopen(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    state.reopen(conversation.pk, by=request.user)
    return done(request, conversation.pk, _("It is open again"), undo=_back_to(conversation))


def _wait(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    state.wait_for_customer(conversation.pk, by=request.user)
    return done(request, conversation.pk, _("Waiting for the customer"), undo=_back_to(conversation))


def _snooze(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    until = forms.moment(request.POST.get("until", ""))
    state.snooze(conversation.pk, until, by=request.user)
    text = _("Snoozed until %(until)s") % {"until": when(until)}
    return done(request, conversation.pk, text, undo=_back_to(conversation))


def _assign(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    """`user` and `team`: a number, empty for nobody; a field that is missing stays as it is."""
    user_id, team_id = conversation.assignee_id, conversation.team_id
    if "user" in request.POST:
        user_id = forms.whole(request.POST["user"]) or None
    if "team" in request.POST:
        team_id = forms.whole(request.POST["team"]) or None
    return _give(request, conversation, user_id, team_id)


def _take(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    return _give(request, conversation, request.user.pk, conversation.team_id)


def _give(
    request: StaffRequest, conversation: Conversation, user_id: int | None, team_id: int | None
) -> HttpResponse:
    undo = undo_of(
        "inbox-do", conversation.pk, "assign", user=conversation.assignee_id, team=conversation.team_id
    )
    after = state.assign(conversation.pk, by=request.user, user_id=user_id, team_id=team_id)
    if after.assignee_id == request.user.pk:
        text = _("It is yours")
    elif after.assignee is not None:
        text = _("Owner: %(user)s") % {"user": after.assignee.name}
    elif after.team is not None:
        text = _("Team: %(team)s, nobody yet") % {"team": after.team.name}
    else:
        text = _("Nobody's now")
    return done(request, conversation.pk, text, undo=undo)


def _label(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    """Add or remove one label; a new name makes the label first."""
    label_id = forms.whole(request.POST.get("label", ""))
    name = request.POST.get("name", "").strip()
    if name and not label_id:
        label_id = labels.create(name, "grey", by=request.user).pk
    remove = request.POST.get("remove") == "1"
    (labels.remove if remove else labels.add)(conversation.pk, label_id, by=request.user)
    text = _("Label removed") if remove else _("Label added")
    back = undo_of("inbox-do", conversation.pk, "label", label=label_id, remove="" if remove else "1")
    return done(request, conversation.pk, text, undo=back)


def _merge(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    """This conversation goes into the chosen one, or the chosen one into this."""
    other = forms.whole(request.POST.get("other", "").lstrip("№#"))
    if not other:
        raise Invalid(_("Choose the conversation to join with."), field="other")
    merge = grouping.merge(conversation.pk, other, by=request.user)
    text = _("No. %(other)s is part of this conversation now") % {"other": other}
    return done(request, conversation.pk, text, undo=undo_of("inbox-unmerge", merge.pk))


def _split(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    chosen = forms.ids_of(request.POST.getlist("message"))
    if not chosen:
        raise Invalid(_("Choose at least one message to move."), field="message")
    split = grouping.split(conversation.pk, chosen, by=request.user)
    text = ngettext(
        "%(count)s message moved to No. %(other)s", "%(count)s messages moved to No. %(other)s", len(chosen)
    )
    return done(
        request,
        conversation.pk,
        text % {"count": len(chosen), "other": split.created_id},
        undo=undo_of("inbox-unsplit", split.pk),
    )


def _link(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    other = forms.whole(request.POST.get("other", "").lstrip("№#"))
    remove = request.POST.get("remove") == "1"
    if not other:
        raise Invalid(_("Choose the conversation to link with."), field="other")
    (grouping.unlink if remove else grouping.link)(conversation.pk, other, by=request.user)
    back = undo_of("inbox-do", conversation.pk, "link", other=other, remove="" if remove else "1")
    return done(request, conversation.pk, _("Link removed") if remove else _("Linked"), undo=back)


def _remind(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    due = forms.moment(request.POST.get("until", ""))
    reminders.set(conversation.pk, due, request.POST.get("text", "")[:300], by=request.user)
    return done(request, conversation.pk, _("We will remind you: %(due)s") % {"due": when(due)})


def _reminded(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    reminders.done(forms.whole(request.POST.get("reminder", "")), by=request.user)
    return done(request, conversation.pk, _("Reminder done"))


def _unread(request: StaffRequest, conversation: Conversation) -> HttpResponse:
    reading_marks.unread(conversation.pk, by=request.user)
    return done(request, conversation.pk, _("Marked as unread"), unread=True)


ACTIONS: dict[str, Act] = {
    "close": _close,
    "reopen": _reopen,
    "wait": _wait,
    "snooze": _snooze,
    "assign": _assign,
    "take": _take,
    "label": _label,
    "merge": _merge,
    "split": _split,
    "link": _link,
    "remind": _remind,
    "reminded": _reminded,
    "unread": _unread,
}


@writes
@speaks_json
def act(request: StaffRequest, conversation_id: int, action: str) -> HttpResponse:
    """One action by name on one conversation."""
    if action not in ACTIONS:
        raise NotFound
    return ACTIONS[action](request, queries.conversation(request.user, conversation_id))


DIALOGS = ("assign", "snooze", "label", "merge", "split", "link", "remind")


@reads
def dialog(request: StaffRequest, conversation_id: int, action: str) -> HttpResponse:
    """The question an action needs answered first."""
    if action not in DIALOGS:
        raise NotFound
    who = request.user
    conversation = queries.conversation(who, conversation_id)
    context: dict[str, Any] = {"conversation": conversation, "action": action}
    if action == "assign":
        context |= {
            "staff": accounts.staff(who.organisation_id),
            "teams": accounts.teams(who.organisation_id),
        }
    elif action in ("snooze", "remind"):
        context["presets"] = forms.presets()
    elif action == "label":
        context["chosen"] = {one.pk for one in reading.labels_of(conversation.pk)}
        context["labels"] = queries.labels(who.organisation_id)
        context["may_create"] = policy.can(who, "label.write")
    elif action == "split":
        # the newest first: what has just come is what belongs elsewhere
        told = reversed(thread_queries.thread(who, conversation.pk))
        context["messages"] = [one for one in told if one.direction != "system"]
    else:
        context["found"] = reading.earlier(who, conversation, limit=8)
    return render(request, f"inbox/dialogs/{'merge' if action == 'link' else action}.html", context)


@reads
def candidates(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """Conversations to join or link with: by number, name or words."""
    who = request.user
    conversation = queries.conversation(who, conversation_id)
    query = request.GET.get("q", "").strip()
    if query:
        rows = queries.filtered(who, Filters(query=query)).exclude(pk=conversation.pk)[:12]
        found = list(rows)
    else:
        found = reading.earlier(who, conversation, limit=8)
    context = {"conversation": conversation, "found": found, "q": query}
    return render(request, "inbox/dialogs/_candidates.html", context)


@writes
@speaks_json
def unmerge(request: StaffRequest, merge_id: int) -> HttpResponse:
    apart = grouping.unmerge(merge_id, by=request.user)
    return done(request, apart.pk, _("They stand apart again"), go=reverse("inbox-thread", args=[apart.pk]))


@writes
@speaks_json
def unsplit(request: StaffRequest, split_id: int) -> HttpResponse:
    whole = grouping.unsplit(split_id, by=request.user)
    return done(request, whole.pk, _("The messages are back"), go=reverse("inbox-thread", args=[whole.pk]))


@writes
def seen(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """The newest message on the screen has been looked at."""
    reading_marks.seen(conversation_id, forms.whole(request.POST.get("message", "")), by=request.user)
    return HttpResponse(status=204)


@writes
@speaks_json
def present(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """I am here (and typing); answers who else is. `leave=1`: I am gone."""
    if request.POST.get("leave") == "1":
        presence.leave(conversation_id, by=request.user)
        return HttpResponse(status=204)
    others = presence.touch(conversation_id, by=request.user, typing=request.POST.get("typing") == "1")
    typing = [one.name for one in others if one.typing]
    looking = [one.name for one in others if not one.typing]
    text = ""
    if typing:
        text = _("%(names)s is writing an answer…") % {"names": ", ".join(typing)}
    elif looking:
        text = _("Also here: %(names)s") % {"names": ", ".join(looking)}
    return JsonResponse({"text": text, "typing": bool(typing)})
