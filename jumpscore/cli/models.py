"""``jumpscore models tiny`` and ``jumpscore serve``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jumpscore.cli.console import notes, output, print_json
from jumpscore.errors import NoAnswerError, UsageError
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.config import validated
from jumpscore.harness.factory import make_model


def write_tiny_checkpoint(out: Path, words: Sequence[str], *, as_json: bool) -> None:
    """Write a random checkpoint and say what it is."""
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny
    from model_wrappers.transformers.wrapper import require_packages

    options = validated(TinyOptions, key_values(words), where="")
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


def serve_model(words: Sequence[str]) -> None:
    """Start a model's server, say where it is, and watch it until Ctrl-C.

    Raises:
        UsageError: The model is not one that is served.
        NoAnswerError: The server died.
    """
    options = dict(run_config(compose(words)).model)
    wrapper = make_model(options.pop("name"), options)
    start: Any = getattr(wrapper, "serve", None)
    if start is None:
        raise UsageError(f"model {wrapper.name!r} is not served; write model=vllm")
    notes().print("starting; this takes a minute or more", style="dim")
    try:
        server = start()
        output().print(f"{server.url}/v1", soft_wrap=True)
        checkpoint = options.get("checkpoint")
        notes().print(
            f"use it: jumpscore run model={wrapper.name} model.checkpoint={checkpoint} "
            f"model.base_url={server.url}/v1\nlog: {server.log}; Ctrl-C stops it",
            style="dim",
            soft_wrap=True,
        )
        while server.alive():
            time.sleep(0.5)
        raise NoAnswerError(f"the server ended; the end of its log:\n{server.log_end()}")
    except KeyboardInterrupt:
        notes().print("stopped", style="dim")
    finally:
        wrapper.close()


def key_values(words: Sequence[str]) -> dict[str, Any]:
    """Return ``a=1 b.c=x`` as nested plain data; values are read as YAML.

    >>> key_values(["seed=1", "vision.hidden_size=128"])
    {'seed': 1, 'vision': {'hidden_size': 128}}

    Raises:
        UsageError: A word is no ``key=value``.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    for word in words:
        if "=" not in word or word.startswith("="):
            raise UsageError(f"{word!r} is no key=value; write, for instance, seed=1")
    try:
        plain = OmegaConf.to_container(OmegaConf.from_dotlist(list(words)), resolve=False)
    except (OmegaConfBaseException, YAMLError, AttributeError, ValueError) as error:
        raise UsageError(f"{' '.join(words)}: cannot be read ({error})") from None
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
