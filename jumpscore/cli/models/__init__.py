"""``jumpscore models``: a table of its commands."""

from __future__ import annotations

import typer

from jumpscore.cli.commands import group
from jumpscore.cli.options import Json


def _list_by_default(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        from jumpscore.cli.models.list import list_models

        list_models(as_json=as_json)


app = group(
    {
        "list": ("jumpscore.cli.models.list:list_models", "List the models."),
        "options": (
            "jumpscore.cli.list_options:list_model_options",
            "Print the options of a model, with their defaults and what they mean.",
        ),
        "tiny": (
            "jumpscore.cli.models.tiny:write_tiny_checkpoint",
            "Write a random LLaVA-OneVision-2 that transformers, vLLM and this package load.",
        ),
    },
    help="List models and their options.",
    default=_list_by_default,
)
