"""Writes of an organisation's causes: every change is a new version, in force for the next text that is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.analysis import queries
from otklik.analysis.engine.cause import presets
from otklik.analysis.engine.reading import Item
from otklik.analysis.engine.wordforms import pattern
from otklik.analysis.models import TaxonomyVersion
from otklik.analysis.services import reader
from otklik.analysis.taxonomy import PREFIX, Cause, Causes
from otklik.audit import services as audit
from otklik.kernel import clock
from otklik.kernel.errors import Conflict, Invalid, NotFound

RIGHT = "analysis.causes"
MAX_NAME, MAX_PHRASE = 60, 120
MAX_OWN, MAX_PHRASES = 60, 60
MAX_TEXT = 5_000  # of a text to try


def choose_preset(preset: str, *, by: User) -> Causes:
    """The industry, whose usual causes are read more readily; empty: all alike. Raises Invalid."""
    if preset and preset not in presets():
        raise Invalid(_("There is no industry “%(value)s”."), field="preset", value=preset)

    def change(now: Causes) -> Causes:
        return replace(now, preset=preset)

    return _write(change, by, "taxonomy.preset", preset=preset)


def change(
    key: str,
    *,
    by: User,
    ru: str | None = None,
    en: str | None = None,
    phrases: Sequence[str] | None = None,
    off: bool | None = None,
) -> Causes:
    """Another name, other phrases, off or on again; what is not given stays. Raises NotFound, Invalid."""

    def changed(now: Causes) -> Causes:
        known = now.get(key)
        if known is None or known.into:
            raise NotFound
        said = replace(
            known,
            ru=known.ru if ru is None else _name(ru, needed=False),
            en=known.en if en is None else _name(en, needed=False),
            phrases=known.phrases if phrases is None else clean_phrases(phrases),
            off=known.off if off is None else off,
        )
        if said.own and not (said.ru or said.en):
            raise Invalid(_("A cause needs a name."), field="ru")
        _name_once(now, said)
        return now.with_(said)

    return _write(changed, by, "taxonomy.changed", key=key, title=ru or en or "", off=off)


def add(ru: str, en: str = "", phrases: Sequence[str] = (), *, by: User) -> Causes:
    """A cause of one's own, read where one of its phrases stands. Raises Invalid."""
    title = _name(ru or en)

    def added(now: Causes) -> Causes:
        if sum(one.own and not one.into for one in now.changed.values()) >= MAX_OWN:
            raise Invalid(_("There are %(limit)s causes of your own already. Merge some."), limit=MAX_OWN)
        said = clean_phrases(phrases)
        if not said:
            raise Invalid(_("Give at least one phrase by which the cause is known."), field="phrases")
        cause = Cause(_new_key(now), _name(ru, needed=False), _name(en, needed=False), said)
        _name_once(now, cause)
        return now.with_(cause)

    return _write(added, by, "taxonomy.added", title=title)


def merge(key: str, into: str, *, by: User) -> Causes:
    """A cause of one's own becomes part of another: its phrases speak for that one, its name is gone.

    Raises NotFound, Invalid.
    """

    def merged(now: Causes) -> Causes:
        known, other = now.get(key), now.get(into)
        if known is None or other is None or known.into:
            raise NotFound
        if not known.own:
            raise Invalid(
                _("Only a cause of your own can be merged. Switch this one off instead."), field="key"
            )
        if now.lives(into) == key or other.off:
            raise Invalid(_("Choose another cause to merge into."), field="into")
        return now.with_(replace(known, into=now.lives(into)))

    return _write(merged, by, "taxonomy.merged", key=key, into=into)


def back_to(number: int, *, by: User) -> Causes:
    """A former version again, as a new one. Raises NotFound."""

    def former(now: Causes) -> Causes:
        row = queries.taxonomy_versions(by.organisation_id).filter(number=number).first()
        if row is None or number == now.number:
            raise NotFound
        return Causes.stored(row.preset, now.number, row.causes)

    return _write(former, by, "taxonomy.back", number=number)


