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
            print_note(record.getMessage(), warning=record.levelno >= logging.WARNING)
        except Exception:  # such as a closed terminal
            self.handleError(record)


def show_log() -> None:
    """Print the package's log messages from now on."""
    for package in PACKAGES:
        logger = logging.getLogger(package)
        logger.setLevel(logging.INFO)
        logger.addHandler(_Notes(logging.INFO))


def stop(message: str, code: int) -> NoReturn:
    """Print a message on standard error and end with an exit code, without a traceback."""
    print(visible(message), file=sys.stderr)
    raise SystemExit(code) from None
