"""Writing: drafts, templates, files, the answer itself, and taking it back."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.channels.ports import AccountFacts
from otklik.inbox import forms, queries, style
from otklik.inbox.models import Attachment, Conversation, Draft, Message
from otklik.inbox.services import drafts, files, notes, recipients, templates, wishes
from otklik.inbox.services.recipients import Address, Proposal
from otklik.inbox.services.reply import Answer, reply, undo_seconds
from otklik.inbox.templatetags.inbox import channel_name, file_size, when
from otklik.inbox.views import reading, wishing
from otklik.inbox.views.common import StaffRequest, done, reads, reason_of, speaks_json, undo_of, writes
from otklik.kernel import clock
from otklik.kernel.errors import Invalid

MODES = ("public", "private", "note")
_IN_BRACKETS = re.compile(r"<([^<>]+)>")


@dataclass(slots=True)
class Mode:
    """One tab of the composer: who will see it, what the button says, the draft kept for it."""

    key: str
    icon: str
    title: str
    hint: str
    button: str
    placeholder: str
    draft: Draft | None = None
    files: list[Attachment] = field(default_factory=list)
    on: bool = False
    key_code: str = ""
    mail: bool = False
    to: list[Address] = field(default_factory=list)
    cc: list[Address] = field(default_factory=list)
    proposed: list[Address] = field(default_factory=list)  # who gets it when nobody says otherwise
    everybody: list[Address] = field(default_factory=list)  # whom "answer to all" adds
    hidden: bool = False  # we got a hidden copy
    signature: str = ""
    limit: int | None = None
    wish: str = ""  # views/wishing.py, as JSON

    @property
    def text(self) -> str:
        return self.draft.text if self.draft else ""


def composer(
    request: StaffRequest, conversation: Conversation, facts: AccountFacts, *, newest_id: int, public: bool
) -> dict[str, Any]:
    """Tabs by what the channel can do, the person's drafts in them. `public`: some of it was said in public."""
    who = request.user
    kept = reading.drafts_of(who, conversation.pk)
    may_reply = policy.can(who, "conversation.reply")
    modes = _modes(request, conversation, facts, may_reply=may_reply, public=public)
    for mode in modes:
        mode.draft = kept.get(mode.key)
        mode.files = list(mode.draft.attachments.all()) if mode.draft else []
        if mode.mail:
            _address(mode, recipients.propose(conversation, facts))
    for mode in modes:
        mode.wish = json.dumps(wishing.strip(conversation, mode.key, mode.text), ensure_ascii=False)
    chosen = _chosen(modes, conversation, request.GET.get("mode", ""))
    if chosen is not None:
        chosen.on = True
    reason = ""
    if not may_reply:
        reason = _("Your role reads and writes notes; answers are sent by operators.")
    elif not any(mode.key != "note" for mode in modes):
        reason = _("This channel takes no answers from here.")
    elif not facts.active:
        reason = _("The channel “%(channel)s” is switched off; an administrator can switch it on.") % {
            "channel": facts.name
        }
    return {
        "modes": modes,
        "mode": chosen,
        "no_reply_reason": reason,
        "client_key": secrets.token_urlsafe(12),
        "newest_id": newest_id,
        "undo_seconds": undo_seconds(who),
        "reasons": wishing.reasons(),
        "quietly": may_reply and style.of_conversation(conversation.pk) == style.NON_INTRUSIVE,
        "stale": bool(
            chosen and chosen.draft and chosen.text and 0 < chosen.draft.based_on_message_id < newest_id
        ),
    }


def _address(mode: Mode, proposal: Proposal) -> None:
    """Who gets the letter: as the draft says, else who wrote last; names are taken from what is proposed."""
    kept = mode.draft.recipients if mode.draft else {}
    known = {one.address: one for one in (*proposal.to, *proposal.everybody)}
    mode.to = [known.get(one.lower(), Address(one)) for one in kept.get("to") or []] or list(proposal.to)
    mode.cc = [known.get(one.lower(), Address(one)) for one in kept.get("cc") or []]
    mode.proposed, mode.everybody, mode.hidden = list(proposal.to), list(proposal.everybody), proposal.hidden


