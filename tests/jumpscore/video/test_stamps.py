from __future__ import annotations

import numpy as np
import pytest

from jumpscore.errors import UsageError
from jumpscore.video import VisualInput, probe, uniform_frames
from jumpscore.video.stamps import default_policy
from jumpscore.video.visual_input import whole_frames
from tests.support import write_video


def canvases(blocks, **fields) -> VisualInput:
    blocks = np.asarray(blocks, dtype=np.int32)
    used = np.unique(blocks[..., 0])
    used = used[used >= 0]
    settings = {
        "kind": "codec",
        "path": None,
        "width": blocks.shape[2] * 28,
        "height": blocks.shape[1] * 28,
        "blocks": blocks,
        "frame_indices": tuple(used.tolist()),
        "times": tuple((used / 25).tolist()),
        "fps": 25.0,
        "decimals": 2,
    }
    return VisualInput(**settings | fields)


def test_stamps_of_canvas_one_per_run_of_blocks():
    # Two canvases of 1 x 3 blocks: frame 0, then 5 5 10 | 10 10 250; the run of 10 continues.
    visual = canvases(
        [
            [[(0, 0, 0), (0, 0, 1), (0, 0, 2)]],
            [[(5, 0, 1), (5, 0, 2), (10, 0, 0)]],
            [[(10, 0, 1), (10, 0, 2), (250, 0, 0)]],
        ]
    )
    assert [(stamp.frame, stamp.visual_tokens) for stamp in visual.stamps] == [
        (0, 3),
        (5, 2),
        (10, 3),
        (250, 1),
    ]
    assert visual.stamp_texts == (
        "<0.00 seconds>",
        "<0.20 seconds>",
        "<0.40 seconds>",
        "<10.00 seconds>",
    )
    # Under Qwen's tokenizer: "<" "0" "." "0" "0" " seconds" ">", two markers, a newline: 10.
    assert visual.text_tokens == 10 + 10 + 10 + 11
    assert visual.visual_tokens == 9
    assert visual.total_tokens == 50


def test_stamps_skip_black_blocks():
    visual = canvases([[[(3, 0, 0), (-1, -1, -1), (3, 0, 1)]]])
    assert [(stamp.frame, stamp.visual_tokens) for stamp in visual.stamps] == [(3, 1), (3, 1)]
    assert (visual.patch_positions.reshape(2, 6, 3)[:, 2:4] == -1).all()


def test_patch_positions_of_moved_block():
    visual = canvases([[[(7, 4, 2), (7, 0, 0)]]])
    assert visual.patch_positions.tolist() == [
        [7, 8, 4],
        [7, 8, 5],
        [7, 0, 0],
        [7, 0, 1],
        [7, 9, 4],
        [7, 9, 5],
        [7, 1, 0],
        [7, 1, 1],
    ]


def test_stamps_of_repeated_frame():
    visual = canvases(
        whole_frames([4, 4], width=56, height=28), kind="frames", frame_indices=(4,), times=(0.16,)
    )
    assert [stamp.visual_tokens for stamp in visual.stamps] == [2, 2]


@pytest.mark.parametrize(
    ("decimals", "text", "tokens"), [(1, "<3.2 seconds>", 8), (2, "<3.24 seconds>", 9)]
)
def test_stamp_text_decimals(tmp_path, decimals, text, tokens):
    video = write_video(tmp_path / "a.mp4", frames=82)
    visual = uniform_frames(video, count=2).changed(decimals=decimals)
    assert visual.stamp_texts[1] == text
    assert visual.text_tokens == 2 * tokens


def test_visual_input_rejects_invalid_decimals():
    with pytest.raises(UsageError, match="decimals=9 is out of range; give 0 to 3"):
        canvases([[[(0, 0, 0)]]], decimals=9)


class TestPolicy:
    def test_default_policy_constant_rate_is_released(self, tmp_path):
        visual = uniform_frames(write_video(tmp_path / "a.mp4", frames=50), count=10)
        assert visual.time_policy == "released"
        assert visual.notes == ()
        stated = [stamp.seconds for stamp in visual.stamps]
        np.testing.assert_allclose(stated, visual.times, atol=0.02)

    def test_default_policy_variable_rate_is_pts(self, tmp_path):
        times = [0.04 * k if k < 20 else 0.8 + 0.2 * (k - 20) for k in range(40)]
        video = write_video(tmp_path / "a.mp4", frames=40, times=times)
        visual = uniform_frames(video, count=8)
        assert visual.time_policy == "pts"
        assert "frame rate varies" in visual.notes[0]
        assert [stamp.seconds for stamp in visual.stamps] == list(visual.times)
        # The stamp of the released model would be off by more than a second.
        wrong = [stamp.seconds for stamp in visual.changed(time_policy="released").stamps]
        assert max(abs(a - b) for a, b in zip(wrong, visual.times, strict=True)) > 1.0

    def test_default_policy_late_start_is_pts(self, tmp_path):
        # Sound from 0 s, pictures from 1 s: frame 0 is shown at 1 s.
        video = write_video(tmp_path / "a.mkv", frames=25, times=[k / 25 for k in range(25)])
        info = probe(video)
        late = type(info)(**{**vars(info), "times": info.times + 1.0})
        policy, note = default_policy(late)
        assert policy == "pts"
        assert "starts at 1.00 s" in note

    def test_default_policy_single_frame(self, tmp_path):
        visual = uniform_frames(write_video(tmp_path / "a.mp4", frames=1), count=4)
        assert [stamp.seconds for stamp in visual.stamps] == [0.0]
