from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jumpscore.errors import DataError
from jumpscore.video import TokenGrid, codec_canvases, uniform_frames
from model_wrappers.llava_onevision2.inputs import (
    block_order,
    codec_pictures,
    cut_patches,
    frame_pictures,
    image_pictures,
)


def slow_patches(pictures, patch=14, merge=2):
    """Patches in block order with plain loops; each patch is channel, row, column."""
    side = patch * merge
    rows = []
    for picture in pictures:
        height, width, _ = picture.shape
        for block_row in range(height // side):
            for block_column in range(width // side):
                for row in range(merge):
                    for column in range(merge):
                        top = block_row * side + row * patch
                        left = block_column * side + column * patch
                        cut = picture[top : top + patch, left : left + patch]
                        rows.append([cut[y, x, c] for c in range(3) for y in range(patch)
                                     for x in range(patch)])  # fmt: skip
    return np.array(rows, dtype=np.uint8)


def slow_places(height, width):
    return [
        (2 * block_row + row, 2 * block_column + column)
        for block_row in range(height // 28)
        for block_column in range(width // 28)
        for row in range(2)
        for column in range(2)
    ]


@pytest.mark.parametrize(("patch", "merge"), [(14, 2), (16, 3), (16, 2)])
def test_cut_patches_block_order(patch, merge):
    side = patch * merge
    shape = (2, 2 * side, 3 * side, 3)
    pictures = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    cut = cut_patches(pictures, TokenGrid(side, merge))
    assert np.array_equal(cut, slow_patches(pictures, patch, merge))


def test_cut_patches_odd_sizes():
    with pytest.raises(DataError, match="pictures of 30x28"):
        cut_patches(np.zeros((1, 28, 30, 3), dtype=np.uint8))


def test_block_order_is_a_permutation():
    values = np.arange(3 * 4 * 6 * 2).reshape(3, 4, 6, 2)
    assert sorted(block_order(values).ravel()) == list(range(values.size))


def test_image_pictures_grid_and_positions():
    images = [np.zeros((56, 28, 3), np.uint8), np.zeros((28, 84, 3), np.uint8)]
    pictures = image_pictures(images)
    assert pictures.grid.tolist() == [[1, 4, 2], [1, 2, 6]]
    assert pictures.positions[:, 0].tolist() == [0] * 20
    assert list(map(tuple, pictures.positions[:, 1:])) == slow_places(56, 28) + slow_places(28, 84)
    assert pictures.runs == (("", 2, ""), ("", 3, ""))


def test_frame_pictures_grid_and_runs(clip):
    visual = uniform_frames(clip, count=4, max_pixels=10_000)
    pictures = frame_pictures(visual)
    count, rows, columns = visual.grid
    assert pictures.grid.tolist() == [[1, rows, columns]] * count
    assert set(pictures.positions[:, 0].tolist()) == {0}
    assert list(map(tuple, pictures.positions[:, 1:])) == slow_places(84, 112) * 4
    # 100 frames at 25 per second: 0, 33, 66, 99.
    stamps = ["<0.0 seconds>", "<1.3 seconds>", "<2.6 seconds>", "<4.0 seconds>"]
    assert pictures.runs == tuple((stamp, 12, "") for stamp in stamps)
    assert pictures.visual_tokens == visual.visual_tokens == 48
    by_index = frame_pictures(visual, positions="source").positions
    assert by_index[:, 0].reshape(4, -1)[:, 0].tolist() == [0, 33, 66, 99]
    assert np.array_equal(by_index[:, 1:], pictures.positions[:, 1:])


def test_codec_pictures_grid_and_positions(clip):
    visual = codec_canvases(clip, canvases=8, max_pixels=10_000)
    pictures = codec_pictures(visual)
    count, rows, columns = visual.grid
    assert pictures.grid.tolist() == [[count, rows, columns]]
    blocks = visual.blocks.reshape(-1, 3)
    for place, (frame, row, column) in enumerate(pictures.positions.tolist()):
        source, block_row, block_column = blocks[place // 4]
        inside = divmod(place % 4, 2)
        assert frame == source
        assert (row, column) == (2 * block_row + inside[0], 2 * block_column + inside[1])
    assert sum(tokens for _, tokens, _ in pictures.runs) == pictures.visual_tokens
    assert {after for _, _, after in pictures.runs} == {"\n"}


def test_codec_pictures_pixels_match_positions(clip):
    """Canvases and frames agree: the same source patch has the same bytes and coordinates."""
    canvases = codec_pictures(codec_canvases(clip, canvases=8, max_pixels=10_000))
    count = len(np.unique(canvases.positions[:, 0]))
    visual = uniform_frames(clip, count=100, max_pixels=10_000)
    frames = frame_pictures(visual, positions="source")
    known = {tuple(at): patch for at, patch in zip(frames.positions, frames.patches, strict=True)}
    assert count > 8
    for at, patch in zip(canvases.positions, canvases.patches, strict=True):
        assert np.array_equal(patch, known[tuple(at)])


def test_codec_pictures_whole_frame_equals_the_frame(clip):
    """Both where both must agree: patches, places, time, grid row, and the stamp before."""
    frames = uniform_frames(clip, count=2, max_pixels=10_000)
    one = replace(
        frames, blocks=frames.blocks[1:], frame_indices=(99,), times=frames.times[1:], decimals=2
    )
    canvas = codec_pictures(replace(one, kind="codec"))
    frame = frame_pictures(one, positions="source")
    assert np.array_equal(canvas.patches, frame.patches)
    assert np.array_equal(canvas.positions, frame.positions)
    assert np.array_equal(canvas.grid, frame.grid)
    assert [run[:2] for run in canvas.runs] == [run[:2] for run in frame.runs]


def blackened(visual, canvas, places):
    blocks = visual.blocks.copy()
    blocks[canvas].reshape(-1, 3)[:places] = -1
    return replace(visual, blocks=blocks)


def test_codec_pictures_padding_is_left_out(clip):
    visual = codec_canvases(clip, canvases=8, max_pixels=10_000)
    padded = blackened(visual, 7, 12)
    pictures = codec_pictures(padded)
    assert pictures.grid[0, 0] == 7
    assert pictures.visual_tokens == padded.visual_tokens == 7 * 12
    assert (pictures.positions >= 0).all()


def test_codec_pictures_partly_filled_or_empty(clip):
    visual = codec_canvases(clip, canvases=8, max_pixels=10_000)
    with pytest.raises(DataError, match=r"canvas 3 has 5 blocks without a source"):
        codec_pictures(blackened(visual, 3, 5))
    with pytest.raises(DataError, match="all 8 canvases are padding"):
        codec_pictures(replace(visual, blocks=np.full_like(visual.blocks, -1)))
