"""The causes of an organisation in memory: ours under its names, its own with their phrases, what is switched off.

Stored as a list of changes against ours: `{"key", "ru", "en", "phrases", "off", "into"}`. A key of ours with names is
renamed, with phrases it is met by them as well. `into`: an own cause that became part of another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.utils.translation import get_language

from otklik.analysis import words
from otklik.analysis.engine.cause import OwnCause, presets
from otklik.analysis.engine.cause import Taxonomy as Engine

PREFIX = "own-"  # of a key of an organisation's own cause
OURS = tuple(key for key in words.VALUES["cause"] if key)


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause with what the organisation changed of it."""

    key: str
    ru: str = ""
    en: str = ""
    phrases: tuple[str, ...] = ()
    off: bool = False
    into: str = ""

    @property
    def own(self) -> bool:
        return self.key.startswith(PREFIX)

    @property
    def title(self) -> str:
        """In the reader's language; a name given in one language serves for both."""
        mine = (self.ru, self.en) if (get_language() or "ru").startswith("ru") else (self.en, self.ru)
        return mine[0] or (mine[1] if self.own else "") or str(words.VALUES["cause"].get(self.key, self.key))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "phrases": list(self.phrases)}


@dataclass(frozen=True, slots=True)
class Causes:
    """All causes of an organisation. `number`: of the version in force, 0 for ours as they are."""

    preset: str = ""
    number: int = 0
    changed: Mapping[str, Cause] = field(default_factory=dict)

    @classmethod
    def stored(cls, preset: str, number: int, causes: Sequence[Mapping[str, Any]]) -> Causes:
        found = [Cause(**{**one, "phrases": tuple(one.get("phrases") or ())}) for one in causes]
        return cls(preset if preset in presets() else "", number, {one.key: one for one in found})

    @property
    def every(self) -> list[Cause]:
        """Ours in their order, then its own by name; those that were merged away as well."""
        own = sorted((one for one in self.changed.values() if one.own), key=lambda one: one.title.lower())
        return [self.changed.get(key, Cause(key)) for key in OURS] + own

    def get(self, key: str) -> Cause | None:
        return self.changed.get(key) or (Cause(key) if key in OURS else None)

    def lives(self, key: str) -> str:
        """The cause that a key means today: another one when it was merged."""
        for _step in self.changed:
            into = self.changed[key].into if key in self.changed else ""
            if not into:
                break
            key = into
        return key

    def former(self, key: str) -> list[str]:
        """A cause with all that were merged into it: what stands in readings of earlier days."""
        return [key, *(other for other in self.changed if other != key and self.lives(other) == key)]

    def title(self, key: str) -> str:
        """What a key is called; of a merged one the name of what it became part of."""
        found = self.get(self.lives(key))
        return found.title if found else str(words.VALUES["cause"].get(key, key))

    def usual(self, key: str) -> bool:
        """Whether the industry knows the cause; outside of it a cause is read only when the text insists."""
        return not self.preset or key.startswith(PREFIX) or key in presets()[self.preset]

    @property
    def titles(self) -> dict[str, str]:
        """Every key that can stand in a reading, in words."""
        return {"": str(words.VALUES["cause"][""]), **{one.key: self.title(one.key) for one in self.every}}

    @property
    def offered(self) -> dict[str, str]:
        """Causes to choose from: neither switched off nor merged; the industry's first."""
        live = [one for one in self.every if not one.off and not one.into]
        live.sort(key=lambda one: not self.usual(one.key))
        return {one.key: one.title for one in live}

    def engine(self) -> Engine:
        """What the reader works with; phrases of merged causes speak for what they became part of."""
        phrases: dict[str, list[str]] = {}
        for one in self.changed.values():
            phrases.setdefault(self.lives(one.key), []).extend(one.phrases)
        return Engine(
            self.preset or None,
            off=[one.key for one in self.changed.values() if one.off],
            own=[OwnCause(key, tuple(said)) for key, said in phrases.items() if said],
        )

    def with_(self, cause: Cause) -> Causes:
        """With this cause in the place of the one with its key."""
        return replace(self, changed={**self.changed, cause.key: cause})

    def as_json(self) -> list[dict[str, Any]]:
        return [one.as_json() for one in self.changed.values() if one != Cause(one.key)]