def _write(make: Callable[[Causes], Causes], by: User, action: str, **details: Any) -> Causes:
    """The next version, audited; two at once: the second is told to look again. Raises Forbidden, Conflict."""
    policy.require(by, RIGHT)
    now = queries.causes(by.organisation_id)
    new = replace(make(now), number=now.number + 1)
    if (new.preset, new.as_json()) == (now.preset, now.as_json()):
        return now
    try:
        with transaction.atomic():
            TaxonomyVersion.objects.create(
                organisation_id=by.organisation_id,
                number=new.number,
                preset=new.preset,
                causes=new.as_json(),
                by_id=by.pk,
                at=clock.now(),
            )
            audit.record(
                action,
                organisation_id=by.organisation_id,
                by=by,
                kind="taxonomy",
                object_id=new.number,
                **{name: value for name, value in details.items() if value not in (None, "")},
            )
    except IntegrityError as error:
        raise Conflict(_("Somebody changed the causes just now. Look at them again.")) from error
    return new


def clean_phrases(given: Sequence[str]) -> tuple[str, ...]:
    """Phrases without repeats and blanks. Raises Invalid for one without a word, for too many or too long ones."""
    found = list(dict.fromkeys(" ".join(one.split()) for one in given if one.strip()))
    if len(found) > MAX_PHRASES:
        raise Invalid(_("At most %(limit)s phrases."), field="phrases", limit=MAX_PHRASES)
    for one in found:
        if len(one) > MAX_PHRASE:
            raise Invalid(
                _("“%(value)s…” is longer than %(limit)s characters."),
                field="phrases", value=one[:40], limit=MAX_PHRASE,
            )  # fmt: skip
        if not pattern(one):
            raise Invalid(_("“%(value)s” holds no word."), field="phrases", value=one)
    return tuple(found)


def _name(text: str, *, needed: bool = True) -> str:
    name = " ".join(text.split())
    if len(name) > MAX_NAME:
        raise Invalid(_("A name of at most %(limit)s characters, please."), field="ru", limit=MAX_NAME)
    if needed and not name:
        raise Invalid(_("A cause needs a name."), field="ru")
    return name


def _name_once(now: Causes, cause: Cause) -> None:
    mine = {one.lower() for one in (cause.ru, cause.en) if one}
    for other in now.every:
        if (
            other.key != cause.key
            and not other.into
            and mine & {name.lower() for name in (other.ru, other.en, other.title)}
        ):
            raise Invalid(_("There is a cause of this name already."), field="ru")


def _new_key(now: Causes) -> str:
    """`own-3`: never one that readings of earlier days may hold."""
    taken = [int(key.removeprefix(PREFIX)) for key, one in now.changed.items() if one.own]
    return f"{PREFIX}{max(taken, default=0) + 1}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What is read in a text with given causes: the causes with how sure, and the words that speak for the first."""

    causes: tuple[tuple[str, str, int], ...]  # key, title, per cent
    quotes: tuple[str, ...]
    unsure: bool


def attempt(text: str, *, by: User, key: str = "", phrases: Sequence[str] = ()) -> Tried:
    """Which cause is read in a text, now or with these phrases of a cause that is not stored yet. Stores nothing."""
    policy.require(by, RIGHT)
    text = text.strip()[:MAX_TEXT]
    if not text:
        raise Invalid(_("Write a text to try."), field="text")
    now = queries.causes(by.organisation_id)
    if phrases:
        known = now.get(key) or Cause(key or f"{PREFIX}new")
        now = now.with_(replace(known, phrases=clean_phrases(phrases), off=False))
    read = reader.with_taxonomy(by.organisation_id, now.engine()).read([Item(text)])[0]
    titles = now.titles
    return Tried(
        tuple(
            (one["label"], titles.get(one["label"], one["label"]), round(one["p"] * 100))
            for one in read["cause"]
        ),
        tuple(text[start:end] for start, end in read["evidence"].get("cause", ())),
        "cause" in read["abstained"],
    )
