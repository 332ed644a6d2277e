"""What analysis announces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextsRead:
    """Readings of these subjects are new or changed; announced inside the transaction of the change.

    `first`: those of them that were not read before. `corrected`: a person has said what is right.
    `filled`: a second opinion has settled what was in doubt.
    """

    organisation_id: int
    kind: str
    object_ids: tuple[int, ...]
    first: tuple[int, ...] = ()
    corrected: bool = False
    filled: bool = False
