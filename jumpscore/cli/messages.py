"""What the package logs, as notes on the terminal; and its last word."""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

from jumpscore.errors import visible

PACKAGES = ("jumpscore", "evaluators", "model_wrappers")


class _Notes(logging.Handler):
    """Prints records as notes; what prints them is imported with the first."""

    def emit(self, record: logging.LogRecord) -> None:
        from jumpscore.cli.console import print_note

        try:
            print_note(record.getMessage())
        except Exception:  # a closed terminal, say
            self.handleError(record)


def show_log() -> None:
    """Print warnings of the package from now on."""
    for package in PACKAGES:
        logging.getLogger(package).addHandler(_Notes(logging.WARNING))


def stop(message: str, code: int) -> NoReturn:
    """Print a message on standard error and end with an exit code, without a traceback."""
    print(visible(message), file=sys.stderr)
    raise SystemExit(code) from None
