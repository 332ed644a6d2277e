"""What channels announce to the left; `web/wiring.py` says who listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otklik.channels.protocol import Inbound


@dataclass(frozen=True, slots=True)
class InboundParsed:
    """One understood event, announced inside the transaction that marks its raw event as parsed."""

    organisation_id: int
    account_id: int
    account_kind: str
    account_scope: str
    team_id: int | None
    raw_id: int
    inbound: Inbound


@dataclass(frozen=True, slots=True)
class DeliveryChanged:
    """A delivery entered `state`; announced inside the transaction of the change."""

    organisation_id: int
    delivery_id: int
    message_id: int
    state: str
    external_id: str
    error: str


@dataclass(frozen=True, slots=True)
class InboundBatch:
    """Events of an account whose adapter says `bulk`: independent rows, understood in one transaction."""

    events: tuple[InboundParsed, ...]
    # what a listener worked out before the transaction (ports.batch_plan), by raw id and external id
    work: Mapping[tuple[int, str], Any] = field(default_factory=dict)
