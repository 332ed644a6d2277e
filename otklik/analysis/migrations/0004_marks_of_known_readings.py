"""Readings stored before marks existed get theirs, in batches."""

from django.db import migrations

BATCH = 500
SINGLE = (
    "lang",
    "tone",
    "expects_reply",
    "severity",
    "complexity",
    "impact",
    "urgency",
    "priority",
    "abuse",
    "rumour",
)
SHOWN = ("tone", "intent")


def fill(apps, schema_editor):
    Reading = apps.get_model("analysis", "Reading")
    last = 0
    while rows := list(Reading.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        for row in rows:
            settle(row)
        Reading.objects.bulk_update(rows, ["complexity", "impact", "urgency", "certainty", "marks"])


def settle(row):
    row.complexity = row.data.get("complexity", 1)
    row.impact = row.data.get("impact", "one")
    row.urgency = row.data.get("urgency", 1)
    sure = row.data.get("confidence", {})
    row.certainty = min((round(sure.get(f, 1) * 1000) for f in SHOWN if f not in row.corrected), default=1000)
    found = [f"{field}:{getattr(row, field)}" for field in SINGLE]
    found.append(f"safety:{'yes' if row.safety else 'no'}")
    for field in ("emotions", "intent", "cause", "signals"):
        if field in row.corrected and hasattr(row, field):
            labels = [getattr(row, field)]
        else:
            labels = [one["label"] if isinstance(one, dict) else one for one in row.data.get(field) or ()]
        if field == "cause" and not labels:
            labels = [""]
        found += [f"{field}:{label or 'none'}" for label in labels]
    found += [f"unsure:{field}" for field in row.data.get("abstained", ()) if field not in row.corrected]
    row.marks = f" {' '.join(dict.fromkeys(found))} "


class Migration(migrations.Migration):
    atomic = False  # each batch by itself: a table of millions is not held

    dependencies = [("analysis", "0003_marks")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
