"""lmms-eval from both sides: models of this package inside it, and data sets exported to it.

With ``lmms-eval --model jumpscore``, lmms-eval provides the documents and scores the answers; in
between, the harness prepares and asks as in any run. ``export`` writes a data set as an external
task of lmms-eval. Only ``manifests`` and the module ``model`` import lmms-eval.
"""

from __future__ import annotations

from typing import Any


def manifests() -> list[Any]:
    """Return the models to register, for the entry point ``lmms_eval.models`` of lmms-eval."""
    from lmms_eval.models.registry_v2 import ModelManifest

    path = "jumpscore.lmms.model.JumpScoreModel"
    return [ModelManifest(model_id="jumpscore", chat_class_path=path)]
