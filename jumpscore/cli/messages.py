"""What the package logs, as notes on the terminal."""

from __future__ import annotations

import logging

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
