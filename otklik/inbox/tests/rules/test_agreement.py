"""The count on history and the asking of a new message are the same rule: in SQL and in memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from otklik.analysis import words
from otklik.analysis.models import Reading
from otklik.inbox.models import Conversation, Message
from otklik.inbox.routing import facts, matching, narrowing
from otklik.inbox.routing.definition import Condition, Definition, Group
from otklik.inbox.routing.fields import FIELDS, READ
from otklik.inbox.services import rule_runs
from otklik.inbox.tests.readings import said
from otklik.inbox.tests.rules.support import keep

pytestmark = pytest.mark.django_db

TEXTS = ("Где мой заказ 12345?", "Верните деньги за утюг", "Спасибо", "Возврат в Казани", "Суд и прокуратура")
TYPED = {"words": ("деньги", "вернуть деньги", "суд"), "city": ("Казань",), "outlet": ("Лавка",)}
LISTED = {
    "account": ("1", "999999"),
    "channel": ("vk", "demo", "mail"),
    "place": ("public", "private"),
    "customer_language": ("ru", "en"),
}
SINGLE = ("tone", "expects_reply", "abuse", "rumour", "lang", "impact", "priority")
NUMBERS = {"severity": 4, "complexity": 3, "urgency": 3}


@st.composite
def readings(draw: Any) -> dict[str, Any]:
    """What a text may say, and what the reading is unsure of."""
    says: dict[str, Any] = {name: draw(st.sampled_from(sorted(words.VALUES[name]))) for name in SINGLE}
    says |= {name: draw(st.integers(1, most)) for name, most in NUMBERS.items()}
    says["intent"] = draw(some(sorted(words.VALUES["intent"]), least=1))
    says["cause"] = draw(some([one for one in words.VALUES["cause"] if one]))
    says["emotions"] = draw(some(sorted(words.VALUES["emotions"])))
    says["signals"] = draw(some(sorted(words.SIGNALS)))
    says["safety"] = draw(st.booleans())
    says["abstained"] = draw(some([one for one in READ if FIELDS[one].sure], most=6))
    says["entities"] = [
        {"kind": kind, "value": value} for kind, value in draw(some([("city", "Казань"), ("order", "1")]))
    ]
    says["objects"] = [{"name": "МТС", "tone": draw(st.sampled_from(["negative", "positive"]))}]
    return said(**says)


def some(values: list[Any], *, least: int = 0, most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


@st.composite
def conditions(draw: Any) -> Condition:
    name = draw(st.sampled_from(sorted(FIELDS)))
    field = FIELDS[name]
    known = TYPED.get(name) or LISTED.get(name) or sorted(field.choices(0))
    op = draw(st.sampled_from(sorted(field.operators)))
    values = draw(some(list(known), least=1, most=1 if op == "least" else 3))
    about = draw(st.sampled_from(["", "мтс", "Билайн"])) if field.about else ""
    return Condition(name, op, tuple(values), draw(st.booleans()) and field.sure, about)


MATCH = st.sampled_from(["all", "any"])
GROUPS = st.builds(Group, st.lists(conditions(), min_size=1, max_size=3).map(tuple), MATCH)
DEFINITIONS = st.builds(Definition, st.lists(GROUPS, min_size=1, max_size=2).map(tuple), MATCH)


@given(
    definitions=st.lists(DEFINITIONS, min_size=25, max_size=25),
    data=st.lists(readings(), min_size=5, max_size=5),
)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking would run the database for minutes
    suppress_health_check=list(HealthCheck),
)
def test_sql_finds_what_memory_finds_and_never_less(
    write_in: Any, boris: Any, definitions: list[Definition], data: list[dict[str, Any]]
) -> None:
    ids = _written(write_in, data)
    asked = facts.of(boris.organisation_id, ids)
    assert len(asked) == len(ids)
    for definition in definitions:
        by_sql = set(
            Message.objects.filter(narrowing.condition(definition), pk__in=ids).values_list("pk", flat=True)
        )
        in_memory = {pk for pk, one in asked.items() if matching.meets(definition, one)}
        if narrowing.is_exact(definition):
            assert by_sql == in_memory, definition
        else:
            assert by_sql >= in_memory, definition
        run = rule_runs.dry_run(definition, 30, by=boris) if _plain(definition) else None
        talks = Message.objects.filter(pk__in=in_memory).values("conversation").distinct().count()
        assert run is None or run.met == talks, definition


def _plain(definition: Definition) -> bool:
    """Asks only of what is the same in every organisation."""
    return not any(one.field in LISTED for one in definition.conditions)


def _written(write_in: Any, data: list[dict[str, Any]]) -> list[int]:
    if not Message.objects.exists():
        for number, text in enumerate(TEXTS):
            write_in(text, author=f"a{number}", thread=f"t{number}")
        write_in("И ещё про суд", author="a4", thread="t4")
    Reading.objects.all().delete()
    ids = list(Message.objects.order_by("pk").values_list("pk", flat=True))
    organisation_id = Conversation.objects.earliest("pk").organisation_id
    for pk, one in zip(ids, [*data, data[0]], strict=True):
        keep(organisation_id, pk, one)
    return ids
