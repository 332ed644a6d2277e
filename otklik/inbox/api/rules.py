"""Rules by readings over the API: what may be asked, rules and their versions, history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Router, Schema
from pydantic import Field

from otklik.inbox.models import Rule, RuleRun, RuleVersion
from otklik.inbox.routing import queries
from otklik.inbox.routing.definition import (
    LONGEST_NOTE,
    LONGEST_VALUE,
    MOST_CONDITIONS,
    MOST_LABELS,
    MOST_VALUES,
    Actions,
    Condition,
    Definition,
    Group,
)
from otklik.inbox.routing.fields import FIELDS
from otklik.inbox.routing.sentences import Names
from otklik.inbox.services import rule_runs, rules
from otklik.kernel.rest import Call, Done, Given, Id, operation

router = Router(tags=["Rules"])
RIGHT = rules.RIGHT
Match = Literal["all", "any"]
Days = Literal[30, 90, 365]
Value = Annotated[str, Field(max_length=LONGEST_VALUE)]
EXAMPLE = {
    "match": "all",
    "groups": [
        {
            "match": "all",
            "conditions": [
                {"field": "intent", "op": "any", "values": ["complaint"]},
                {"field": "signals", "op": "any", "values": ["legal_threat"]},
            ],
        }
    ],
    "actions": {"labels": [3], "team": 2},
}


class RuleConditionIn(Given):
    """`sure`: only when the reading did not abstain on the field. `about`: of `object_tone`, the name; "" is any."""

    field: Annotated[str, Field(max_length=32)]
    op: Literal["any", "none", "least"] = "any"
    values: Annotated[list[Value], Field(max_length=MOST_VALUES)]
    sure: bool = True
    about: Value = ""


class RuleGroupIn(Given):
    conditions: Annotated[list[RuleConditionIn], Field(max_length=MOST_CONDITIONS)]
    match: Match = "all"


class RuleActionsIn(Given):
    """`stop`: rules further down are not asked."""

    labels: Annotated[list[Id], Field(max_length=MOST_LABELS)] = []
    team: Id | None = None
    person: Id | None = None
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    stop: bool = False


class RuleDefinitionIn(Given):
    """Groups of conditions, and what is done when all or any of the groups hold."""

    groups: Annotated[list[RuleGroupIn], Field(max_length=MOST_CONDITIONS)]
    match: Match = "all"
    actions: RuleActionsIn = RuleActionsIn()

    def definition(self) -> Definition:
        groups = tuple(
            Group(
                tuple(
                    Condition(one.field, one.op, tuple(one.values), one.sure, one.about)
                    for one in group.conditions
                ),
                group.match,
            )
            for group in self.groups
        )
        done = self.actions
        actions = Actions(tuple(done.labels), done.team, done.person, done.note, done.stop)
        return Definition(groups, self.match, actions)


class RuleIn(Given):
    """`number`: the version it was written from; 0 does not ask whether somebody saved in between."""

    name: Annotated[str, Field(min_length=1, max_length=rules.MAX_NAME)]
    definition: RuleDefinitionIn
    active: bool = True
    number: Annotated[int, Field(ge=0, le=10**9)] = 0


class RuleOut(Schema):
    id: int
    name: str
    active: bool
    position: int
    number: int
    definition: dict[str, Any]
    archived_at: datetime | None


class RuleChangeOut(Schema):
    sign: str
    text: str


class RuleVersionOut(Schema):
    """`changes`: what it changed in the version before, in words."""

    number: int
    name: str
    definition: dict[str, Any]
    back_to: int
    by: str
    at: datetime
    changes: list[RuleChangeOut]


class RuleFieldOut(Schema):
    """`values` empty: they are written by hand. `scale`: from the least to the greatest."""

    name: str
    title: str
    group: str
    operators: dict[str, str]
    values: dict[str, str]
    scale: list[str]
    sure: bool
    about: bool


class RuleRunOut(Schema):
    """History against a rule. `looked`: conversations with a read text of the time; `met`: those that met it."""

    id: int
    kind: str
    rule_id: int | None
    days: int
    since: datetime
    state: str
    percent: int
    looked: int
    met: int
    acted: int
    numbers: dict[str, int]
    examples: list[list[int]] = Field(description="conversation and message, the first twenty")
    started_at: datetime
    done_at: datetime | None


class RuleDaysIn(Given):
    days: Days = 30


class RuleTryIn(RuleDaysIn):
    definition: RuleDefinitionIn


class RuleNumberIn(Given):
    number: Annotated[int, Field(ge=1, le=10**9)]


class RuleActiveIn(Given):
    active: bool


class RuleOrderIn(Given):
    rules: Annotated[list[Id], Field(max_length=rules.MOST_RULES)]


def _rule(one: Rule, version: RuleVersion | None = None) -> dict[str, Any]:
    version = version or queries.newest([one])[one.pk]
    return {
        "id": one.pk,
        "name": one.name,
        "active": one.active,
        "position": one.position,
        "number": one.number,
        "definition": version.definition,
        "archived_at": one.archived_at,
    }


@operation(router, "GET", "/rules", right=RIGHT, answer=list[RuleOut])
def list_rules(request: Call, archived: bool = False) -> Any:
    """Rules in the order in which they are asked, or those of the archive."""
    rows = list(queries.rules(request.auth, archived=archived))
    versions = queries.newest(rows)
    return [_rule(one, versions[one.pk]) for one in rows]


@operation(router, "GET", "/rules/fields", right=RIGHT, answer=list[RuleFieldOut])
def list_rule_fields(request: Call) -> Any:
    """What a condition may ask, with the values of this company."""
    names = Names(request.auth.organisation_id)
    return [
        {
            "name": one.name,
            "title": str(one.title),
            "group": one.group,
            "operators": {key: str(title) for key, title in one.operators.items()},
            "values": {key: str(title) for key, title in names.choices(one.name).items()},
            "scale": list(one.scale),
            "sure": one.sure,
            "about": one.about,
        }
        for one in FIELDS.values()
    ]


@operation(
    router,
    "POST",
    "/rules",
    right=RIGHT,
    answer=RuleOut,
    status=201,
    example={"name": "Жалоба с угрозой суда", "definition": EXAMPLE},
)
def create_rule(request: Call, data: RuleIn) -> Any:
    """A new rule behind the others."""
    return _rule(rules.create(data.name, data.definition.definition(), by=request.auth, active=data.active))


@operation(router, "PUT", "/rules/order", right=RIGHT, answer=Done, example={"rules": [3, 1]})
def order_rules(request: Call, data: RuleOrderIn) -> Done:
    """The order in which rules are asked: those named first, the others stay behind them."""
    rules.order(data.rules, by=request.auth)
    return Done()


@operation(
    router,
    "POST",
    "/rules/dry-run",
    right=RIGHT,
    answer=RuleRunOut,
    within=False,
    example={"days": 30, "definition": EXAMPLE},
)
def dry_run_rule(request: Call, data: RuleTryIn) -> Any:
    """Count what a rule, saved or not, would have met. Nothing changes.

    A long history is counted on in the background: ask for the run until its state is `done`.
    """
    return rule_runs.dry_run(data.definition.definition(), data.days, by=request.auth)


@operation(router, "GET", "/rules/runs/{run_id}", right=RIGHT, answer=RuleRunOut)
def get_rule_run(request: Call, run_id: Id) -> RuleRun:
    """A run on history as it stands."""
    return queries.run(request.auth, run_id)


@operation(router, "POST", "/rules/runs/{run_id}/stop", right=RIGHT, answer=RuleRunOut)
def stop_rule_run(request: Call, run_id: Id) -> RuleRun:
    """End a run; what it did stays, and can be taken back."""
    return rule_runs.stop(run_id, by=request.auth)


@operation(router, "POST", "/rules/runs/{run_id}/undo", right=RIGHT, answer=RuleRunOut)
def undo_rule_run(request: Call, run_id: Id) -> RuleRun:
    """Take back what a run did, except what people changed since."""
    return rule_runs.undo(run_id, by=request.auth)


@operation(router, "GET", "/rules/{rule_id}", right=RIGHT, answer=RuleOut)
def get_rule(request: Call, rule_id: Id) -> Any:
    """One rule."""
    return _rule(queries.rule(request.auth, rule_id))


@operation(router, "PUT", "/rules/{rule_id}", right=RIGHT, answer=RuleOut)
def save_rule(request: Call, rule_id: Id, data: RuleIn) -> Any:
    """Another version, unless nothing changed."""
    saved = rules.save(
        rule_id,
        data.name,
        data.definition.definition(),
        by=request.auth,
        number=data.number,
        active=data.active,
    )
    return _rule(saved)


@operation(router, "DELETE", "/rules/{rule_id}", right=RIGHT, answer=Done)
def archive_rule(request: Call, rule_id: Id) -> Done:
    """It acts no more; what it did stays."""
    rules.archive(rule_id, by=request.auth)
    return Done()


@operation(router, "POST", "/rules/{rule_id}/restore", right=RIGHT, answer=RuleOut)
def restore_rule(request: Call, rule_id: Id) -> Any:
    """Back from the archive, switched off."""
    return _rule(rules.restore(rule_id, by=request.auth))


@operation(router, "POST", "/rules/{rule_id}/switch", right=RIGHT, answer=RuleOut)
def switch_rule(request: Call, rule_id: Id, data: RuleActiveIn) -> Any:
    """On or off."""
    return _rule(rules.switch(rule_id, data.active, by=request.auth))


@operation(router, "GET", "/rules/{rule_id}/versions", right=RIGHT, answer=list[RuleVersionOut])
def list_rule_versions(request: Call, rule_id: Id) -> Any:
    """Versions, the newest first, each with what it changed; at most a hundred."""
    found = queries.versions(queries.rule(request.auth, rule_id), most=100)
    return [
        {
            "number": one.version.number,
            "name": one.version.name,
            "definition": one.version.definition,
            "back_to": one.version.back_to,
            "by": one.version.by.name,
            "at": one.version.at,
            "changes": one.changes,
        }
        for one in found
    ]


@operation(router, "POST", "/rules/{rule_id}/back", right=RIGHT, answer=RuleOut, example={"number": 1})
def go_back_rule(request: Call, rule_id: Id, data: RuleNumberIn) -> Any:
    """Say again what an old version said, as a new one."""
    return _rule(rules.go_back(rule_id, data.number, by=request.auth))


@operation(router, "GET", "/rules/{rule_id}/runs", right=RIGHT, answer=list[RuleRunOut])
def list_rule_runs(request: Call, rule_id: Id) -> Any:
    """Runs of a rule that acted on history, the newest first."""
    return queries.applied(queries.rule(request.auth, rule_id), most=100)


@operation(router, "POST", "/rules/{rule_id}/apply", right=RIGHT, answer=RuleRunOut, example={"days": 30})
def apply_rule(request: Call, rule_id: Id, data: RuleDaysIn) -> Any:
    """Let a rule act on history in the background."""
    return rule_runs.apply(rule_id, data.days, by=request.auth)
