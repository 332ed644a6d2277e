"""The settings of the second opinion: where to ask, how much it may cost, on and off, a test."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.analysis import opinion_words, ports
from otklik.analysis.opinion_models import OpinionEndpoint
from otklik.analysis.second import answer, protocol
from otklik.analysis.second.masking import mask
from otklik.analysis.second.protocol import Said, Trouble
from otklik.analysis.services import exchange, spending
from otklik.analysis.services.asking import labels_of
from otklik.analysis.services.exchange import Bill
from otklik.analysis.services.filling import COLUMNS
from otklik.audit import services as audit
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Conflict, Invalid, NotFound

RIGHT = "analysis.opinion"
FIELDS = COLUMNS  # that may be asked about
LIMITS = ("day_requests", "day_tokens", "month_requests", "month_tokens")
MOST = 1_000_000_000  # of any limit
LONGEST_URL, LONGEST_MODEL, LONGEST_KEY = 480, 200, 500  # characters
SECONDS = (5, 40)  # a call must end before the outbox gives its work to another
TEST_TEXT = "Здравствуйте! Третью неделю жду холодильник, обещали во вторник. Верните деньги, пожалуйста."
TEST_ROUNDS = 5  # an endpoint may refuse parts of the question one after another


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator enters. `key` None keeps the stored one, "" means that the endpoint wants none."""

    base_url: str
    model: str
    key: str | None = None
    which: str = OpinionEndpoint.Which.UNSURE
    fields: Sequence[str] = FIELDS
    seconds: int = 30
    day_requests: int = 500
    day_tokens: int = 500_000
    month_requests: int = 5_000
    month_tokens: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Tested:
    """How a test went: one sentence, and what it took."""

    ok: bool
    code: str
    message: str
    seconds: float
    tokens: int


def save(given: Settings, *, by: User) -> OpinionEndpoint:
    """Store the settings; whatever was paused may be asked again. Asks the name server: not inside a transaction.

    Raises Forbidden, Invalid with `field`.
    """
    policy.require(by, RIGHT)
    base_url = check_url(given.base_url)
    values = _checked(given)
    with transaction.atomic():
        row = OpinionEndpoint.objects.select_for_update().filter(organisation_id=by.organisation_id).first()
        if row is None:
            row = OpinionEndpoint(organisation_id=by.organisation_id)
        elif given.key is None and row.secret and _place(base_url) != _place(row.base_url):
            raise Invalid(
                _("The address is another server's. Enter its key, too: the old one is not sent there."),
                field="key",
            )
        if (base_url, values["model"]) != (row.base_url, row.model):
            row.quirks = []
        if given.key is not None:
            row.secret = secrets.seal({"key": given.key}) if given.key else ""
        row.base_url = base_url
        for name, value in values.items():
            setattr(row, name, value)
        row.failures, row.paused_until, row.trouble, row.trouble_detail = 0, None, "", ""
        row.changed_at, row.changed_by_id = clock.now(), by.pk
        row.save()
        _record("opinion.changed", row, by, url=base_url, model=row.model, fields=row.fields, which=row.which,
                **{name: getattr(row, name) for name in LIMITS}, key_changed=given.key is not None)  # fmt: skip
    return row


