"""Translations: `compile` makes one .mo per language of its parts, `extract` names the texts without one.

Each area keeps its own `locale/LANGUAGE/parts/AREA.po`, so that two people do not meet in one long file.

Runs in `.venv`. Exit code 2: the sentence on stderr says which file is wrong and where.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from scripts.base import ROOT, Trouble, call, guarded, say, venv_python

IGNORED = (".venv", "node_modules", "build", "var", "tests", "bench", "scripts", "*/tests/*")


def compile_language(folder: Path) -> Path:
    """Merge `folder`/parts/*.po and write LC_MESSAGES/django.mo, whole or not at all. Raises Trouble."""
    whole = Catalog(locale=folder.name)
    origin: dict[object, Path] = {}
    for source in sorted(folder.glob("parts/*.po")):
        for message in _read(source, folder.name):
            if not message.id:
                continue
            key = (message.id if isinstance(message.id, str) else message.id[0], message.context)
            known = whole.get(*key)
            if known is not None and known.string != message.string:
                raise Trouble(
                    f"{_short(source)}: line {message.lineno}: “{key[0]}” is translated differently in"
                    f" {_short(origin[key])}. Keep one."
                )
            origin[key] = source
            whole[message.id] = message
    compiled = folder / "LC_MESSAGES" / "django.mo"
    compiled.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    write_mo(buffer, whole)
    draft = compiled.with_suffix(".mo.new")
    draft.write_bytes(buffer.getvalue())
    draft.replace(compiled)
    return compiled


def _read(source: Path, language: str) -> Catalog:
    """One part, checked; raises Trouble that names file and line."""
    try:
        with source.open("rb") as handle:
            catalogue = read_po(handle, locale=language, abort_invalid=True)
    except PoFileError as error:
        raise Trouble(f"{_short(source)}: line {error.lineno} cannot be read ({error}). Mend it.") from error
    except UnicodeDecodeError as error:
        raise Trouble(f"{_short(source)} is not UTF-8: save it in that encoding.") from error
    for message in catalogue:
        faults = [str(fault) for fault in message.check(catalogue)] if message.id else []
        if faults:
            raise Trouble(f"{_short(source)}: line {message.lineno}: {faults[0]}. Mend the translation.")
    return catalogue


def translated(language: str) -> set[str]:
    """Every text of the parts that has a translation and is not marked as fuzzy."""
    found: set[str] = set()
    for source in sorted((ROOT / "locale" / language / "parts").glob("*.po")):
        for message in _read(source, language):
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and all(texts) and not message.fuzzy:
                found.add(message.id if isinstance(message.id, str) else message.id[0])
    return found


def wanted() -> dict[str, list[str]]:
    """Every text of code and templates with the files it stands in. Needs xgettext."""
    if not shutil.which("xgettext"):
        raise Trouble("xgettext is needed to collect the texts: apt install gettext.")
    ignored = [part for pattern in IGNORED for part in ("-i", pattern)]
    scratch = ROOT / "locale" / "qq"
    try:
        call(
            [
                venv_python(),
                "-m",
                "otklik.web.manage",
                "makemessages",
                "-l",
                "qq",
                *ignored,
                "--add-location",
                "file",
                "--no-wrap",
                "--verbosity",
                "0",
            ],
            what="makemessages",
        )
        # makemessages leaves its own header unfilled, which Babel refuses to read
        text = (scratch / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
        text = text.replace("nplurals=INTEGER; plural=EXPRESSION;", "nplurals=2; plural=(n != 1);")
        catalogue = read_po(io.BytesIO(text.encode()))
        return {
            message.id if isinstance(message.id, str) else message.id[0]: [
                place for place, _ in message.locations
            ]
            for message in catalogue
            if message.id
        }
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def extract() -> int:
    """Print the texts that have no Russian translation; returns their number."""
    done = translated("ru")
    missing = {text: places for text, places in wanted().items() if text not in done}
    for text, places in sorted(missing.items(), key=lambda item: item[1]):
        say(f"{places[0] if places else '?'}: {text}")
    say(f"{len(missing)} texts without Russian")
    return len(missing)


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main() -> int:
    words = sys.argv[1:]
    if words == ["extract"]:
        return 1 if extract() else 0
    if words[:1] != ["compile"]:
        print("usage: python -m scripts.translations compile | extract", file=sys.stderr)
        return 2
    folders = [folder.parent for folder in sorted(ROOT.glob("locale/*/parts"))]
    try:
        for folder in folders:
            compile_language(folder)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    say(f"{len(folders)} compiled")
    return 0


if __name__ == "__main__":
    raise SystemExit(guarded(main))
