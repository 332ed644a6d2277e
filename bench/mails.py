"""Raw mails as customers send them: 40 % are replies inside a thread, some carry HTML, quotes or a file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from bench.texts import Person, letter, person

SHOP = "care@sever-tehnika.example"
REPLIES = 0.4
HTML = 0.45
FILES = 0.05
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PICTURE = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256)) * 40


@dataclass
class _Thread:
    who: Person
    subject: str
    ids: list[str]
    last_text: str


def mails(count: int, seed: int = 1) -> Iterator[bytes]:
    """`count` different mails; threads grow to any length, each by its own customer."""
    rng = random.Random(seed)
    threads: list[_Thread] = []
    for number in range(count):
        if threads and rng.random() < REPLIES:
            thread = rng.choice(threads[-400:])
        else:
            text = letter(rng, longest=1)
            thread = _Thread(person(seed * 1_000_000 + rng.randrange(count)), text[:70], [], "")
            threads.append(thread)
        yield _mail(rng, thread, f"{seed}.{number}.{rng.getrandbits(48):x}@pochta.example", number)


def _mail(rng: random.Random, thread: _Thread, message_id: str, number: int) -> bytes:
    mail = EmailMessage()
    moment = START + timedelta(seconds=20 * number)
    mail["Return-Path"] = f"<{thread.who.address}>"
    mail["Received"] = f"from mx.pochta.example by mail.sever-tehnika.example; {format_datetime(moment)}"
    mail["From"] = f"{thread.who.name} <{thread.who.address}>"
    mail["To"] = f"Служба заботы <{SHOP}>"
    mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = f"<{message_id}>"
    reply = bool(thread.ids)
    mail["Subject"] = f"Re: {thread.subject}" if reply else thread.subject
    if reply:
        mail["In-Reply-To"] = f"<{thread.ids[-1]}>"
        mail["References"] = " ".join(f"<{one}>" for one in thread.ids[-10:])
    text = letter(rng) + "\n\n" + letter(rng, longest=2)
    whole = text + _signature(rng, thread.who)
    if reply:
        quoted = "\n".join(f"> {line}" for line in thread.last_text.splitlines())
        whole += f"\n\n{moment:%d.%m.%Y %H:%M}, Служба заботы пишет:\n{quoted}\n"
    mail.set_content(whole)
    if rng.random() < HTML:
        rows = "".join(f"<p style='margin:0 0 8px'>{line}</p>" for line in whole.splitlines() if line)
        mail.add_alternative(f"<html><body><div>{rows}</div></body></html>", subtype="html")
    if rng.random() < FILES:
        picture = PICTURE + rng.randbytes(64)
        mail.add_attachment(picture, maintype="image", subtype="png", filename=f"фото {number}.png")
    thread.ids.append(message_id)
    thread.last_text = text
    return mail.as_bytes()


def _signature(rng: random.Random, who: Person) -> str:
    chosen = rng.random()
    if chosen < 0.3:
        return f"\n\n-- \n{who.name}\n{who.city}\n"
    return "\n\nОтправлено с iPhone\n" if chosen < 0.5 else "\n"
