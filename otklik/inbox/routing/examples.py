"""Three rules to begin with: they fill the editor; labels and teams are chosen by a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from otklik.inbox.routing.definition import ANY_OF, Condition, Definition, Group


@dataclass(frozen=True, slots=True)
class Example:
    """`why`: what it is good for, in a sentence."""

    key: str
    name: str
    why: str
    definition: Definition


def examples() -> list[Example]:
    """In the reader's language."""
    danger = Group(
        (Condition("safety", "any", ("yes",), sure=False), Condition("priority", "any", ("P1",))), ANY_OF
    )
    rumour = Group((Condition("rumour", "any", ("serious", "unclear")),))
    court = Group(
        (
            Condition("intent", "any", ("complaint", "negative_feedback")),
            Condition("signals", "any", ("legal_threat",)),
        )
    )
    return [
        Example(
            "danger",
            _("Danger to health"),
            _("A text about danger to people goes to a team of its own, also when the reading is not sure."),
            Definition((danger,)),
        ),
        Example(
            "rumour",
            _("Rumour"),
            _("A rumour goes to those who speak for the company."),
            Definition((rumour,)),
        ),
        Example(
            "court",
            _("Complaint with a threat of court"),
            _("A complaint that names court or an authority goes to the lawyer."),
            Definition((court,)),
        ),
    ]
