"""``jumpscore models options``."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import typer
from rich.syntax import Syntax
from rich.text import Text

from jumpscore.cli.console import output
from model_wrappers import MODELS


def show_options(
    name: Annotated[str, typer.Argument(help="A model, such as qwen3_vl.")],
) -> None:
    """Print the options of a model with their defaults and what they mean.

    Raises:
        UsageError: There is no such model.
    """
    found = MODELS.get(name)
    described = files("jumpscore.conf.model").joinpath(f"{name}.yaml")
    if described.is_file():
        output().print(Syntax(described.read_text().rstrip(), "yaml", background_color="default"))
        return
    for key, field in found.Options.model_fields.items():  # of another package
        output().print(Text(f"{key}: {field.get_default(call_default_factory=True)!r}"))
