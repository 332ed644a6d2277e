"""Translations: `compile FILE.po …` writes .mo files, `extract` refreshes the .po files from the code.

Runs in `.venv`. Exit code 2: the sentence on stderr says which file is wrong and where.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from scripts.base import ROOT, Trouble, call, guarded, say, step, venv_python

LANGUAGES = ("ru", "en")
IGNORED = (".venv", "node_modules", "build", "var", "tests", "bench", "scripts", "*/tests/*")


def compile_catalogue(source: Path) -> Path:
    """Write the .mo beside `source`, whole or not at all. Raises Trouble that names file and line."""
    try:
        with source.open("rb") as handle:
            catalogue = read_po(handle, locale=source.parent.parent.name, abort_invalid=True)
    except PoFileError as error:
        raise Trouble(f"{_short(source)}: line {error.lineno} cannot be read ({error}). Mend it.") from error
    except UnicodeDecodeError as error:
        raise Trouble(f"{_short(source)} is not UTF-8: save it in that encoding.") from error
    for message in catalogue:
        faults = [str(fault) for fault in message.check(catalogue)] if message.id else []
        if faults:
            raise Trouble(f"{_short(source)}: line {message.lineno}: {faults[0]}. Mend the translation.")
    compiled = source.with_suffix(".mo")
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    draft = compiled.with_suffix(".mo.new")
    draft.write_bytes(buffer.getvalue())
    draft.replace(compiled)
    return compiled


def extract() -> None:
    """Refresh locale/*/LC_MESSAGES/django.po (and djangojs.po) from code and templates."""
    if not shutil.which("xgettext"):
        raise Trouble("xgettext is needed to collect the texts: apt install gettext.")
    languages = [part for language in LANGUAGES for part in ("-l", language)]
    ignored = [part for pattern in IGNORED for part in ("-i", pattern)]
    common = [*languages, *ignored, "--add-location", "file", "--no-wrap", "--verbosity", "0"]
    manage = [venv_python(), "-m", "otklik.web.manage", "makemessages"]
    domains = ["django"]
    if any((ROOT / "static").rglob("*.js")):
        domains.append("djangojs")
    for domain in domains:
        with step(f"{domain}.po"):
            call([*manage, "-d", domain, *common], what="makemessages")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["extract"]:
        extract()
        return 0
    if words[:1] != ["compile"]:
        print("usage: python -m scripts.translations compile [FILE.po …] | extract", file=sys.stderr)
        return 2
    sources = [Path(word) for word in words[1:]] or sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po"))
    try:
        for source in sources:
            compile_catalogue(source)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    say(f"{len(sources)} compiled")
    return 0


if __name__ == "__main__":
    raise SystemExit(guarded(main))
