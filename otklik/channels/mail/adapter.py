"""Mail as a channel: settings ⇄ the plain IMAP and SMTP parts, raw mail → Inbound, answer → mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from otklik.channels.mail import imap, smtp
from otklik.channels.mail.engine.model import ParsedMail
from otklik.channels.mail.engine.parse import parse as parse_mail
from otklik.channels.mail.engine.parse import raw_key
from otklik.channels.mail.imap_link import ImapConfig
from otklik.channels.mail.sasl import Lang, MailIOError
from otklik.channels.mail.smtp import SmtpConfig
from otklik.channels.mail.smtp_build import build
from otklik.channels.protocol import (
    Capabilities,
    CheckResult,
    Found,
    Identity,
    Inbound,
    InboundFile,
    InboundKind,
    Outbound,
    PullPage,
    RawEvent,
    SendResult,
    SendState,
)
from otklik.kernel import clock, ids

ACCOUNT_PAUSE = 600.0  # seconds
MAX_TEXT = 200_000  # characters kept for the screen; the raw mail stays whole


def _lang() -> Lang:
    return "en" if (get_language() or "ru").startswith("en") else "ru"


def _secret(config: dict[str, Any]) -> str:
    return str(config.get("token" if config.get("auth") == "xoauth2" else "password") or "")


def imap_config(config: dict[str, Any]) -> ImapConfig:
    """What the form and the sealed secrets say, as the IMAP part wants it."""
    return ImapConfig(
        host=config["imap_host"],
        port=int(config.get("imap_port") or 993),
        security=config.get("imap_security") or "tls",
        user=config.get("imap_user") or config["address"],
        auth=config.get("auth") or "password",
        secret=_secret(config),
        ca_bundle=config.get("ca_bundle") or "",
        folders=tuple(config.get("folders") or ("INBOX",)),
        backfill_days=int(config.get("backfill_days") or 0),
        lang=_lang(),
    )


def smtp_config(config: dict[str, Any]) -> SmtpConfig:
    """As `imap_config`; an own SMTP password is optional."""
    return SmtpConfig(
        host=config["smtp_host"],
        port=int(config.get("smtp_port") or 465),
        security=config.get("smtp_security") or "tls",
        user=config.get("smtp_user", config.get("imap_user") or config["address"]),
        auth=config.get("auth") or "password",
        secret=config.get("smtp_password") or _secret(config),
        ca_bundle=config.get("ca_bundle") or "",
        lang=_lang(),
    )


class MailAdapter:
    """One mailbox: IMAP in (poll and IDLE), SMTP out."""

    kind = "mail"
    bulk = True  # first mails of threads are independent: channels/intake.py understands them together

    def capabilities(self, config: dict[str, Any]) -> Capabilities:
        return Capabilities(poll=True, reply_private=True, reconcile=bool(config.get("server_files_sent")))

    def check(self, config: dict[str, Any]) -> CheckResult:
        """Receiving first, then sending; the first trouble is the answer."""
        incoming = imap.check(imap_config(config))
        if not incoming.ok or not config.get("smtp_host"):
            return incoming
        outgoing = smtp.check(smtp_config(config), sender=config["address"])
        return replace(incoming, facts={**incoming.facts, **outgoing.facts}) if outgoing.ok else outgoing

    def begin(self, config: dict[str, Any]) -> dict[str, Any]:
        """Where a new account starts, asked while it is being connected."""
        return imap.begin(imap_config(config), clock.now())

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage:
        return imap.pull(imap_config(config), cursor, key_of=raw_key, now=clock.now())

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]:
        mail = parse_mail(raw.payload)
        own = str(config.get("address", "")).lower()
        if mail.message_id and ids.ours(mail.message_id):
            return []  # a copy of our own answer
        if (
            mail.auto == "bounce"
            and mail.bounce_of
            and (mail.bounce is None or mail.bounce.action == "failed")
        ):
            return [_bounce(mail, raw)]
        return [_message(mail, raw, own)]

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult:
        address = config["address"]
        try:
            raw = build(
                item,
                address,
                _sender_name(config, item),
                item.idempotency_key,
                clock.now(),
                auto_submitted="auto-replied" if item.extra.get("automatic") else "",
            )
        except MailIOError as error:
            return SendResult(SendState.REJECTED, code=error.code, detail=error.sentence)
        result = smtp.send(smtp_config(config), raw, address, [item.to, *item.also_to, *item.cc])
        if result.state is SendState.REJECTED and result.code in smtp.ACCOUNT_CODES:
            # the mailbox is refused, not the answer: it waits until the settings are mended
            result = replace(result, state=SendState.THROTTLED, retry_after=ACCOUNT_PAUSE)
        return replace(result, external_id=item.idempotency_key)

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found:
        return smtp.find_sent(
            imap_config(config),
            f"<{item.idempotency_key}>",
            server_files_sent=bool(config.get("server_files_sent")),
        )


def _sender_name(config: dict[str, Any], item: Outbound) -> str:
    """«Павел Тужилин, Север-Техника»: a person of a company, never a robot."""
    return ", ".join(part for part in (item.sender_name, config.get("sender_name", "")) if part)


def _identity(mail: ParsedMail, raw: RawEvent) -> Identity:
    if mail.sender_key:
        person = mail.sender or mail.reply_to[0]
        return Identity(external_id=mail.sender_key, name=person.name)
    # nobody can be answered, but the mail is there and readable
    return Identity(external_id=f"unknown:{raw.key[:60]}", name=mail.sender.name if mail.sender else "")


def _occurred(mail: ParsedMail) -> datetime | None:
    """The sender's date, unless it lies in the future: then the moment of arrival orders the thread."""
    if mail.date is None:
        return None
    said = datetime.fromisoformat(mail.date)
    return said if said <= clock.after(300) else None


def _message(mail: ParsedMail, raw: RawEvent, own: str) -> Inbound:
    author = _identity(mail, raw)
    wire_id = mail.message_id or raw.key
    auto = "own" if own and author.external_id == own else mail.auto
    return Inbound(
        kind=InboundKind.MESSAGE,
        external_id=raw.key,
        author=author,
        occurred_at=_occurred(mail),
        text=mail.text[:MAX_TEXT],
        quoted=mail.quoted[:MAX_TEXT],
        html=mail.html or "",
        subject=mail.subject,
        thread_keys=(wire_id, *mail.thread_ids),
        our_message_ids=tuple(filter(None, map(ids.ours, mail.thread_ids))),
        participants=tuple(one for one in mail.participants if one != own),
        parent_id=mail.in_reply_to or "",
        files=tuple(
            InboundFile(one.filename, one.content_type, one.content, one.inline, one.content_id or "")
            for one in mail.attachments
        ),
        problems=tuple((one.code, one.message(_lang())) for one in mail.problems),
        extra={
            "auto": auto,
            "references": list(mail.references),
            "recipients": {
                "to": [one.as_dict() for one in mail.to],
                "cc": [one.as_dict() for one in mail.cc],
                "reply_to": [one.key for one in mail.reply_to],
            },
        },
    )


def _bounce(mail: ParsedMail, raw: RawEvent) -> Inbound:
    bounce = mail.bounce
    words = " ".join(
        filter(None, (*(bounce.recipients if bounce else ()), bounce.diagnostic if bounce else ""))
    )
    return replace(
        _message(mail, raw, ""),
        kind=InboundKind.BOUNCE,
        target_id=ids.ours(mail.bounce_of or "") or mail.bounce_of or "",
        text=words or mail.text[:2000],
        extra={"auto": "bounce", "status": bounce.status if bounce else ""},
    )
