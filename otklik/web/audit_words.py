"""What the codes of the audit mean. Entries keep codes; words are put on when somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from otklik.audit.models import Entry
from otklik.web.audit_details import Words

WORDS: dict[str, str | Promise] = {
    "staff.created": _("added to staff"),
    "staff.changed": _("roles, teams or data of a colleague changed"),
    "staff.profile_changed": _("own page changed"),
    "staff.deactivated": _("switched off and signed out"),
    "staff.activated": _("allowed to sign in again"),
    "staff.invited": _("invited"),
    "staff.invitation_revoked": _("invitation withdrawn"),
    "staff.invitation_accepted": _("invitation accepted"),
    "staff.password_link": _("link for a new password made"),
    "staff.signed_in": _("signed in"),
    "staff.signed_out": _("signed out"),
    "team.created": _("team created"),
    "team.changed": _("team changed"),
    "team.deleted": _("team deleted"),
    "apikey.created": _("API key created"),
    "apikey.revoked": _("API key revoked"),
    "organisation.changed": _("settings of the organisation changed"),
    "directory.created": _("entry added to the directory"),
    "directory.changed": _("entry of the directory changed"),
    "directory.archived": _("entry put into the archive"),
    "directory.restored": _("entry taken from the archive"),
    "directory.imported": _("directory imported"),
    "calendar.created": _("working calendar created"),
    "calendar.changed": _("working calendar changed"),
    "calendar.deleted": _("working calendar deleted"),
    "event.created": _("event added to the calendar"),
    "event.changed": _("event of the calendar changed"),
    "event.deleted": _("event of the calendar deleted"),
    "conversation.assigned": _("assigned"),
    "conversation.closed": _("closed"),
    "conversation.reopened": _("reopened"),
    "conversation.waiting": _("waits for the customer"),
    "conversation.snoozed": _("snoozed"),
    "message.sent": _("answer sent"),
    "channel.connected": _("channel connected"),
    "channel.changed": _("channel changed"),
    "channel.archived": _("channel put into the archive"),
    "channel.restored": _("channel taken from the archive"),
    "channel.rescan": _("channel read anew"),
    "channel.secret_renewed": _("channel's secret renewed"),
    "channel.switched_off": _("channel switched off"),
    "channel.switched_on": _("channel switched on"),
    "conversation.requeued": _("given back to the queue"),
    "conversation.routed": _("given out automatically"),
    "conversation.undone": _("action taken back"),
    "reading.corrected": _("reading corrected"),
    "reading.correction_undone": _("correction of a reading taken back"),
    "analysis.retrain": _("retraining begun"),
    "analysis.learnt": _("a field retrained"),
    "analysis.activated": _("a version of a field put to use"),
    "analysis.shipped": _("a field answered by the shipped models again"),
    "analysis.planned": _("retraining by itself planned"),
    "analysis.reread": _("history is read again"),
    "taxonomy.preset": _("industry of the causes chosen"),
    "taxonomy.changed": _("cause changed"),
    "taxonomy.added": _("cause added"),
    "taxonomy.merged": _("cause merged into another"),
    "taxonomy.back": _("causes of an earlier version put back"),
    "opinion.changed": _("settings of the second opinion changed"),
    "opinion.switched_on": _("second opinion switched on"),
    "opinion.switched_off": _("second opinion switched off"),
    "opinion.key_deleted": _("key of the second opinion deleted"),
    "opinion.tested": _("connection of the second opinion tested"),
    "conversation.labelled": _("label put on"),
    "conversation.unlabelled": _("label taken off"),
    "conversation.linked": _("linked with another conversation"),
    "conversation.unlinked": _("link taken off"),
    "conversation.merged": _("conversations merged"),
    "conversation.unmerged": _("merge of conversations taken back"),
    "conversation.split": _("conversation split"),
    "conversation.unsplit": _("split taken back"),
    "customer.created": _("customer added"),
    "customer.updated": _("customer changed"),
    "customer.merged": _("customers merged"),
    "customer.unmerged": _("merge of customers taken back"),
    "customer.kept_apart": _("customers are different people"),
    "customer.identity_added": _("identity added to a customer"),
    "customer.identity_removed": _("identity of a customer removed"),
    "customer.identity_restored": _("removed identity put back"),
    "customer.identity_split": _("identity split off a customer"),
    "customer.notes_changed": _("handling notes changed"),
    "customer.contact_stopped": _("contact with the customer stopped"),
    "customer.contact_allowed": _("contact with the customer allowed"),
    "customer.calls_stopped": _("calls to the customer stopped"),
    "customer.calls_allowed": _("calls to the customer allowed"),
    "delivery.arrived": _("a person said that the answer arrived"),
    "delivery.resend": _("a person had the answer sent again"),
    "delivery.retried": _("delivery repeated"),
    "delivery.decided": _("uncertain delivery decided"),
    "label.created": _("label created"),
    "conversation.ruled": _("a rule acted"),
    "conversation.unruled": _("what a rule did is taken back"),
    "rule.created": _("rule created"),
    "rule.changed": _("rule changed: a new version"),
    "rule.switched_on": _("rule switched on"),
    "rule.switched_off": _("rule switched off"),
    "rule.ordered": _("order of rules changed"),
    "rule.archived": _("rule put into the archive"),
    "rule.restored": _("rule brought back from the archive"),
    "rule.applied": _("rule acts on history"),
    "rule.apply_stopped": _("rule on history stopped"),
    "rule.apply_undone": _("rule on history is being taken back"),
    "label.renamed": _("label renamed"),
    "label.archived": _("label put into the archive"),
    "message.hastened": _("planned answer sent at once"),
    "message.cancelled": _("answer taken back before it left"),
    "message.posted": _("message posted"),
    "note.added": _("note written"),
    "orders.imported": _("orders imported"),
    "outbox.revived": _("stopped work started again"),
    "raw.replayed": _("stored event read again"),
    "reminder.set": _("reminder set"),
    "template.created": _("template created"),
    "template.changed": _("template changed"),
    "template.archived": _("template put into the archive"),
    "template.restored": _("template brought back from the archive"),
    "view.shared": _("view shared"),
    "view.deleted": _("view deleted"),
    "webhook.tested": _("webhook tested"),
    "webhook.replayed": _("webhook sent again"),
    "import.finished": _("import finished"),
    "import.started": _("import started"),
    "import.cancelled": _("import stopped or put aside"),
    "import.resumed": _("import taken up again"),
    "webhook.created": _("webhook created"),
    "webhook.changed": _("webhook changed"),
    "webhook.deleted": _("webhook deleted"),
}

KINDS: dict[str, str | Promise] = {
    "conversation": _("conversation"),
    "message": _("message"),
    "customer": _("customer"),
    "order": _("order"),
    "user": _("member of staff"),
    "invitation": _("invitation"),
    "team": _("team"),
    "apikey": _("API key"),
    "organisation": _("organisation"),
    "brand": _("brand"),
    "outlet": _("outlet"),
    "product": _("product"),
    "employee": _("employee"),
    "calendar": _("working calendar"),
    "calendar_event": _("event of the calendar"),
    "channel": _("channel"),
    "import": _("import"),
    "webhook": _("webhook"),
    "template": _("template"),
    "label": _("label"),
    "rule": _("rule"),
    "view": _("view"),
    "training": _("retraining"),
    "model_version": _("version of a field"),
    "taxonomy": _("version of the causes"),
    "opinion": _("second opinion"),
    "outbox": _("work in the background"),
    "raw": _("stored event"),
}

# where an object is shown; the rest is only named
LINKS = {
    "conversation": "/inbox/{}/",
    "customer": "/customers/{}/",
    "channel": "/channels/{}/",
    "import": "/channels/import/{}/",
    "user": "/staff/{}/",
    "team": "/staff/teams/{}/",
    "rule": "/settings/rules/{}/",
    "webhook": "/webhooks/{}/",
}


@dataclass(frozen=True)
class Line:
    """One entry in words. `url` is empty where the object has no page."""

    at: datetime
    who: str
    text: str
    subject: str
    url: str
    details: str
    sealed: bool
    code: str


def word(code: str) -> str:
    """The words of a code; an unknown one stands as it is, nothing is hidden."""
    return str(WORDS.get(code, code))


def choices() -> list[tuple[str, str]]:
    return sorted(((code, str(text)) for code, text in WORDS.items()), key=lambda pair: pair[1])


def line(entry: Entry, words: Words) -> Line:
    kind = str(KINDS.get(entry.object_kind, entry.object_kind))
    return Line(
        at=entry.at,
        who=entry.actor_name,
        text=word(entry.action),
        subject=f"{kind} {entry.object_id}" if entry.object_id else kind,
        url=LINKS[entry.object_kind].format(entry.object_id)
        if entry.object_id and entry.object_kind in LINKS
        else "",
        details=words.details(entry),
        sealed=entry.seq is not None,
        code=entry.action,
    )
