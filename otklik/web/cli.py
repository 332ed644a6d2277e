"""`otklik`: one console command. A subcommand's module is imported only when it is called."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from dataclasses import dataclass
from typing import Protocol

from otklik import __version__
from otklik.kernel.stream import WrongCall


class Command(Protocol):
    """What a command module offers: `configure` adds arguments, `run` returns the exit code."""

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


@dataclass(frozen=True)
class Entry:
    words: tuple[str, ...]
    module: str
    help: str


# The whole command line at a glance. Modules ending in `cli_*` live beside what they call.
COMMANDS: tuple[Entry, ...] = (
    Entry(("mail", "parse"), "otklik.channels.mail.cli_parse", "read mail files, one JSON line each"),
    Entry(
        ("mail", "reply"), "otklik.channels.mail.cli_reply", "cut the visible reply from quotes and signature"
    ),
    Entry(("feed", "parse"), "otklik.channels.feed.cli_parse", "read RSS and Atom files, one JSON line each"),
    Entry(("import",), "otklik.web.cli_import", "import a table of reviews, mentions or conversations"),
    Entry(("analyse",), "otklik.analysis.cli_analyse", "say what each text means, one JSON line each"),
    Entry(
        ("analysis", "retrain"),
        "otklik.web.cli_retrain",
        "learn a field from labels, judged before it counts",
    ),
    Entry(("audit", "verify"), "otklik.web.cli_audit", "check the sealed chain of the audit"),
    Entry(("backup",), "otklik.web.cli_backup", "copy database, media and keys into a folder, verified"),
    Entry(("restore",), "otklik.web.cli_restore", "bring a backup back, verified"),
)


def main(argv: list[str] | None = None) -> int:
    """Entry point of the console script. 0 done (bad lines included), 1 internal fault, 2 wrong call."""
    words = list(sys.argv[1:] if argv is None else argv)
    entry = _find(words)
    if entry is None:
        return _no_command(words)
    depth = len(entry.words)
    if sys.stdout is None:
        print("Стандартный выход закрыт.", file=sys.stderr)
        return 1
    module: Command = importlib.import_module(entry.module)
    args = _parser(entry, module).parse_args(words[depth:])
    try:
        return module.run(args)
    except KeyboardInterrupt:
        return 130
    except WrongCall as error:
        print(error.ru if args.lang == "ru" else error.en, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough
        _forget_output()
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            raise
        _forget_output()
        print(("Не записать: " if args.lang == "ru" else "Cannot write: ") + str(error), file=sys.stderr)
        return 1


def _parser(entry: Entry, module: Command) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="otklik " + " ".join(entry.words),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=entry.help,
    )
    parser.add_argument(
        "--lang", choices=("ru", "en"), default="ru", help="language of messages (default: ru)"
    )
    module.configure(parser)
    return parser


def _forget_output() -> None:
    """What is still buffered cannot be written: the interpreter shall not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _find(words: list[str]) -> Entry | None:
    for entry in COMMANDS:
        if tuple(words[: len(entry.words)]) == entry.words:
            return entry
    return None


HELP = ("--help", "-h")


def _no_command(words: list[str]) -> int:
    if words[:1] in (["--version"], ["-V"]):
        print(f"otklik {__version__}")
        return 0
    group = [entry for entry in COMMANDS if len(entry.words) > 1 and entry.words[:1] == tuple(words[:1])]
    wanted = words == [] or (words[-1] in HELP and len(words) == 1 + bool(group))
    out = sys.stdout if wanted else sys.stderr
    if not wanted and (words[1:] or not group):
        print(f"Нет команды «{' '.join(words[:2])}». Есть такие:", file=out)
    else:
        command = f"{words[0]} COMMAND" if group else "COMMAND"
        print(
            f"usage: otklik {command} [options]   (otklik {command} --help shows fields and an example)\n",
            file=out,
        )
    for entry in group or COMMANDS:
        print(f"  otklik {' '.join(entry.words):<16} {entry.help}", file=out)
    if group and wanted:
        for entry in group:
            print("\n" + _parser(entry, importlib.import_module(entry.module)).format_help(), file=out)
    return 0 if wanted and words else 2