def _modes(
    request: StaffRequest, conversation: Conversation, facts: AccountFacts, *, may_reply: bool, public: bool
) -> list[Mode]:
    able = facts.capabilities
    name = conversation.customer.first_name or conversation.customer_name
    found: list[Mode] = []
    mail = facts.kind == "mail"
    placeholder = _("Write an answer…")
    # a talk that was private from its beginning has no public place to answer in
    if may_reply and public and (able.reply_public or able.reply_manual):
        seen_by = _("everybody sees it")
        if conversation.reach:
            seen_by = _("everybody sees it, reach %(reach)s") % {
                "reach": f"{conversation.reach:,}".replace(",", "\u202f")
            }
        found.append(
            Mode(
                "public", "globe", _("In public"), seen_by, _("Send in public"), placeholder, key_code="KeyR"
            )
        )
    if may_reply and (able.reply_private or (able.reply_manual and not public)):
        hint = _("only %(name)s sees it") % {"name": name} if name else _("only the customer sees it")
        if mail:
            hint = _("mail to %(name)s") % {"name": conversation.customer_name}
        title, button = (_("By mail"), _("Send by mail")) if mail else (_("In private"), _("Send in private"))
        code = "KeyR" if not found else "Shift+KeyR"
        found.append(Mode("private", "lock", title, hint, button, placeholder, key_code=code, mail=mail))
    for mode in found:
        mode.limit = able.max_length
        if mail:
            mode.signature = request.user.signature or request.user.organisation.signature
    if policy.can(request.user, "conversation.note"):
        found.append(
            Mode(
                "note",
                "note",
                _("Note"),
                _("only colleagues see it"),
                _("Save the note"),
                _("A note for colleagues. @ names somebody"),
                key_code="KeyN",
            )
        )
    return found


def _chosen(modes: list[Mode], conversation: Conversation, wanted: str) -> Mode | None:
    """The tab asked for, else the one with a draft, else the place the customer wrote in."""
    by_key = {mode.key: mode for mode in modes}
    drafted = next((mode for mode in modes if mode.text), None)
    return (
        by_key.get(wanted) or drafted or by_key.get(conversation.visibility) or (modes[0] if modes else None)
    )


