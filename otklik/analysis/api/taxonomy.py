"""Labels of every field, and the causes: industry, names, phrases, merges, versions, a text to try."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Router, Schema
from pydantic import Field

from otklik.analysis import marks, queries, words
from otklik.analysis.services import taxonomy
from otklik.kernel.rest import Call, Given, Id, operation

router = Router(tags=["Analysis"])
Name = Annotated[str, Field(max_length=taxonomy.MAX_NAME)]
Phrases = Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=taxonomy.MAX_PHRASES)]
Key = Annotated[str, Field(max_length=32, pattern="^[a-z0-9_-]+$")]
Industry = Literal["", "retail", "delivery", "bank", "telecom", "hotel", "utilities", "state"]


class FieldOut(Schema):
    """`several`: a text may have more than one label of it. Labels with their names in the caller's language."""

    field: str
    title: str
    several: bool
    labels: dict[str, str]


@operation(router, "GET", "/analysis/labels", right="conversation.read", answer=list[FieldOut])
def list_reading_labels(request: Call) -> list[dict[str, Any]]:
    """The fields of a reading with their labels, as the list of conversations is filtered by."""
    return [
        {
            "field": field,
            "title": str(words.FIELDS[field]),
            "several": field in marks.SEVERAL,
            "labels": {
                key: str(title) for key, title in queries.labels(request.auth.organisation_id, field).items()
            },
        }
        for field in (*marks.FIELDS, "unsure")
    ]


class CauseOut(Schema):
    """`usual`: the industry knows it. `into`: it was merged into that one and stands for it in earlier readings."""

    key: str
    title: str
    ru: str
    en: str
    phrases: list[str]
    own: bool
    off: bool
    into: str
    usual: bool


class CausesOut(Schema):
    """`version`: 0 while nothing was changed. `read_again`: earlier texts were read with other causes, see
    POST /analysis/history."""

    version: int
    industry: str
    read_again: bool
    causes: list[CauseOut]


@operation(router, "GET", "/analysis/causes", right="conversation.read", answer=CausesOut)
def list_causes(request: Call) -> dict[str, Any]:
    """The causes of complaints as they are in force."""
    return _shown(request)


def _shown(request: Call) -> dict[str, Any]:
    now = queries.causes(request.auth.organisation_id)
    return {
        "version": now.number,
        "industry": now.preset,
        "read_again": queries.read_before_taxonomy(request.auth.organisation_id),
        "causes": [
            {**one.as_json(), "title": now.title(one.key), "own": one.own, "usual": now.usual(one.key)}
            for one in now.every
        ],
    }


class NewCauseIn(Given):
    """A name in one language is enough. Phrases: any form of their words; `слово*` a beginning, `…` up to three
    words between."""

    ru: Name = ""
    en: Name = ""
    phrases: Phrases


class CauseIn(Given):
    """What is not sent stays as it is; an empty name gives ours back."""

    ru: Name | None = None
    en: Name | None = None
    phrases: Phrases | None = None
    off: bool | None = None


class IntoIn(Given):
    into: Key


class IndustryIn(Given):
    industry: Industry


@operation(
    router, "POST", "/analysis/causes", right=taxonomy.RIGHT, answer=CausesOut, status=201,
    example={"ru": "Парковка", "en": "Parking", "phrases": ["негде парковаться", "парков* занят*"]},
)  # fmt: skip
def add_cause(request: Call, data: NewCauseIn) -> dict[str, Any]:
    """A cause of your own, read in new texts at once."""
    taxonomy.add(data.ru, data.en, data.phrases, by=request.auth)
    return _shown(request)


@operation(
    router, "POST", "/analysis/causes/{key}/merge", right=taxonomy.RIGHT, answer=CausesOut,
    example={"into": "service_quality"},
)  # fmt: skip
def merge_cause(request: Call, key: Key, data: IntoIn) -> dict[str, Any]:
    """A cause of your own becomes part of another one."""
    taxonomy.merge(key, data.into, by=request.auth)
    return _shown(request)


@operation(
    router,
    "PUT",
    "/analysis/industry",
    right=taxonomy.RIGHT,
    answer=CausesOut,
    example={"industry": "retail"},
)
def choose_industry(request: Call, data: IndustryIn) -> dict[str, Any]:
    """Whose usual causes are read more readily; empty: all alike."""
    taxonomy.choose_preset(data.industry, by=request.auth)
    return _shown(request)


class VersionOut(Schema):
    number: int
    industry: str = Field(alias="preset", serialization_alias="industry")
    causes: list[dict[str, Any]] = Field(description="changes against ours")
    by_id: int
    at: datetime


@operation(router, "GET", "/analysis/causes/versions", right=taxonomy.RIGHT, answer=list[VersionOut])
def list_cause_versions(request: Call) -> Any:
    """The latest hundred versions, the newest first."""
    return queries.taxonomy_versions(request.auth.organisation_id)[:100]


@operation(router, "POST", "/analysis/causes/versions/{number}", right=taxonomy.RIGHT, answer=CausesOut)
def put_causes_back(request: Call, number: Id) -> dict[str, Any]:
    """The causes as in an earlier version, as a new one."""
    taxonomy.back_to(number, by=request.auth)
    return _shown(request)


class TryIn(Given):
    """`phrases` of `key` (empty: of a new cause) as if they were saved already."""

    text: Annotated[str, Field(min_length=1, max_length=taxonomy.MAX_TEXT)]
    key: Annotated[str, Field(max_length=32)] = ""
    phrases: Phrases = []


class TriedCause(Schema):
    key: str
    title: str
    percent: int


class TriedOut(Schema):
    """`quotes`: the words that speak for it. `unsure`: the chip would stay hidden."""

    causes: list[TriedCause]
    quotes: list[str]
    unsure: bool


@operation(
    router, "POST", "/analysis/causes/try", right=taxonomy.RIGHT, answer=TriedOut, within=False,
    example={"text": "Во дворе негде парковаться", "phrases": ["негде парковаться"]},
)  # fmt: skip
def try_causes(request: Call, data: TryIn) -> dict[str, Any]:
    """Which cause is read in a text. Nothing is stored."""
    found = taxonomy.attempt(data.text, key=data.key, phrases=data.phrases, by=request.auth)
    named = [{"key": key, "title": title, "percent": percent} for key, title, percent in found.causes]
    return {"causes": named, "quotes": list(found.quotes), "unsure": found.unsure}


# behind the fixed names, which this address would catch
@operation(
    router, "PATCH", "/analysis/causes/{key}", right=taxonomy.RIGHT, answer=CausesOut, example={"off": True}
)
def change_cause(request: Call, key: Key, data: CauseIn) -> dict[str, Any]:
    """Rename it, give it phrases, switch it off or on."""
    taxonomy.change(key, by=request.auth, **data.dict(exclude_unset=True))
    return _shown(request)
