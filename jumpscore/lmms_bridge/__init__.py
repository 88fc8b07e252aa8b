"""Models of this package inside lmms-eval: ``lmms-eval --model jumpscore``.

lmms-eval hands out documents and scores; in between, the harness prepares and asks as in any run.
Nothing here imports lmms-eval but ``manifests`` and the module ``model``, which only it imports.
"""

from __future__ import annotations

from typing import Any


def manifests() -> list[Any]:
    """Return what lmms-eval registers; its entry point ``lmms_eval.models`` calls this."""
    from lmms_eval.models.registry_v2 import ModelManifest

    path = "jumpscore.lmms_bridge.model.JumpScoreModel"
    return [ModelManifest(model_id="jumpscore", chat_class_path=path)]
