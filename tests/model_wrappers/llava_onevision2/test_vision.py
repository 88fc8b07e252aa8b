from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.errors import UsageError
from model_wrappers.llava_onevision2.windows import Window, cut_windows, passes
from tests.model_wrappers.llava_onevision2.slow_tower import tower as slow_tower

ROWS = [(1, 2, 4), (6, 4, 2), (1, 4, 4), (4, 2, 2), (9, 2, 2)]


def some_input(grid, seed=0, most=300):
    patches = sum(t * h * w for t, h, w in grid)
    rng = torch.Generator().manual_seed(seed)
    pixels = torch.randn(patches, 588, generator=rng)
    positions = torch.randint(0, most, (patches, 3), generator=rng)
    return pixels, torch.tensor(grid), positions


def alike(actual, expected, share=2e-5):
    """Equal but for float32: by a share of the largest value."""
    return (actual - expected).abs().max() <= share * expected.abs().max()


@pytest.fixture(scope="module")
def tower(model):
    return model.model.visual


def test_cut_windows_by_hand():
    grid = [(9, 2, 2), (1, 4, 2), (4, 2, 2)]
    assert cut_windows(grid, 4) == [
        Window(0, 16),
        Window(16, 16),
        Window(32, 4),  # the ninth canvas is alone
        Window(36, 8),
        Window(44, 16),
    ]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 11), st.integers(1, 4), st.integers(1, 4)), min_size=1),
    st.integers(1, 5),
    st.integers(1, 100),
)
def test_passes_cover_every_window_once(grid, size, most):
    windows = cut_windows(grid, size)
    at = 0
    for window in windows:
        assert window.start == at
        at += window.length
    assert at == sum(t * h * w for t, h, w in grid)
    seen = []
    for places in passes(windows, most):
        lengths = {windows[place].length for place in places}
        assert len(lengths) == 1
        assert len(places) == 1 or lengths.pop() * len(places) <= most
        seen += places
    assert sorted(seen) == list(range(len(windows)))


def test_vision_tower_equals_dense_masks(tower):
    pixels, grid, positions = some_input(ROWS)
    weights = {name: value.numpy() for name, value in tower.state_dict().items()}
    expected = slow_tower(
        weights, pixels.numpy(), ROWS, positions.tolist(), heads=2, layers=2, window=4
    )
    actual = tower(pixels, grid, positions).numpy()
    assert actual.shape == (len(pixels) // 4, 64)
    assert np.abs(actual - expected).max() < 2e-5 * np.abs(expected).max()


@pytest.mark.parametrize("most", [1, 16, 40, 10**6])
def test_vision_tower_most_patches_does_not_matter(tower, most):
    pixels, grid, positions = some_input(ROWS)
    whole = tower(pixels, grid, positions)
    assert alike(tower(pixels, grid, positions, most_patches=most), whole)


def test_vision_tower_eager_attention(model, tower):
    pixels, grid, positions = some_input(ROWS)
    by_sdpa = tower(pixels, grid, positions)
    attention = tower.encoder.layers[0].self_attn
    tower.config._attn_implementation = "eager"
    try:
        assert attention.config._attn_implementation == "eager"
        assert alike(tower(pixels, grid, positions), by_sdpa)
    finally:
        tower.config._attn_implementation = "sdpa"


def test_vision_tower_windows_are_independent(tower):
    """Row (6, 4, 2): canvases 0 to 3 are a window, 4 and 5 the next; other rows see nothing."""
    pixels, grid, positions = some_input(ROWS)
    changed = pixels.clone()
    changed[8 + 2 * 8] += 1.0  # canvas 2 of the second row
    differs = (tower(pixels, grid, positions) - tower(changed, grid, positions)).abs().sum(-1) > 0
    assert torch.nonzero(differs).flatten().tolist() == list(range(2, 2 + 4 * 2))


def test_vision_tower_batch_equals_single_rows(tower):
    pixels, grid, positions = some_input(ROWS)
    together = tower(pixels, grid, positions)
    at = 0
    for row in ROWS:
        length = row[0] * row[1] * row[2]
        here = slice(at, at + length)
        alone = tower(pixels[here], torch.tensor([row]), positions[here])
        assert alike(alone, together[at // 4 : (at + length) // 4])
        at += length


def test_vision_tower_canvases_equal_frames_for_windows_of_one(tower):
    """One canvas that is one whole frame is that frame: no other picture is in its window."""
    pixels, _, positions = some_input([(1, 4, 4)])
    canvas = tower(pixels, torch.tensor([[1, 4, 4]]), positions)
    frames = tower(
        torch.cat([pixels, pixels]), torch.tensor([[1, 4, 4]] * 2), torch.cat([positions] * 2)
    )
    assert alike(frames[:4], canvas)
    assert alike(frames[4:], canvas)
    # Two canvases in one row share a window, so that they are not two frames.
    shared = tower(
        torch.cat([pixels, pixels.flip(0)]), torch.tensor([[2, 4, 4]]), torch.cat([positions] * 2)
    )
    assert not alike(shared[:4], canvas, share=0.01)


def test_vision_tower_normalises_bytes(tower):
    rng = torch.Generator().manual_seed(3)
    raw = torch.randint(0, 256, (16, 588), generator=rng, dtype=torch.uint8)
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).repeat_interleave(196)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).repeat_interleave(196)
    grid, positions = torch.tensor([[1, 4, 4]]), torch.zeros(16, 3, dtype=torch.long)
    expected = tower((raw.float() / 255 - mean) / std, grid, positions)
    assert alike(tower(raw, grid, positions), expected)


def test_vision_tower_wrong_grid(tower):
    pixels, _, positions = some_input([(1, 4, 4)])
    with pytest.raises(UsageError, match=r"has 8 patches, but there are pixels of 16"):
        tower(pixels, torch.tensor([[1, 2, 4]]), positions)


def test_vision_tower_learns(tower):
    """Gradients reach the first layer through windows of several passes."""
    pixels, grid, positions = some_input([(6, 2, 2)])
    weight = tower.embeddings.patch_embedding.weight
    weight.requires_grad_(True)
    try:
        with torch.enable_grad():
            tower(pixels, grid, positions, most_patches=4).square().mean().backward()
        assert weight.grad is not None
        assert weight.grad.abs().sum() > 0
    finally:
        weight.requires_grad_(False)
        weight.grad = None
