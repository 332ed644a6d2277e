"""`make trace`: requirements with and without a passing test, from what the last test runs recorded.

Exit code 1 when a test carries an id that REQUIREMENTS does not know. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from scripts.base import BUILD, ROOT, Trouble, guarded, say

TRACE = BUILD / "trace.json"
COMMITTED = ROOT / "docs" / "requirements-ids.txt"
_LINE = re.compile(r"^(S\d+-\d+|X\d+) \S", re.MULTILINE)
_RULES = re.compile(r"(?:^|\. )(X\d+) (?=[A-Z\"«])", re.MULTILINE)  # two rules may share a line

Record = dict[str, dict[str, dict[str, Any]]]  # stage → test → {"req": [...], "outcome": "passed"}


def parse_requirements(text: str) -> list[str]:
    """Ids in the order of the page: `S0-1 «…»` at the beginning of a line, and the rules X1 … X9."""
    return list(dict.fromkeys([*_LINE.findall(text), *_RULES.findall(text)]))


def requirements_file() -> Path:
    return Path(os.environ.get("OTKLIK_SHARED") or ROOT.parent / "shared") / "REQUIREMENTS.md"


def requirement_list() -> list[str]:
    """All ids, from the shared page or, where it is missing, from the committed list."""
    page = requirements_file()
    if page.exists():
        return sorted(parse_requirements(page.read_text(encoding="utf-8")), key=order)
    if COMMITTED.exists():
        return COMMITTED.read_text(encoding="utf-8").split()
    raise Trouble(f"Neither {page} nor {COMMITTED} is there: set OTKLIK_SHARED.")


def known_requirements() -> frozenset[str]:
    return frozenset(requirement_list())


def order(name: str) -> tuple[str, list[int]]:
    return name[0], [int(number) for number in re.findall(r"\d+", name)]


def read_record(path: Path) -> Record:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
    draft.replace(path)


def proven(record: Record) -> dict[str, list[str]]:
    """Requirement → tests that passed at least once and failed in no stage."""
    outcomes: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for tests in record.values():
        for test, entry in tests.items():
            outcomes[test].add(entry["outcome"])
            names[test].update(entry["req"])
    found: dict[str, list[str]] = defaultdict(list)
    for test in sorted(outcomes):
        if "passed" in outcomes[test] and "failed" not in outcomes[test]:
            for name in names[test]:
                found[name].append(test)
    return found


def unknown(record: Record, known: frozenset[str]) -> list[str]:
    used = {name for tests in record.values() for entry in tests.values() for name in entry["req"]}
    return sorted(used - known, key=order)


def main() -> int:
    names = requirement_list()
    if "--write-ids" in sys.argv[1:]:
        COMMITTED.write_text("\n".join(names) + "\n", encoding="utf-8")
    record = read_record(TRACE)
    found = proven(record)
    for name in names:
        tests = found.get(name, [])
        say(f"{'✓' if tests else '·'} {name:<6} {', '.join(tests)}".rstrip())
    have = [name for name in names if name in found]
    say(f"\nwithout a passing test: {' '.join(name for name in names if name not in found) or 'none'}")
    stages = ", ".join(record) or "none"
    say(f"{len(have)} of {len(names)} requirements have a passing test (stages: {stages})")
    strangers = unknown(record, frozenset(names))
    if strangers:
        raise Trouble(f"Tests carry ids that REQUIREMENTS does not know: {', '.join(strangers)}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(guarded(main))