def check_url(url: str) -> str:
    """The base address without the path of questions; Invalid with a sentence."""
    url = url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or len(url) > LONGEST_URL
        or any(map(str.isspace, url))
    ):
        raise Invalid(
            _("This is not an address that can be called. It begins with https://."), field="base_url"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid(
            _(
                "The address must hold no password, no question mark and no #: the key goes into its own field."
            ),
            field="base_url",
        )
    ports.doors.opinion.check(url)
    return url


def _place(url: str) -> tuple[str | None, int | None, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.port, parts.scheme


def _checked(given: Settings) -> dict[str, Any]:
    model = " ".join(given.model.split())
    if not model or len(model) > LONGEST_MODEL:
        raise Invalid(_("Enter the name of the model as the endpoint lists it."), field="model")
    if given.key is not None and (
        len(given.key) > LONGEST_KEY or not given.key.isascii() or not given.key.isprintable()
    ):
        raise Invalid(_("A key has Latin letters, digits and signs, at most 500 of them."), field="key")
    if given.which not in OpinionEndpoint.Which.values:
        raise Invalid(_("Choose which texts are asked about."), field="which")
    fields = [name for name in FIELDS if name in given.fields]
    if not fields or set(given.fields) - set(FIELDS):
        raise Invalid(_("Choose at least one field that may be asked about."), field="fields")
    if not SECONDS[0] <= given.seconds <= SECONDS[1]:
        raise Invalid(
            _("Between %(least)s and %(most)s seconds."), field="seconds", least=SECONDS[0], most=SECONDS[1]
        )
    for name in LIMITS:
        if not 0 <= getattr(given, name) <= MOST:
            raise Invalid(_("A limit is a number between 0 and %(most)s."), field=name, most=MOST)
    return {
        "model": model,
        "which": given.which,
        "fields": fields,
        "seconds": given.seconds,
        **{name: getattr(given, name) for name in LIMITS},
    }


@transaction.atomic
def switch(*, on: bool, by: User) -> OpinionEndpoint:
    """From now on unsure texts are asked about, or not any more. Raises Forbidden, NotFound, Conflict."""
    row = _lock(by)
    if on and not all(getattr(row, name) for name in LIMITS):
        raise Conflict(
            _("Set all four limits first: with a limit of 0 nothing is ever asked."), code="no_budget"
        )
    if row.active != on:
        row.active = on
        row.changed_at, row.changed_by_id = clock.now(), by.pk
        row.save(update_fields=["active", "changed_at", "changed_by_id"])
        _record(
            "opinion.switched_on" if on else "opinion.switched_off",
            row,
            by,
            url=row.base_url,
            model=row.model,
        )
    return row


@transaction.atomic
def delete_key(*, by: User) -> OpinionEndpoint:
    """Forget the key and switch off."""
    row = _lock(by)
    row.secret, row.active = "", False
    row.changed_at, row.changed_by_id = clock.now(), by.pk
    row.save(update_fields=["secret", "active", "changed_at", "changed_by_id"])
    _record("opinion.key_deleted", row, by, url=row.base_url)
    return row


def masked(text: str) -> str:
    """A text as it would leave the house. Nothing is sent or kept; the names of its author are not known here."""
    return mask(text).text


def test(*, by: User) -> Tested:
    """Ask about an invented text, now. Costs what a question costs and is counted against the budget."""
    policy.require(by, RIGHT)
    row = OpinionEndpoint.objects.filter(organisation_id=by.organisation_id).first()
    if row is None:
        raise NotFound
    hidden, labels = mask(TEST_TEXT), labels_of(row.organisation_id, row.fields)
    started, tokens = time.monotonic(), 0
    outcome: Said | Trouble = Trouble("budget")
    for _round in range(TEST_ROUNDS):
        question = protocol.question(row.model, hidden.text, labels, row.quirks)
        bill = _pay(row, question.tokens)
        if bill is None:
            break
        outcome = exchange.call(row, question)
        with transaction.atomic():
            tokens += exchange.settle(row, bill, outcome)
        if not exchange.learn(row, outcome):
            break
    trouble = outcome if isinstance(outcome, Trouble) else None
    if isinstance(outcome, Said):
        try:
            answer.parse(outcome.content, hidden, labels)
        except answer.Unreadable:
            trouble = Trouble("unreadable")
    with transaction.atomic():
        if trouble is None or trouble.code != "budget":
            exchange.note(row, trouble or outcome)
        code = trouble.code if trouble else ""
        _record(
            "opinion.tested",
            row,
            by,
            url=row.base_url,
            model=row.model,
            ok=trouble is None,
            trouble=code or None,
        )
    message = opinion_words.sentence(code, trouble.detail, row.seconds) if trouble else ""
    return Tested(trouble is None, code, message, round(time.monotonic() - started, 1), tokens)


@transaction.atomic
def _pay(row: OpinionEndpoint, tokens: int) -> Bill | None:
    OpinionEndpoint.objects.select_for_update().get(pk=row.pk)
    day = spending.reserve(row, tokens)
    return Bill(day, tokens) if day else None


def _lock(by: User) -> OpinionEndpoint:
    policy.require(by, RIGHT)
    row = OpinionEndpoint.objects.select_for_update().filter(organisation_id=by.organisation_id).first()
    if row is None:
        raise NotFound
    return row


def _record(action: str, row: OpinionEndpoint, by: User, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=row.organisation_id,
        by=by,
        kind="opinion",
        object_id=row.pk,
        **{name: value for name, value in data.items() if value is not None},
    )
