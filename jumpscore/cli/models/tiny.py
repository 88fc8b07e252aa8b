"""``jumpscore models tiny``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json
from jumpscore.errors import UsageError
from jumpscore.harness.config import validated


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

    options = validated(TinyOptions, key_values(overrides or []), where="")
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


def key_values(words: Sequence[str]) -> dict[str, Any]:
    """Return ``a=1 b.c=x`` as nested plain data; values are read as YAML.

    >>> key_values(["seed=1", "vision.hidden_size=128"])
    {'seed': 1, 'vision': {'hidden_size': 128}}

    Raises:
        UsageError: A word is not ``key=value``.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    for word in words:
        if "=" not in word or word.startswith("="):
            raise UsageError(f"{word!r} is not key=value; write, for instance, seed=1")
    try:
        plain = OmegaConf.to_container(OmegaConf.from_dotlist(list(words)), resolve=False)
    except (OmegaConfBaseException, YAMLError, AttributeError, ValueError) as error:
        raise UsageError(f"{' '.join(words)}: cannot be read ({error})") from None
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
