"""How far a video is from the clips that a checkpoint was trained on.

The vision tower's last layer but one gives a mean and a standard deviation per channel for every
video. Those of the training clips are described by a normal distribution: principal axes that
explain most of the variance, and one variance for all other directions (probabilistic PCA; Tipping
and Bishop 1999). The distance of a video is Mahalanobis's, as Lee et al. 2018 use it to recognise
foreign inputs; its limit is a quantile of the distances of held-out clips, which the model was not
trained on either. Visual tokens themselves, of which training bounds the length, separate real
footage from rendered clips worse than that layer, and so do the layers before it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from model_wrappers.checkpoints import one_line, read_settings
from model_wrappers.llava_onevision2.inputs import Pictures

FILE = "familiarity.json"
"""Optional file of a checkpoint folder."""
UNFAMILIAR = "video unlike the training clips of the checkpoint"
"""Note of a response."""
SHARE = 0.99
"""Share of held-out clips within the limit."""
EXPLAINED = 0.95
"""Share of the variance along the principal axes."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Familiarity:
    """The distribution of training clips.

    Attributes:
        mean: Mean of the features, [features].
        axes: Principal axes, orthonormal rows [axes, features].
        variances: Variances along them, [axes].
        rest: Variance along every other direction.
        limit: Largest distance of a familiar video.
    """

    mean: Floats
    axes: Floats
    variances: Floats
    rest: float
    limit: float

    def distance(self, features: Floats) -> float:
        """Return Mahalanobis's distance of a video's features, [features]."""
        centred = features - self.mean
        along = self.axes @ centred
        across = centred - along @ self.axes
        squared = float(np.sum(along**2 / self.variances) + across @ across / self.rest)
        return float(np.sqrt(squared))


def features_of(model: Any, pictures: Pictures) -> Floats:
    """Return the features of a video, [2 width]: means and standard deviations over its patches.

    Args:
        model: The whole model.
        pictures: Frames or canvases of the video, as its prompt has them.
    """
    import torch

    from model_wrappers.llava_onevision2.modeling import VISUAL_INPUTS
    from model_wrappers.llava_onevision2.pixels import visual_inputs

    inputs, tower = visual_inputs([pictures]), model.model.visual
    outputs = []  # one per pass of the tower
    layer = tower.encoder.layers[max(0, len(tower.encoder.layers) - 2)]
    hook = layer.register_forward_hook(
        lambda _layer, _inputs, output: outputs.append(output.flatten(0, -2))
    )
    try:
        with torch.inference_mode():
            tower(*(inputs[name].to(model.device) for name in VISUAL_INPUTS))
    finally:
        hook.remove()
    values = torch.cat(outputs).float().cpu().numpy().astype(np.float64)
    return np.concatenate([values.mean(0), values.std(0)])


def fit_familiarity(training: Floats, held_out: Floats) -> Familiarity:
    """Return the distribution of training clips, with its limit from held-out ones.

    Args:
        training: Features of training clips, [clips, features]; at least 2.
        held_out: Features of others, [clips, features]; at least 1.
    """
    mean = training.mean(0)
    _, spread, axes = np.linalg.svd(training - mean, full_matrices=False)
    variances = spread**2 / (len(training) - 1)
    explained = np.cumsum(variances) / variances.sum()
    count = 1 + int(np.searchsorted(explained, EXPLAINED))
    left = len(mean) - count
    rest = float(variances[count:].sum() / left) if left else 0.0
    unlimited = Familiarity(mean, axes[:count], variances[:count], max(rest, 1e-12), np.inf)
    distances = [unlimited.distance(features) for features in held_out]
    limit = float(np.quantile(distances, SHARE))
    return Familiarity(mean, unlimited.axes, unlimited.variances, unlimited.rest, limit)


def write_familiarity(folder: Path, familiarity: Familiarity) -> None:
    """Write it into a checkpoint folder."""
    values = {
        field.name: _rounded(np.asarray(getattr(familiarity, field.name)))
        for field in fields(familiarity)
    }
    (folder / FILE).write_text(json.dumps(values) + "\n", encoding="utf-8")


def read_familiarity(folder: Path) -> Familiarity | None:
    """Return that of a checkpoint folder, or ``None`` if it has none.

    Raises:
        DataError: The file is malformed.
    """
    if not (folder / FILE).is_file():
        return None
    values = read_settings(folder / FILE)
    try:
        mean, axes, variances = (
            np.asarray(values[name], dtype=np.float64) for name in ("mean", "axes", "variances")
        )
        rest, limit = (float(values[name]) for name in ("rest", "limit"))
        shapes = (mean.shape, axes.shape, variances.shape)
        expected = ((mean.size,), (len(variances), mean.size), (len(variances),))
        positive = np.all(variances > 0) and rest > 0 and limit > 0
        if shapes != expected or not positive or not np.isfinite(axes).all():
            raise ValueError(f"shapes {shapes}, rest {rest}, limit {limit}")
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder / FILE}: cannot be read ({one_line(error)}); copy the checkpoint again"
        ) from None
    return Familiarity(mean, axes, variances, rest, limit)


def _rounded(values: Floats) -> Any:
    """Return numbers of six digits, as nested lists."""
    if values.ndim:
        return [_rounded(one) for one in values]
    return float(f"{values:.6g}")
