"""Learning from people over the API: corrections, retraining, versions, agreement, questions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from otklik.analysis import labels, learning_page, questions, services
from otklik.analysis.models import Correction, ModelVersion, Rereading, Training
from otklik.analysis.services import corrections, learning, reader
from otklik.kernel.errors import NotFound
from otklik.kernel.rest import Call, Done, Given, Id, Page, Window, cut, operation

router = Router(tags=["Learning"])
KIND = "message"
Name = Literal["lang", "tone", "emotions", "intent", "expects_reply", "cause", "severity", "complexity", "impact",
               "urgency", "safety", "abuse", "rumour", "signals"]  # fmt: skip
Label = Annotated[str, Field(max_length=200, description="several (emotions, signals) are joined by |")]


class CorrectionIn(Given):
    message_id: Id
    field: Name
    label: Label


class CorrectionOut(Schema):
    """`said`: by the machine. `source`: spoken while working, asked by the queue, sampled (drawn at random)."""

    id: int
    message_id: int
    field: str
    said: str
    right: str
    source: str
    by_id: int
    at: datetime

    @staticmethod
    def resolve_message_id(one: Correction) -> int:
        return one.reading.object_id


@operation(
    router,
    "POST",
    "/analysis/corrections",
    right="analysis.correct",
    answer=CorrectionOut,
    status=201,
    example={"message_id": 17, "field": "tone", "label": "negative"},
)
def correct_reading(request: Call, data: CorrectionIn) -> Correction:
    """Say what is right of a message, or confirm what was read.

    Labels as `list_reading_labels` names them; the priority follows from them by rules.
    """
    found = corrections.correct(KIND, data.message_id, data.field, data.label, by=request.auth)
    return _last(found.pk, data.field)


def _last(reading_id: int, field: str) -> Correction:
    rows = Correction.objects.filter(reading_id=reading_id, field=field).select_related("reading")
    found = rows.order_by("-pk").first()
    if found is None:
        raise NotFound
    return found


@operation(router, "GET", "/analysis/corrections", right="analysis.train", answer=Page[CorrectionOut])
def list_corrections(request: Call, window: Query[Window], field: Name | None = None) -> Any:
    """What people said, the newest first: every text and field once."""
    rows = labels.current(request.auth.organisation_id).filter(reading__kind=KIND).select_related("reading")
    rows = rows.filter(field=field) if field else rows
    items, following = cut(rows, ("-at", "-id"), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(router, "DELETE", "/analysis/corrections/{correction_id}", right="analysis.correct", answer=Done)
def take_back_correction(request: Call, correction_id: Id) -> Done:
    """Unsay your own last word on a field, within an hour."""
    corrections.take_back(correction_id, by=request.auth)
    return Done()


class ShareOut(Schema):
    """`low` and `high`: the interval of 95 % in percent; `percent` is null below 30 texts."""

    right: int
    of: int
    percent: int | None
    low: int
    high: int


class FieldLearningOut(Schema):
    """`drawn`: of texts drawn at random, the honest share. `worked`: of those people spoke of, lower than the truth."""

    field: str
    title: str
    drawn: ShareOut
    worked: ShareOut
    labels: int
    fresh: int = Field(description="labels since it was last learnt")
    version: int | None = Field(description="id of the version in use; null: the shipped models")

    @staticmethod
    def resolve_version(row: Any) -> int | None:
        return row.version.pk if row.version else None


class BackgroundJobOut(Schema):
    done: int
    total: int
    started_at: datetime


class LearningOut(Schema):
    """`stale`: messages read by other models than those in use (counted to 10 000); null jobs: nothing runs."""

    every: int
    fields: list[FieldLearningOut]
    training: BackgroundJobOut | None
    rereading: BackgroundJobOut | None
    stale: int


@operation(router, "GET", "/analysis/learning", right="analysis.train", answer=LearningOut)
def show_learning(request: Call) -> dict[str, Any]:
    """How often the machine is right, field by field, and what runs in the background."""
    mine = request.auth.organisation_id
    now = learning_page.progress(mine, KIND, reader.version(mine))
    return {
        "every": labels.every(mine),
        "fields": learning_page.overview(mine, reader.shipped()),
        "training": _job(now.training),
        "rereading": _job(now.rereading),
        "stale": now.stale,
    }


def _job(job: Training | Rereading | None) -> dict[str, Any] | None:
    if job is None:
        return None
    total = len(job.fields) if isinstance(job, Training) else job.total
    return {"done": job.done, "total": total, "started_at": job.started_at}


class AgreementWeekOut(Schema):
    at: datetime = Field(description="Monday")
    drawn: ShareOut
    worked: ShareOut


class ConfusionOut(Schema):
    said: str
    right: str
    texts: int


class FieldDetailsOut(Schema):
    field: str
    weeks: list[AgreementWeekOut]
    confusion: list[ConfusionOut]


@operation(router, "GET", "/analysis/learning/details", right="analysis.train", answer=FieldDetailsOut)
def show_field_learning(request: Call, field: Name = "intent") -> dict[str, Any]:
    """One field: agreement of the last half year by week, and what the machine takes for what."""
    mine = request.auth.organisation_id
    chart = learning_page.chart(labels.by_week(mine, field))
    pairs = sorted(labels.confusion(mine, field).items(), key=lambda one: (-one[1], one[0]))
    return {
        "field": field,
        "weeks": chart.weeks if chart else [],
        "confusion": [{"said": said, "right": right, "texts": n} for (said, right), n in pairs],
    }


class LearningPlanIn(Given):
    every: int = Field(description="new labels of a field; 0: never by itself", ge=0, le=100_000)


class LearningPlanOut(Schema):
    every: int


@operation(router, "PUT", "/analysis/learning/plan", right="analysis.train", answer=LearningPlanOut)
def plan_learning(request: Call, data: LearningPlanIn) -> Any:
    """After how many new labels a field is retrained by itself."""
    return learning.plan(data.every, by=request.auth)


class TrainingIn(Given):
    fields: list[Name] | None = Field(None, description="null: every field with enough labels", max_length=14)


class TrainingOut(Schema):
    """`outcomes` of the fields that are through: `version` and whether it is `used`, or `why` nothing was learnt."""

    id: int
    fields: list[str]
    done: int
    outcomes: list[dict[str, Any]]
    by_id: int | None
    started_at: datetime
    done_at: datetime | None


@operation(
    router, "POST", "/analysis/trainings", right="analysis.train", answer=TrainingOut, status=202, example={}
)
def start_training(request: Call, data: TrainingIn) -> Training:
    """Retrain in the background; the one that runs comes back when there is one."""
    return learning.start(by=request.auth, fields=data.fields)


@operation(router, "GET", "/analysis/trainings", right="analysis.train", answer=Page[TrainingOut])
def list_trainings(request: Call, window: Query[Window]) -> Any:
    """Retrainings, the newest first."""
    rows = labels.trainings(request.auth.organisation_id)
    items, following = cut(rows, ("-started_at", "-id"), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


class ModelVersionOut(Schema):
    """`old` and `new`: agreement and macro-F1 on the organisation's own held labels, of what was in use and of this."""

    id: int
    field: str
    number: int
    state: str
    labels: int
    held: int
    old: dict[str, float]
    new: dict[str, float]
    seconds: float
    by_id: int | None
    at: datetime


