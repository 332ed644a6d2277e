"""What channels tell other domains about an account, in plain data."""

from __future__ import annotations

from dataclasses import dataclass

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
