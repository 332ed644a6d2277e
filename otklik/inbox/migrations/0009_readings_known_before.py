"""Conversations whose newest message was read before get what was read, in batches."""

from django.db import migrations

BATCH = 500
USUAL = {"abuse:none", "rumour:none", "safety:no"}
COLUMNS = ["priority", "severity", "urgency", "certainty", "unsure"]


def fill(apps, schema_editor):
    Conversation = apps.get_model("inbox", "Conversation")
    Mark = apps.get_model("inbox", "ConversationMark")
    Reading = apps.get_model("analysis", "Reading")
    last = 0
    rows = Conversation.objects.order_by("pk").only("organisation_id", "last_inbound_id", *COLUMNS)
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        found = Reading.objects.filter(kind="message", object_id__in=[one.last_inbound_id for one in batch])
        read = {one.object_id: one for one in found.defer("data")}
        known = [one for one in batch if one.last_inbound_id in read]
        marks = []
        for one in known:
            reading = read[one.last_inbound_id]
            one.priority = int(reading.priority[1:])
            one.severity, one.urgency = reading.severity, reading.urgency
            one.certainty, one.unsure = reading.certainty, reading.unsure
            marks += [
                Mark(conversation_id=one.pk, organisation_id=one.organisation_id, mark=mark)
                for mark in sorted(set(reading.marks.split()) - USUAL)
            ]
        Conversation.objects.bulk_update(known, COLUMNS)
        Mark.objects.bulk_create(marks, ignore_conflicts=True)


class Migration(migrations.Migration):
    atomic = False  # each batch by itself: a table of millions is not held

    dependencies = [("inbox", "0008_readings"), ("analysis", "0004_marks_of_known_readings")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
