"""What other systems may be told. Left out: who looks, who types, who is at his desk, and personal notices."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

TOPICS = {
    "message.created": _("A message came in, went out, or a note was written"),
    "message.changed": _("A message was edited, deleted, or its delivery changed"),
    "conversation.changed": _("State, owner, team or labels of a conversation changed"),
    "customer.changed": _("A customer's card changed"),
    "customer.merged": _("Two customers became one"),
    "customer.unmerged": _("A merge of customers was taken back"),
    "orders.imported": _("Orders were created or updated"),
    "import.changed": _("An import started, ended or was stopped"),
    "staff.changed": _("Staff, roles or teams changed"),
    "directory.changed": _("The directory of the company changed"),
    "calendar.changed": _("Working hours or the calendar of events changed"),
    "organisation.changed": _("Settings of the organisation changed"),
}
TEST = "webhook.test"
