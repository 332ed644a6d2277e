"""What arrives by real SMTP is read by real IMAP once each, and the mailbox is left as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from otklik.channels.mail import imap
from otklik.channels.mail.imap import MailIOError
from otklik.channels.mail.imap_link import Link
from otklik.channels.mail.tests.io.conftest import NOW, Box, key_of, letter


def test_five_hundred_mails_sent_by_smtp_arrive_once_each(box: Box) -> None:
    box.server.deliver((letter(number) for number in range(500)), to=[box.user])
    box.server.wait_for(box.user, 500)
    pages = box.pull_all()
    assert [len(page.events) for page in pages] == [200, 200, 100]
    assert box.received == 500
    assert sorted(box.stored.values()) == sorted(box.server.mailbox(box.user))
    assert box.pull().events == ()


def test_mails_are_found_while_they_keep_arriving(box: Box) -> None:
    for number in range(6):
        box.give(*(letter(f"{number}-{part}") for part in range(7)))
        box.pull(limit=5)
    box.pull_all(limit=5)
    assert box.received == len(box.stored) == 42


def test_a_mail_read_by_another_client_is_still_fetched(box: Box) -> None:
    uids = box.give(letter(1), letter(2))
    box.server.mark_seen(box.user, uids)
    page = box.pull()
    assert len(page.events) == 2
    assert "\\Seen" in page.events[0].meta["flags"]


def test_pulling_changes_no_flag_in_the_mailbox(box: Box) -> None:
    uids = box.give(letter(1))
    box.pull()
    assert box.server.flags(box.user, uids[0]) - {"\\Recent"} == set()


def test_an_event_says_where_and_when_its_mail_stood(box: Box) -> None:
    uids = box.give(letter(1))
    (event,) = box.pull().events
    assert event.payload.endswith("Где мой заказ 1?\r\n".encode())
    assert (event.content_type, event.stream) == ("message/rfc822", "INBOX")
    assert (event.meta["uid"], event.meta["folder"], event.meta["too_large"]) == (uids[0], "INBOX", False)
    assert event.meta["uidvalidity"] == box.cursor["INBOX"]["uidvalidity"] > 0
    assert event.meta["internaldate"][:4] == str(NOW.year)


def test_a_first_run_takes_only_new_mail_unless_a_depth_is_chosen(box: Box) -> None:
    box.give(letter("old"))
    only_new = box.imap(backfill_days=0)
    assert box.pull(only_new).events == ()
    box.give(letter("new"))
    assert [event.payload for event in box.pull(only_new).events] == [box.server.mailbox(box.user)[1]]


def test_backfill_goes_as_many_days_back_as_chosen(box: Box) -> None:
    with box.server.client(box.user) as client:
        for days in (40, 20, 2, 0):
            client.append(letter(days), dt=NOW - timedelta(days=days))
    box.pull_all(box.imap(backfill_days=30))
    assert sorted(raw.split(b"@")[0] for raw in box.stored.values()) == sorted(
        letter(days).split(b"@")[0] for days in (20, 2, 0)
    )
    box.server.append(box.user, letter("today"))
    assert len(box.pull(box.imap(backfill_days=30)).events) == 1


def test_after_a_new_uidvalidity_everything_is_read_again_and_stored_once(box: Box) -> None:
    box.give(*(letter(number) for number in range(30)))
    box.pull_all()
    box.server.reset_uidvalidity(box.user)
    box.give(letter("later"))
    box.pull_all()
    assert box.received == 61
    assert len(box.stored) == 31 == len(box.server.mailbox(box.user))
    assert [code for code, _ in box.notices] == ["uid_reset"]
    assert "повторов не будет" in box.notices[0][1]


def test_a_renumbered_folder_does_not_bring_back_mail_from_before_the_first_day(box: Box) -> None:
    with box.server.client(box.user) as client:
        client.append(letter("ancient"), dt=NOW - timedelta(days=400))
    config = box.imap(backfill_days=0)
    box.pull(config)
    box.give(letter("new"))
    box.server.reset_uidvalidity(box.user)
    box.pull_all(config)
    assert len(box.stored) == 1


def test_a_restored_backup_with_lower_uids_loses_no_mail(box: Box) -> None:
    box.give(letter(1))
    box.pull()
    box.cursor["INBOX"]["uid"] = 5000  # what the cursor is when the server went back in time
    box.give(letter(2))
    box.pull()
    assert len(box.stored) == 2
    assert box.notices[0][0] == "uid_reset"


def test_mails_expunged_by_another_client_midway_do_not_disturb_the_rest(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = box.give(*(letter(number) for number in range(20)))
    search = Link.search

    def search_then_lose(link: Link, criteria: str) -> list[int]:
        found = search(link, criteria)
        if not expunged:
            expunged.extend(uids[5:9])
            box.server.expunge(box.user, expunged)
        return found

    expunged: list[int] = []
    monkeypatch.setattr(Link, "search", search_then_lose)
    box.pull_all()
    # what the session had already seen may still be served; what is in the mailbox must be there
    assert set(box.server.mailbox(box.user)) <= set(box.stored.values())
    assert len(box.server.mailbox(box.user)) == 16
    assert box.cursor["INBOX"]["owed"] == []
    assert box.cursor["INBOX"]["uid"] == uids[-1]


def test_three_days_offline_are_caught_up_without_loss(box: Box) -> None:
    box.give(letter("before"))
    box.pull()
    box.server.stop_imap()
    with pytest.raises(MailIOError) as caught:
        box.pull()
    assert (caught.value.code, caught.value.permanent) == ("port_closed", False)
    box.server.deliver((letter(f"away-{number}") for number in range(60)), to=[box.user])
    box.server.start_imap()
    uids = box.server.wait_for(box.user, 61)
    box.server.mark_seen(box.user, uids[10:40])
    box.pull_all()
    mailbox = box.server.mailbox(box.user)
    assert sorted(box.stored.values()) == sorted(mailbox)
    # 61 as a rule; a mail server that loses the answer to its own delivery delivers once more, under a uid of its own
    assert box.received == len(mailbox) >= 61


def test_a_moved_mail_comes_with_the_same_key_from_its_new_folder(box: Box) -> None:
    box.server.create_folder(box.user, "Жалобы/Доставка")
    config = box.imap(folders=("INBOX", "Жалобы/Доставка"))
    uids = box.give(letter(1), letter(2))
    box.pull(config)
    box.server.move(box.user, uids[:1], "INBOX", "Жалобы/Доставка")
    page = box.pull(config)
    assert [event.stream for event in page.events] == ["Жалобы/Доставка"]
    assert box.received == 3
    assert len(box.stored) == 2


def test_a_mail_moved_before_the_pull_is_read_from_the_folder_it_went_to(box: Box) -> None:
    box.server.create_folder(box.user, "Спам & прочее")
    config = box.imap(folders=("INBOX", "Спам & прочее"))
    box.pull(config)
    uids = box.give(letter(1))
    box.server.move(box.user, uids, "INBOX", "Спам & прочее")
    assert [event.stream for event in box.pull(config).events] == ["Спам & прочее"]


def test_a_busy_folder_does_not_starve_the_others(box: Box) -> None:
    box.server.create_folder(box.user, "Второй")
    box.server.append(box.user, letter("second"), "Второй")
    box.give(*(letter(number) for number in range(30)))
    page = box.pull(box.imap(folders=("INBOX", "Второй")), limit=10)
    assert {event.stream for event in page.events} == {"INBOX", "Второй"}
    assert page.more


def test_a_folder_that_was_deleted_is_a_notice_and_the_others_go_on(box: Box) -> None:
    box.give(letter(1))
    page = box.pull(box.imap(folders=("Нет такой", "INBOX")))
    assert len(page.events) == 1
    assert page.notices[0][0] == "folder_not_found"
    with pytest.raises(MailIOError, match="Нет такой"):
        box.pull(box.imap(folders=("Нет такой",)))


def test_a_mail_over_the_limit_comes_as_headers_with_a_notice_and_blocks_nothing(box: Box) -> None:
    big = letter("big", body="щ" * 100 + "\r\n" + "x" * 200_000)
    for mail in (letter(1), big, letter(2)):
        box.give(mail)
    page = box.pull(max_bytes=50_000)
    assert [event.meta["too_large"] for event in page.events] == [False, True, False]
    large = page.events[1]
    assert large.content_type == "text/rfc822-headers"
    assert b"Subject: Order big" in large.payload
    assert len(large.payload) < 5_000 < large.meta["size"]
    assert [code for code, _ in page.notices] == ["too_large"]


def test_a_page_ends_at_its_bytes_and_the_rest_follows(box: Box) -> None:
    box.give(*(letter(number, body="x" * 60_000) for number in range(8)))
    pages = box.pull_all(page_bytes=150_000)
    assert [len(page.events) for page in pages] == [3, 3, 2]
    assert len(box.stored) == 8


def test_a_key_that_cannot_be_made_does_not_stop_the_mailbox(box: Box) -> None:
    box.give(letter(1), letter("broken"), letter(2))

    def fragile(raw: bytes) -> str:
        if b"broken" in raw:
            raise ValueError("cannot parse")
        return key_of(raw)

    page = imap.pull(box.imap(), {}, key_of=fragile, now=NOW)
    assert len({event.key for event in page.events}) == 3
    assert [code for code, _ in page.notices] == ["key_failed"]


def test_the_daily_count_tells_what_the_server_holds_by_folder(box: Box) -> None:
    box.server.create_folder(box.user, "Архив")
    uids = box.give(letter(1), letter(2), letter(3))
    box.pull()
    box.server.expunge(box.user, uids[:1])
    with box.server.client(box.user) as client:
        client.append(letter("old"), dt=NOW - timedelta(days=9))
    held = imap.count(box.imap(), ["INBOX", "Архив"], (NOW - timedelta(days=2)).date())
    assert held["INBOX"].uids == frozenset(uids[1:])
    assert (held["INBOX"].messages, held["INBOX"].highest_uid) == (2, uids[-1] + 1)
    assert held["Архив"].messages == 0
