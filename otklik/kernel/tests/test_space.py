"""The sign that there is no room: seen by every process, believed for some minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from otklik.kernel import clock, media, space


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    space.granted()


def test_a_refusal_is_known_by_what_both_databases_and_files_say() -> None:
    assert space.is_refusal(media.DiskFull())
    assert space.is_refusal(OperationalError("database or disk is full"))
    assert space.is_refusal(OperationalError('could not extend file "base/1/2": No space left on device'))
    assert not space.is_refusal(OperationalError("database is locked"))
    assert not space.is_refusal(ValueError("the disk is full"))


def test_the_first_moment_is_kept_while_refusals_go_on_and_forgotten_when_they_end() -> None:
    assert space.refused_since() is None
    start = clock.now().replace(microsecond=0)
    for minutes in range(20):
        with clock.at(_later(start, minutes * 60)):
            space.refused()
            assert space.refused_since() == start
    with clock.at(_later(start, 19 * 60 + space.BELIEVED - 1)):
        assert space.refused_since() == start
    with clock.at(_later(start, 19 * 60 + space.BELIEVED + 2)):
        assert space.refused_since() is None
        space.refused()
        assert space.refused_since() == clock.now()


def _later(start: Any, seconds: float) -> Any:
    with clock.at(start):
        return clock.after(seconds)


def test_the_first_thing_stored_takes_the_sign_away(settings: Any) -> None:
    space.refused()
    folder = Path(settings.MEDIA_ROOT).parent
    assert len(list(folder.glob("no-room-*"))) == 1
    space.granted()
    assert space.refused_since() is None
    assert not list(folder.glob("no-room-*"))


def test_where_even_the_sign_finds_no_room_this_process_knows(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "nowhere" / "media"
    space.refused()
    assert space.refused_since() is not None
    space.granted()
    assert space.refused_since() is None


def test_a_strange_file_beside_the_media_is_no_sign(settings: Any) -> None:
    (Path(settings.MEDIA_ROOT).parent / "no-room-for-doubt").touch()
    assert space.refused_since() is None
