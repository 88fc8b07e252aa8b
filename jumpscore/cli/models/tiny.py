"""``jumpscore models tiny``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json
from jumpscore.conf.settings import changed, validated


def write_tiny_checkpoint(
    out: Annotated[Path, typer.Argument(help="New folder for the checkpoint.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="key=value, such as seed=1, size=2b or vision.num_hidden_layers=4"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a random checkpoint and describe it."""
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny
    from model_wrappers.transformers.wrapper import require_packages

    options = validated(TinyOptions, changed({}, overrides or []), where="")
    require_packages("llava_ov2")
    parameters = write_tiny(out, options)
    if as_json:
        print_json({"checkpoint": str(out), "parameters": parameters, **options.model_dump()})
        return
    output().print(
        f"{out}: random LLaVA-OneVision-2 ({options.size}), {parameters:,} parameters, "
        f"{options.dtype}",
        soft_wrap=True,
    )
    output().print(
        f"try it: jumpscore run model=llava_ov2 model.checkpoint={out} input=codec input.count=4",
        style="dim",
        soft_wrap=True,
    )
