"""`otklik audit verify`: is the record of actions whole?"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from otklik.kernel.stream import write_line
from otklik.web.start import require_database, start_django


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        'answer: {"ok":true,"entries":1204,"unsealed":0,"first_bad":null}\n'
        "exit 1 when the chain is broken; first_bad is the id of the first entry that does not fit;\n"
        "exit 2 with a sentence when there is no database to check\n\n"
        "example: otklik audit verify"
    )


def run(args: argparse.Namespace) -> int:
    start_django()
    require_database()
    from otklik.audit import services  # noqa: PLC0415 needs Django to be ready

    verdict = services.verify()
    write_line(asdict(verdict))
    return 0 if verdict.ok else 1
