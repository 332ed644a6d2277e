"""`otklik import`: a table of reviews, mentions or conversations, or a plain text, comes in and is found by search."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otklik.channels.importer.engine import mapping as mappings
from otklik.channels.importer.engine import presets
from otklik.channels.importer.engine.archive import BROKEN_ARCHIVE, broken_archive
from otklik.channels.importer.engine.problems import MappingError, RowError, TableError
from otklik.channels.importer.engine.rows import Converter
from otklik.channels.importer.engine.table import Table, open_table
from otklik.kernel.stream import write_line
from otklik.web.start import start_django

if TYPE_CHECKING:
    from otklik.channels.models import ImportJob

WRONG_CALL, NOTHING_READ = 2, 1
CHOSEN = ("sheet", "encoding", "delimiter")  # what the person knows better than we
SHOWN = 3  # rows with errors that are said at once
COUNTS = ("rows", "created", "updated", "unchanged", "errors")


class Refusal(Exception):
    """Why nothing is imported: the exit code and a sentence in both languages."""

    def __init__(self, code: int, ru: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.ru = ru
        self.en = en


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        help="CSV, TSV, XLSX, XLS, JSON lines, JSON, or a plain .txt (one item); .gz and a .zip of one file too",
    )
    parser.add_argument(
        "--channel", required=True, metavar="NAME", help="import source; made when it is missing"
    )
    parser.add_argument(
        "--mapping", metavar="FILE", help="which column is which field (JSON, see docs/import.md)"
    )
    parser.add_argument(
        "--preset", choices=sorted(presets.PRESETS), help="a known export; otherwise recognised"
    )
    parser.add_argument("--encoding", help="e.g. cp1251; otherwise found")
    parser.add_argument("--delimiter", type=_delimiter, help="e.g. ; or tab; otherwise found")
    parser.add_argument("--sheet", help="sheet of a workbook; otherwise the largest")
    parser.add_argument("--dry-run", action="store_true", help="count and check, write nothing")
    parser.add_argument(
        "--errors", metavar="FILE", help="where to write rows with errors (default: VAR_DIR/imports)"
    )
    parser.add_argument("--organisation", metavar="NAME", help="company; needed when there are several")
    parser.epilog = (
        'answer: {"rows":6737,"created":6737,"updated":0,"unchanged":0,"errors":0,"error_file":null}\n'
        "The same file again changes nothing; after an interruption the same command goes on.\n"
        "exit 1 when nothing could be read, 2 for a wrong call\n\n"
        "example: otklik import reviews.csv.gz --channel Отзывы"
    )


def _delimiter(word: str) -> str:
    found = {"tab": "\t", "\\t": "\t"}.get(word, word)
    if len(found) != 1:
        raise argparse.ArgumentTypeError("one character, or the word tab")
    return found


def run(args: argparse.Namespace) -> int:
    try:
        return _run(args)
    except Refusal as refusal:
        return _refuse(refusal.ru if args.lang == "ru" else refusal.en, refusal.code)
    except TableError as error:
        return _refuse(error.sentence(args.lang), NOTHING_READ)
    except BROKEN_ARCHIVE:
        return _refuse(broken_archive(args.file).sentence(args.lang), NOTHING_READ)


def _refuse(sentence: str, code: int) -> int:
    """The sentence for people; for a program the usual line, in which nothing was read."""
    print(sentence, file=sys.stderr)
    if code == NOTHING_READ:
        write_line({**dict.fromkeys(COUNTS, 0), "error_file": None})
    return code


def _run(args: argparse.Namespace) -> int:
    path = Path(args.file)
    table = open_table(path, sheet=args.sheet, file_encoding=args.encoding, delimiter=args.delimiter)
    mapping = _mapping(args, table)
    os.environ.setdefault("LANGUAGE", args.lang)
    start_django()
    # the rest needs Django to be ready
    from django.db import DatabaseError  # noqa: PLC0415
    from django.utils import translation  # noqa: PLC0415

    from otklik.kernel.errors import OtklikError  # noqa: PLC0415

    with translation.override(args.lang):
        try:
            answer = _dry(args, table, mapping) if args.dry_run else _import(args, path, mapping)
        except OtklikError as error:
            return _refuse(str(error.sentence), NOTHING_READ)
        except DatabaseError as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Refusal(
                NOTHING_READ,
                f"База данных не готова ({reason}). Подготовьте её: make run.",
                f"The database is not ready ({reason}). Prepare it: make run.",
            ) from error
    write_line(answer)
    if answer["errors"]:
        _say_errors(answer["errors"], table, mapping, args.lang)
    return NOTHING_READ if answer["rows"] == answer["errors"] else 0


def _say_errors(count: int, table: Table, mapping: mappings.Mapping, lang: str) -> None:
    """How many rows were left out, with the first of the beginning of the file as examples."""
    head = "Не вошло строк" if lang == "ru" else "Rows left out"
    print(f"{head}: {count}.", file=sys.stderr)
    converter = Converter(mapping)
    results = (converter.convert(row) for row in table.sample)
    for fault in islice((one for one in results if isinstance(one, RowError)), SHOWN):
        print(fault.sentence(lang), file=sys.stderr)


def _mapping(args: argparse.Namespace, table: Table) -> mappings.Mapping:
    if args.mapping:
        try:
            text = Path(args.mapping).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Refusal(
                WRONG_CALL,
                f"Файл разметки «{args.mapping}» не читается: проверьте путь и кодировку UTF-8.",
                f'The mapping file "{args.mapping}" cannot be read: check the path and that it is UTF-8.',
            ) from error
        try:
            mapping = mappings.Mapping.from_json(text)
        except MappingError as error:
            raise Refusal(WRONG_CALL, error.ru, error.en) from error
    else:
        mapping = mappings.suggest(table.headers, table.sample, preset=args.preset or "")
    if missing := mapping.missing(table.headers):
        known = ", ".join(table.headers[:20])
        raise Refusal(
            WRONG_CALL,
            f"В таблице нет столбца «{missing[0]}». Есть: {known}.",
            f'The table has no column "{missing[0]}". There are: {known}.',
        )
    if not {"text", "pros", "cons", "title", "rating"} & set(mapping.columns):
        raise Refusal(
            NOTHING_READ,
            f"Не видно столбца с текстом. Столбцы: {', '.join(table.headers[:20])}. Назовите его в --mapping:"
            ' {"columns": {"text": "…"}}.',
            f"No column holds the text. Columns: {', '.join(table.headers[:20])}. Name it in --mapping:"
            ' {"columns": {"text": "…"}}.',
        )
    return mapping


def _organisation(name: str | None) -> int:
    from otklik.accounts.models import Organisation  # noqa: PLC0415 needs Django

    found = Organisation.objects.order_by("pk")
    if name:
        found = found.filter(name=name)
    ids = list(found.values_list("pk", flat=True)[:2])
    if len(ids) == 1:
        return int(ids[0])
    if not ids:
        raise Refusal(
            NOTHING_READ,
            f"Нет компании «{name}»." if name else "В базе ещё нет компании. Создайте её: make run.",
            f'There is no company "{name}".'
            if name
            else "The database has no company yet. Make one: make run.",
        )
    raise Refusal(
        WRONG_CALL,
        "Компаний несколько: назовите одну, --organisation ИМЯ.",
        "There are several companies: name one with --organisation NAME.",
    )


def _dry(args: argparse.Namespace, table: Table, mapping: mappings.Mapping) -> dict[str, Any]:
    from otklik.channels import queries  # noqa: PLC0415 needs Django
    from otklik.channels.importer import runner  # noqa: PLC0415

    organisation_id = _organisation(args.organisation)
    account = queries.accounts(organisation_id).filter(name=args.channel, kind="import").first()
    with Path(args.file).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {**runner.dry_run(table, mapping, account, digest=digest), "error_file": None}


def _import(args: argparse.Namespace, path: Path, mapping: mappings.Mapping) -> dict[str, Any]:
    from otklik.audit import services as audit  # noqa: PLC0415 needs Django
    from otklik.channels import intake  # noqa: PLC0415
    from otklik.channels.importer import runner, service  # noqa: PLC0415
    from otklik.kernel import media  # noqa: PLC0415

    organisation_id = _organisation(args.organisation)
    account = service.import_account(organisation_id, args.channel, by=audit.SYSTEM)
    with path.open("rb") as file:
        digest, _size = media.put_file(file)
        job = runner.unfinished(account, digest, mapping)
        if job is None:
            chosen = {name: value for name in CHOSEN if (value := getattr(args, name))}
            job = service.register(file, path.name, organisation_id=organisation_id, chosen=chosen)
            service.begin(job, account, mapping)
    job = runner.run_here(job)
    intake.parse_waiting(account, progress=_progress(job.created + job.updated))
    answer: dict[str, Any] = {name: getattr(job, name) for name in COUNTS}
    if job.error:
        print(job.error, file=sys.stderr)
    return {**answer, "error_file": _error_file(args, job)}


def _progress(total: int) -> Any:
    """On a terminal only: one line that is written over."""
    if not sys.stderr.isatty():
        return lambda done: None

    def show(done: int) -> None:
        print(
            f"\r{min(done, total)} / {total}", end="\n" if done >= total else "", file=sys.stderr, flush=True
        )

    return show


def _error_file(args: argparse.Namespace, job: ImportJob) -> str | None:
    from django.conf import settings  # noqa: PLC0415 needs Django

    from otklik.kernel import media  # noqa: PLC0415

    if not job.error_digest:
        return None
    if args.errors:
        target = Path(args.errors)
    else:
        target = Path(settings.VAR_DIR) / "imports" / f"{Path(job.filename).stem}.{job.pk}.errors.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(media.get(job.error_digest))
    return str(target)
