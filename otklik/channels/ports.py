"""What channels tell other domains about an account, and what they ask of those to the left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from otklik.channels.events import InboundParsed
from otklik.channels.protocol import Capabilities


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What an answer needs to know of the account it leaves from."""

    id: int
    organisation_id: int
    kind: str
    name: str
    address: str  # own mail address, or ""
    domain: str  # of our Message-IDs
    active: bool
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What can be known of a batch before its transaction: which events go alone, and work done beforehand."""

    alone: frozenset[int] = frozenset()  # raw ids
    work: Mapping[tuple[int, str], Any] = field(default_factory=dict)  # by raw id and external id


PlanBatch = Callable[[tuple[InboundParsed, ...]], BatchPlan]
batch_plan: list[PlanBatch] = []  # at most one; without it every event of a batch goes together
