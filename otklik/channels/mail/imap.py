"""Reading a mailbox over IMAP: nothing lost, nothing changed on the server, never UNSEEN. No Django.

The cursor of a folder says: every uid up to `uid` is stored, except those in `owed`. It is moved only
by what was fetched, so a broken connection costs time and nothing else. Folders are opened read-only.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from imap_tools.errors import MailboxFolderSelectError

from otklik.channels.mail.imap_link import (
    LOST,
    REFUSED,
    ImapConfig,
    Item,
    Link,
    Opened,
    folder_names,
    imap_date,
    linked,
    no_folder,
)
from otklik.channels.mail.sasl import MailIOError
from otklik.channels.protocol import CheckResult, PullPage, RawEvent

__all__ = ["FolderCount", "ImapConfig", "MailIOError", "begin", "check", "count", "pull", "wait"]

MAX_BYTES = 25_000_000  # a larger mail is stored by its headers only
PAGE_BYTES = 64_000_000  # a page ends here, whatever its limit: it is held in memory
BATCH, BATCH_BYTES = 50, 8_000_000
SEARCH_WINDOW = 5_000  # uids per SEARCH, so that a mailbox with a million mails answers in small pieces
OWED_PER_PULL = 20
LOST_IN_A_ROW = 3
CHECK_TIMEOUT = 10.0  # a person waits for the answer
TICK = 0.25  # seconds until a set stop event is noticed

KeyOf = Callable[[bytes], str]


@dataclass(slots=True)
class FolderState:
    """The cursor of one folder. Of the uids up to `backlog_to` only those since `since` are wanted."""

    uidvalidity: int = 0
    uid: int = 0
    owed: list[int] = field(default_factory=list)
    since: str = ""  # ISO date, "" = no limit
    backlog_to: int = 0


@dataclass(frozen=True, slots=True)
class FolderCount:
    """What the server holds since a date, to be compared with what is stored."""

    uidvalidity: int
    uids: frozenset[int]
    highest_uid: int  # of the whole folder, by UIDNEXT

    @property
    def messages(self) -> int:
        return len(self.uids)


class _Enough(Exception):
    """The page is full, or the server keeps failing: go on at the next pull."""


def pull(
    config: ImapConfig,
    cursor: dict[str, Any],
    *,
    key_of: KeyOf,
    now: datetime,
    limit: int = 200,
    max_bytes: int = MAX_BYTES,
    page_bytes: int = PAGE_BYTES,
) -> PullPage:
    """New mails of all folders since `cursor` ({} = first run), at most `limit` of them.

    The cursor is {folder: {"uidvalidity", "uid", "owed", "since", "backlog_to"}}; commit it together
    with the events. `more`: call again at once. A failure raises MailIOError only if nothing was
    fetched; otherwise the page holds what came and a notice. `key_of` gives the key under which raw
    bytes are stored once: after a change of UIDVALIDITY the same mails come again with the same keys.
    """
    states = {name: FolderState(**deepcopy(cursor[name])) for name in config.folders if name in cursor}
    page = _Page(config, key_of, max_bytes, page_bytes)
    more = False
    before = {name: asdict(state) for name, state in states.items()}
    try:
        with linked(config) as link:
            for index, name in enumerate(config.folders):
                share = max(0, -(-(limit - len(page.events)) // (len(config.folders) - index)))
                try:
                    opened = link.open(name)
                except MailboxFolderSelectError as error:
                    page.missing(no_folder(link, error), index)
                    continue
                states[name] = _state(page, states.get(name), opened, name, now)
                more |= _Reader(link, page, name, states[name]).read(opened, share)
    except MailIOError as trouble:
        if not page.events and before == {name: asdict(state) for name, state in states.items()}:
            raise
        page.notices.append((trouble.code, trouble.sentence))
        more = False
    kept = {**cursor, **{name: asdict(state) for name, state in states.items()}}
    return PullPage(tuple(page.events), kept, more, tuple(page.notices))


def begin(config: ImapConfig, now: datetime) -> dict[str, Any]:
    """The cursor of a mailbox as it is now, for "only new mail"; {} when a past is wanted or it does not answer.

    Taken while the account is being connected: what comes between that and the first pull is new too.
    """
    if config.backfill_days != 0:
        return {}
    today = now.date().isoformat()
    try:
        with linked(config) as link:
            opened = {name: link.open(name) for name in config.folders}
    except MailIOError:
        return {}
    return {
        name: asdict(FolderState(one.uidvalidity, one.uidnext - 1, [], today, one.uidnext - 1))
        for name, one in opened.items()
    }


def _state(page: _Page, state: FolderState | None, opened: Opened, folder: str, now: datetime) -> FolderState:
    """The state to go on with: as it was, new for a first run, or from the start after a renumbering.

    A uid above UIDNEXT means a restored backup that kept its UIDVALIDITY: to wait until the uids catch
    up would lose every mail in between.
    """
    last, days = opened.uidnext - 1, page.config.backfill_days
    if state is None:
        since = "" if days is None else (now - timedelta(days=days)).date().isoformat()
        return FolderState(opened.uidvalidity, last if days == 0 else 0, [], since, last)
    if state.uidvalidity == opened.uidvalidity and state.uid <= last:
        return state
    page.notice("uid_reset", folder=folder)
    return FolderState(opened.uidvalidity, 0, [], state.since, last)


@dataclass(slots=True)
class _Page:
    """What one pull has gathered."""

    config: ImapConfig
    key_of: KeyOf
    max_bytes: int
    page_bytes: int
    events: list[RawEvent] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    size: int = 0
    unopened: int = 0

    def notice(self, code: str, **data: Any) -> None:
        self.notices.append((code, self.config.say(code, **data)))

    def missing(self, error: MailIOError, index: int) -> None:
        """A folder that will not open is a notice; when none opens, it is the error."""
        self.notices.append((error.code, error.sentence))
        self.unopened += 1
        if self.unopened == len(self.config.folders) == index + 1:
            raise error

    def add(self, item: Item, folder: str, uidvalidity: int) -> None:
        raw, large = item.body or b"", item.size > self.max_bytes
        try:
            key = self.key_of(raw)
        except Exception:  # a mail that breaks the key must not stop the mailbox: its bytes are a key too
            key = "sha256:" + hashlib.sha256(raw).hexdigest()
            self.notice("key_failed", uid=item.uid, folder=folder)
        if large:
            self.notice("too_large", uid=item.uid, folder=folder, size=item.size)
        meta = {"uid": item.uid, "uidvalidity": uidvalidity, "folder": folder, "size": item.size}
        meta |= {"internaldate": item.internaldate, "flags": list(item.flags), "too_large": large}
        kind = "text/rfc822-headers" if large else "message/rfc822"
        self.events.append(RawEvent(key, raw, kind, folder, meta))
        self.size += len(raw)


class _Reader:
    """Takes the next mails of one opened folder and moves its state along."""

    def __init__(self, link: Link, page: _Page, folder: str, state: FolderState) -> None:
        self.link = link
        self.page = page
        self.folder = folder
        self.state = state
        self.lost_in_a_row = 0

    def read(self, opened: Opened, share: int) -> bool:
        """True = more is waiting."""
        uids, reached = self._next_uids(opened.uidnext - 1, share)
        known = self.state.owed[:OWED_PER_PULL]
        try:
            self._take(uids)
            self.state.uid = max(self.state.uid, reached)
            self._retry(known)
        except _Enough:
            return self.lost_in_a_row < LOST_IN_A_ROW
        return reached < opened.uidnext - 1

    def _next_uids(self, last: int, want: int) -> tuple[list[int], int]:
        """At most `want` uids, and the uid up to which nothing else is to be fetched."""
        state, reached, width = self.state, self.state.uid, SEARCH_WINDOW
        found: list[int] = []
        while reached < last and len(found) <= want:
            end, criteria = min(reached + width, last), ""
            if reached < state.backlog_to:
                end = min(end, state.backlog_to)
                criteria = f" SINCE {imap_date(date.fromisoformat(state.since))}" if state.since else ""
            # servers answer a range beyond the end with the last message: hence the filter
            uids = self.link.search(f"UID {reached + 1}:{end}{criteria}")
            found += [uid for uid in uids if reached < uid <= end]
            reached, width = end, width * 4
        if len(found) > want:
            found = found[:want]
            reached = found[-1] if found else state.uid
        return found, reached

    def _take(self, uids: list[int]) -> None:
        """Everything in ascending order; the state follows mail by mail."""
        for start in range(0, len(uids), BATCH):
            part = uids[start : start + BATCH]
            heads = self._heads(part)
            for group in _groups([heads[uid] for uid in part if uid in heads], self.page.max_bytes):
                bodies = self._bulk(group)
                for head in group:
                    if self.page.size >= self.page.page_bytes:
                        raise _Enough
                    self._settle(head, bodies.get(head.uid))
            self.state.uid = max(self.state.uid, part[-1])

    def _heads(self, uids: list[int]) -> dict[int, Item]:
        """Size, date and flags of those still there; unknown where the server does not tell."""
        heads: dict[int, Item] = {}
        try:
            heads = self.link.fetch(uids, "RFC822.SIZE INTERNALDATE FLAGS")
        except LOST:
            self.link.reopen()
        except REFUSED:
            pass
        untold = [uid for uid in uids if uid not in heads]
        if untold:
            heads |= {uid: Item(uid) for uid in self.link.search("UID " + ",".join(map(str, untold)))}
        return heads

    def _bulk(self, group: list[Item]) -> dict[int, Item]:
        """Bodies of a group in one command; empty when that fails, then each is asked for alone."""
        if not group[0].size:  # unknown: it could be enormous
            return {}
        try:
            return self.link.fetch([head.uid for head in group], self._part(group[0]))
        except LOST:
            self.link.reopen()
        except REFUSED:
            pass
        return {}

    def _part(self, head: Item) -> str:
        return "BODY.PEEK[HEADER]" if head.size > self.page.max_bytes else "BODY.PEEK[]"

    def _settle(self, head: Item, got: Item | None) -> None:
        """One mail becomes an event, is gone from the server, or is owed."""
        full = replace(head, body=got.body) if got and got.body is not None else self._alone(head)
        self.state.owed = [uid for uid in self.state.owed if uid != head.uid]
        if full is not None and full.body is not None:
            self.lost_in_a_row = 0
            self.page.add(full, self.folder, self.state.uidvalidity)
        elif full is not None:
            self.state.owed.append(head.uid)
            self.page.notice("owed", uid=head.uid, folder=self.folder)
        self.state.uid = max(self.state.uid, head.uid)
        if self.lost_in_a_row >= LOST_IN_A_ROW:
            raise _Enough

    def _alone(self, head: Item) -> Item | None:
        """Two tries for one mail. None = no longer on the server; without body = owed."""
        for _ in range(2):
            lost = False
            try:
                if not head.size:
                    head = self.link.fetch([head.uid], "RFC822.SIZE INTERNALDATE FLAGS").get(head.uid, head)
                got = self.link.fetch([head.uid], self._part(head)).get(head.uid)
                if got is not None and got.body is not None:
                    return replace(head, body=got.body)
            except LOST:
                lost = True
                self.link.reopen()
            except REFUSED:
                pass
            if not self.link.search(f"UID {head.uid}"):
                return None
        self.lost_in_a_row += lost
        return head

    def _retry(self, owed: Iterable[int]) -> None:
        """Mails that failed before, after the new ones: a mail that breaks the line must not block them."""
        for uid in owed:
            if self.page.size >= self.page.page_bytes:
                raise _Enough
            self._settle(Item(uid), None)


def _groups(heads: list[Item], max_bytes: int) -> list[list[Item]]:
    """Neighbours that fit one command: not too many bytes, and not whole mails mixed with headers only."""
    groups: list[list[Item]] = []
    size = 0
    for head in heads:
        large = head.size > max_bytes
        fits = groups and (groups[-1][-1].size > max_bytes) == large and size + head.size <= BATCH_BYTES
        if fits and head.size:
            groups[-1].append(head)
            size += 0 if large else head.size
        else:
            groups.append([head])
            size = 0 if large else head.size
    return groups


def count(config: ImapConfig, folders: Iterable[str], since: date) -> dict[str, FolderCount]:
    """The daily check: the uids each folder holds since `since` (the server's own date of arrival)."""
    result = {}
    with linked(config) as link:
        for folder in folders:
            opened = link.open(folder)
            uids = link.search(f"SINCE {imap_date(since)}")
            result[folder] = FolderCount(opened.uidvalidity, frozenset(uids), opened.uidnext - 1)
    return result


def wait(
    config: ImapConfig,
    folder: str,
    seconds: float,
    *,
    stop: threading.Event | None = None,
    known_uid: int | None = None,
) -> bool:
    """Wait until mail arrives in `folder`: True = pull now, False = `seconds` are over or `stop` was set.

    `known_uid` (the cursor's uid) catches what arrived between the last pull and this call: IDLE tells
    only of what comes after it.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + seconds
    with linked(config) as link:
        while not stop.is_set() and time.monotonic() < deadline:
            opened = link.open(folder)
            if known_uid is None:
                known_uid = opened.uidnext - 1
            if opened.uidnext - 1 > known_uid:
                return True
            left = deadline - time.monotonic()
            if link.can("IDLE"):
                if link.idle(min(left, config.idle_seconds), TICK, stop):
                    return True
            else:
                stop.wait(min(left, config.poll_seconds))
    return False


def check(config: ImapConfig) -> CheckResult:
    """The test behind the form: connects, signs in, opens every folder. Never raises MailIOError."""
    config = replace(config, timeout=min(config.timeout, CHECK_TIMEOUT))
    try:
        with linked(config) as link:
            names = folder_names(link.connect())
            held = {folder: link.open(folder).exists for folder in config.folders}
            facts = {"folders": names, "messages": held, "idle": link.can("IDLE"), "sent": link.sent_folder()}
            return CheckResult(True, "ok", config.say("ok"), facts)
    except MailIOError as error:
        return CheckResult(False, error.code, error.sentence)
