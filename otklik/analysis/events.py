"""What analysis announces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextsRead:
    """Readings of these subjects are new or changed; announced inside the transaction of the change."""

    organisation_id: int
    kind: str
    object_ids: tuple[int, ...]