@operation(router, "GET", "/analysis/versions", right="analysis.train", answer=Page[ModelVersionOut])
def list_model_versions(request: Call, window: Query[Window], field: Name | None = None) -> Any:
    """Versions of all fields or of one, the newest first."""
    rows = labels.versions(request.auth.organisation_id, field or "")
    items, following = cut(rows, ("-at", "-id"), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(
    router, "POST", "/analysis/versions/{version_id}/activate", right="analysis.train", answer=ModelVersionOut
)
def activate_model_version(request: Call, version_id: Id) -> ModelVersion:
    """Put an earlier version to use; one that was no better, or stands upon other shipped models, is refused."""
    return learning.activate(version_id, by=request.auth)


class ShippedModelsIn(Given):
    field: Name


@operation(
    router,
    "POST",
    "/analysis/versions/shipped",
    right="analysis.train",
    answer=Done,
    example={"field": "tone"},
)
def use_shipped_models(request: Call, data: ShippedModelsIn) -> Done:
    """A field is answered by the shipped models alone again."""
    learning.use_shipped(data.field, by=request.auth)
    return Done()


@operation(router, "POST", "/analysis/history", right="analysis.train", answer=BackgroundJobOut, status=202)
def read_history_again(request: Call) -> dict[str, Any] | None:
    """Read every message anew with what is in use, in the background; what people said stays."""
    return _job(services.again(KIND, by=request.auth))


class QuestionOut(Schema):
    """`token` goes back with the answer. The machine's own answer is not told before."""

    token: str
    field: str
    text: str
    choices: dict[str, str]


class QuestionsOut(Schema):
    answered_today: int
    question: QuestionOut | None


@operation(router, "GET", "/analysis/questions/next", right="analysis.correct", answer=QuestionsOut)
def next_question(request: Call, field: Name | None = None) -> dict[str, Any]:
    """The text the machine is least sure of; every fourth is drawn at random instead."""
    mine = request.auth.organisation_id
    number = questions.given_today(mine, request.auth.pk)
    found = questions.after(mine, number, field=field or "")
    return {"answered_today": number, "question": _asked(mine, found) if found else None}


def _asked(organisation_id: int, one: questions.Question) -> dict[str, Any]:
    choices = corrections.labels_of(organisation_id, one.field)
    return {"token": one.token, "field": one.field, "text": one.text, "choices": choices}


class QuestionAnswerIn(Given):
    token: str = Field(max_length=400)
    label: Label


@operation(
    router, "POST", "/analysis/questions/answers", right="analysis.correct", answer=CorrectionOut, status=201
)
def answer_question(request: Call, data: QuestionAnswerIn) -> Correction:
    """Answer a question."""
    one = questions.asked(data.token)
    subject = questions.subject(request.auth.organisation_id, one.reading_id)
    corrections.correct(
        subject.kind, subject.object_id, one.field, data.label, by=request.auth, source=one.source
    )
    return _last(subject.pk, one.field)
