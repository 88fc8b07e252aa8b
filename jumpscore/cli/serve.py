"""``jumpscore serve``."""

from __future__ import annotations

import os
import time
from typing import Any

from jumpscore.cli.console import notes, output
from jumpscore.cli.options import Overrides
from jumpscore.errors import NoAnswerError, UsageError
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import model_of_config


def serve_model(overrides: Overrides = None) -> None:
    """Start a model's server, print its address, and watch it until Ctrl-C.

    Raises:
        UsageError: The model is not one that is served.
        NoAnswerError: The server died.
    """
    config = run_config(compose(overrides or []))
    wrapper = model_of_config(config)
    served: Any = wrapper
    if not hasattr(wrapper, "serve"):
        raise UsageError(f"model {wrapper.name!r} is not served; write model=vllm")
    notes().print("starting; this takes a minute or more", style="dim")
    try:
        server = served.serve()
        output().print(f"{server.url}/v1", soft_wrap=True)
        checkpoint = config.model.get("checkpoint")
        variable = served.options.api_key_env
        if (
            os.environ.get(variable, "").strip() != server.token
        ):  # one of the user's own is not shown
            notes().print(f"export {variable}={server.token}", style="dim", soft_wrap=True)
        notes().print(
            f"use it: jumpscore run model={wrapper.name} model.checkpoint={checkpoint} "
            f"model.base_url={server.url}/v1"
            + ("" if variable == "VLLM_API_KEY" else f" model.api_key_env={variable}")
            + f"\nlog: {server.log}; Ctrl-C stops it",
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
