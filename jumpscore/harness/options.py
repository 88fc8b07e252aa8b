"""Defaults of options, and their descriptions from the docstrings of their classes."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

REQUIRED = "???"
"""Stands for the default of an option that has none, as in Hydra."""
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def option_defaults(options: type[BaseModel]) -> dict[str, Any]:
    """Return the default of every option as JSON has it; ``REQUIRED`` if it has none."""
    defaults = options.model_construct().model_dump(mode="json", warnings=False)
    fields = options.model_fields.items()
    return {key: REQUIRED if field.is_required() else defaults[key] for key, field in fields}


def option_descriptions(options: type[BaseModel]) -> dict[str, str]:
    """Return the description of every option, from the docstrings of a class and its bases.

    >>> class Jitter(BaseModel):
    ...     '''Options.
    ...
    ...     Attributes:
    ...         seconds: Standard deviation
    ...             of every time.
    ...     '''
    ...     seconds: float = 0.0
    >>> option_descriptions(Jitter)
    {'seconds': 'Standard deviation of every time.'}
    """
    described: dict[str, str] = {}
    for base in reversed(options.__mro__):
        _, _, attributes = (inspect.getdoc(base) or "").partition("\nAttributes:\n")
        for key, text in _ATTRIBUTE.findall(attributes):
            described[key] = " ".join(text.split()).replace("``", "")
    return {key: described.get(key, "") for key in options.model_fields}


def option_word(value: Any) -> str:
    """Return a value in the syntax of the command line.

    >>> option_word(True), option_word(None), option_word(0.5)
    ('true', 'null', '0.5')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
