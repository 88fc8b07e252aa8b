"""SAM 2.1 on a CUDA device, in bfloat16, gives the masks of the CPU but for few pixels."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


def test_sam2_gpu_masks_equal_cpu(tmp_path):
    from evaluators.tracking import decode_masks
    from evaluators.tracking.sam2 import Sam2
    from jumpscore.video.encode import write_video
    from tests.tiny_sam2 import tiny_sam2

    checkpoint = tiny_sam2(tmp_path / "sam2")
    pictures = np.random.default_rng(0).integers(0, 256, (8, 64, 96, 3)).astype(np.uint8)
    write_video(tmp_path / "v.mp4", pictures, fps=6)
    prompts = {2: {0: [(20.0, 30.0)], 1: [(70.0, 40.0)]}, 5: {1: [(74.0, 40.0)]}}
    masks = []
    for device in ("cpu", "auto"):
        segmenter = Sam2(checkpoint=str(checkpoint), revision=None, device=device)
        rles = segmenter.segment(tmp_path / "v.mp4", prompts, width=96, height=64, frames=8, fps=6)
        masks.append(decode_masks(rles, height=64, width=96))
    assert (masks[0] == masks[1]).mean() > 0.97