@writes
@speaks_json
def save_draft(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """Kept on every pause of typing; an emptied text discards the draft."""
    mode, text = _mode_of(request), request.POST.get("text", "")
    kept = {field: _addresses(request.POST.get(field, "")) for field in ("to", "cc")}
    if not text.strip() and not request.POST.get("files"):
        drafts.discard(conversation_id, mode, by=request.user)
        return JsonResponse({"saved": True, "empty": True, "wish": _wish(request, conversation_id, mode, "")})
    drafts.save(
        conversation_id,
        mode,
        text,
        by=request.user,
        recipients=kept,
        seen_message_id=forms.whole(request.POST.get("seen", "")),
    )
    return JsonResponse({"saved": True, "empty": False, "wish": _wish(request, conversation_id, mode, text)})


def _wish(request: StaffRequest, conversation_id: int, mode: str, text: str) -> dict[str, Any]:
    return wishing.strip(queries.conversation(request.user, conversation_id), mode, text)


def _mode_of(request: StaffRequest) -> str:
    mode = request.POST.get("mode", "private")
    if mode not in MODES:
        raise Invalid(_("Choose where the answer goes: in public, in private, or a note."), field="mode")
    return mode


def _addresses(text: str) -> list[str]:
    """As people paste them: divided by commas, semicolons or lines, with or without names."""
    found = (_IN_BRACKETS.search(one) or [one, one] for one in re.split(r"[,;\n]", text))
    return [one[1].strip() for one in found if one[1].strip()]


def _to(request: StaffRequest) -> tuple[str, ...]:
    """The addressees on the screen; all taken away is not the same as none said."""
    if "to" not in request.POST:
        return ()
    found = tuple(_addresses(request.POST["to"]))
    if not found and request.POST.get("addressed") == "1":
        raise Invalid(_("Say to whom you write."), field="to")
    return found


@writes
@speaks_json
def send(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """An answer or a note; the same `client_key` twice is one."""
    mode, text = _mode_of(request), request.POST.get("text", "")
    who = request.user
    if mode == "note":
        note = notes.add(conversation_id, text, by=who, client_key=request.POST.get("client_key", "")[:64])
        drafts.discard(conversation_id, mode, by=who)
        return done(request, conversation_id, _("The note is saved"), message_id=note.pk)
    close = request.POST.get("close") == "1"
    chosen = request.POST.get("send_at", "")
    send_at = forms.moment(chosen) if chosen else None
    message = reply(
        conversation_id,
        Answer(
            text=text,
            visibility=mode,
            client_key=request.POST.get("client_key", "")[:64],
            to=_to(request),
            cc=tuple(_addresses(request.POST.get("cc", ""))),
            attachment_ids=tuple(forms.ids_of(request.POST.getlist("attachment"))),
            seen_message_id=forms.whole(request.POST.get("seen", "")),
            close=close,
            reason=reason_of(request),
            send_at=send_at,
        ),
        by=who,
    )
    if send_at is not None:
        return _planned(request, message)
    wait = undo_seconds(request.user)
    text = _("Goes out and closes in %(seconds)s s") if close else _("Goes out in %(seconds)s s")
    return done(
        request,
        conversation_id,
        text % {"seconds": wait} if wait else _("The answer goes out"),
        message_id=message.pk,
        undo=undo_of("inbox-cancel", message.pk) if wait else None,
        seconds=wait,
        sent=True,
        client_key=secrets.token_urlsafe(12),
    )


def _planned(request: StaffRequest, message: Message) -> HttpResponse:
    return done(
        request,
        message.conversation_id,
        _("Leaves: %(moment)s") % {"moment": when(message.due_at)},
        message_id=message.pk,
        undo=undo_of("inbox-scheduled", message.pk, "cancel"),
        sent=True,
        client_key=secrets.token_urlsafe(12),
    )


@reads
def later_dialog(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """When the answer is to leave: the customer's best hours first, then the usual moments."""
    conversation = queries.conversation(request.user, conversation_id)
    best = wishes.preferred_moment(conversation.organisation_id, conversation.customer_id, clock.now())
    context = {"conversation": conversation, "best": best, "presets": forms.presets()}
    return render(request, "inbox/dialogs/later.html", context)


@writes
@speaks_json
def attach(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """Files of an answer being written, one or several; answers with the list of the mode."""
    mode = _mode_of(request)
    for upload in request.FILES.getlist("file"):
        files.attach(conversation_id, mode, upload.name or _("file"), upload.read(), by=request.user)
    return _file_list(request, conversation_id, mode)


@writes
@speaks_json
def remove_file(request: StaffRequest, conversation_id: int, attachment_id: int) -> HttpResponse:
    files.remove(attachment_id, by=request.user)
    return _file_list(request, conversation_id, _mode_of(request))


def _file_list(request: StaffRequest, conversation_id: int, mode: str) -> JsonResponse:
    draft = reading.drafts_of(request.user, conversation_id).get(mode)
    rows = list(draft.attachments.all()) if draft else []
    return JsonResponse(
        {"files": [{"id": one.pk, "name": one.filename, "size": file_size(one.size)} for one in rows]}
    )


@reads
def template_dialog(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """Ready texts that fit the channel; the search narrows the list in place."""
    conversation = queries.conversation(request.user, conversation_id)
    query = request.GET.get("q", "")
    context = {
        "conversation": conversation,
        "templates": reading.template_rows(request.user, conversation.channel_kind, query),
        "q": query,
        "channel": channel_name(conversation.channel_kind),
        "may_write": policy.can(request.user, "template.write"),
    }
    name = (
        "inbox/dialogs/_template_list.html"
        if request.htmx.target == "template-list"
        else "inbox/dialogs/templates.html"
    )
    return render(request, name, context)


@reads
@speaks_json
def template_text(request: StaffRequest, conversation_id: int, template_id: int) -> HttpResponse:
    """A template with its variables filled, ready to be inserted."""
    filled = templates.render(template_id, conversation_id, by=request.user)
    return JsonResponse({"text": filled.text, "missing": filled.missing})


@reads
def colleagues(request: StaffRequest) -> JsonResponse:
    """Names for @ in notes: by any part of a name."""
    query = request.GET.get("q", "").lower()
    names = [one.name for one in accounts.staff(request.user.organisation_id) if query in one.name.lower()]
    return JsonResponse({"names": names[:8]})
