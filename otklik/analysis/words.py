"""What fields and labels of a reading are called on screens."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

FIELDS: dict[str, Any] = {
    "tone": _("Tone"),
    "intent": _("What it is"),
    "cause": _("Cause"),
    "expects_reply": _("Waits for an answer"),
    "severity": _("Severity"),
    "priority": _("Priority"),
    "abuse": _("Abuse"),
    "rumour": _("Rumour"),
    "lang": _("Language"),
    "emotions": _("Emotions"),
    "complexity": _("Complexity"),
    "impact": _("How many are affected"),
    "urgency": _("Urgency"),
    "safety": _("Safety"),
    "signals": _("Signals"),
    "unsure": _("Unsure of"),
}

SIGNALS: dict[str, Any] = {
    "last_link": _("tried before and failed"),
    "leaves_for_competitor": _("leaves for a competitor"),
    "legal_threat": _("court or authority"),
    "media_threat": _("will tell the public"),
    "vulnerable_person": _("vulnerable person"),
    "child": _("child"),
    "promise_broken": _("promise broken"),
    "praise_employee": _("praises an employee"),
    "requested_remedy": _("says what they ask for"),
    "deadline_named": _("names a deadline"),
}

PRESETS: dict[str, Any] = {
    "": _("Any industry"),
    "retail": _("Retail"),
    "delivery": pgettext_lazy("industry", "Delivery"),
    "bank": _("Bank"),
    "telecom": _("Telecom"),
    "hotel": _("Hotel"),
    "utilities": _("Utilities"),
    "state": _("State body"),
}

VALUES: dict[str, dict[str, Any]] = {
    "tone": {
        "negative": _("negative"),
        "neutral": _("neutral"),
        "positive": _("positive"),
        "mixed": _("mixed"),
    },
    "intent": {
        "complaint": _("complaint"),
        "negative_feedback": _("discontent"),
        "question": _("question"),
        "thanks": _("thanks"),
        "suggestion": _("suggestion"),
        "purchase_interest": _("wants to buy"),
        "rumour": _("rumour"),
        "employee_post": _("post of an employee"),
        "advertising": _("advertising"),
        "spam": _("spam"),
        "other": pgettext_lazy("intent", "something else"),
    },
    "cause": {
        "delivery_late": _("late delivery"),
        "delivery_lost": _("lost delivery"),
        "delivery_damaged": _("damaged or wrong goods"),
        "refund_delay": _("money is not returned"),
        "product_defect": _("defect of goods"),
        "price_bill": _("price or bill"),
        "promotion_terms": _("terms of a promotion"),
        "staff_rudeness": _("rudeness"),
        "wrong_information": _("wrong information"),
        "hard_to_reach": _("hard to reach"),
        "app_site_fault": _("app or site"),
        "warranty_refusal": _("warranty or return refused"),
        "safety": _("safety"),
        "service_quality": _("quality of service"),
        "cleanliness": _("cleanliness"),
        "outage": _("outage"),
        "booking": _("booking"),
        "documents": _("documents"),
        "fraud": _("fraud"),
        "other": pgettext_lazy("cause", "other cause"),
        "": _("no cause"),
    },
    "expects_reply": {"yes": _("yes"), "no": _("no"), "unclear": _("unclear")},
    "severity": {"1": "1", "2": "2", "3": "3", "4": "4"},
    "priority": {"P1": "P1", "P2": "P2", "P3": "P3", "P4": "P4"},
    "abuse": {
        "none": _("none"),
        "angry": _("angry, not abusive"),
        "insult_person": _("insults a person"),
        "threat": _("threatens"),
        "hate": _("hate"),
        "doxxing": _("exposes private data"),
        "sexual": _("harassment"),
        "spam": _("spam"),
    },
    "rumour": {
        "none": _("none"),
        "absurd": _("absurd"),
        "serious": _("serious"),
        "unclear": _("unclear"),
    },
    "lang": {
        "ru": _("Russian"),
        "uk": _("Ukrainian"),
        "kk": _("Kazakh"),
        "en": _("English"),
        "other": pgettext_lazy("language", "another one"),
    },
    "emotions": {
        "joy": _("joy"),
        "sadness": _("sadness"),
        "surprise": _("surprise"),
        "fear": _("fear"),
        "anger": _("anger"),
    },
    "complexity": {"1": _("simple"), "2": _("moderate"), "3": _("complex")},
    "impact": {"one": _("one person"), "group": _("a group"), "mass": _("many")},
    "urgency": {"1": _("can wait"), "2": _("soon"), "3": _("at once")},
    "safety": {"yes": _("danger to people"), "no": _("no danger")},
    "signals": SIGNALS,
    "unsure": {name: title for name, title in FIELDS.items() if name not in ("priority", "unsure")},
}


def value(field: str, label: str) -> str:
    """A label in words; one that is not known stays as it is."""
    return str(VALUES.get(field, {}).get(label, label))
