from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.video.codec.groups import _solve, _Table, best, cell_edges, make_groups, pick
from jumpscore.video.codec.packing import ScoredFrame, Store

SHAPE = (2, 3)
SIZE = 6


def luma_of(frame, block):
    return 16 + (frame * SIZE + block) * 37 % 219


def frames_of(scores, blank=()):
    """Frames of 2 x 3 blocks whose luma identifies frame and block; without colour."""
    frames = []
    for number, row in enumerate(scores):
        picture = np.zeros((56, 84, 3), dtype=np.uint8)
        for block in range(SIZE):
            top, left = block // 3 * 28, block % 3 * 28
            picture[top : top + 28, left : left + 28] = (luma_of(number, block), 128, 128)
        frames.append(ScoredFrame(picture, np.asarray(row, dtype=np.float64), number in blank))
    return frames


def filled(frames, canvases):
    store = Store(canvases, SHAPE, 28)
    for start, stop in pairwise(cell_edges(len(frames), canvases)):
        store.add(frames[start:stop])
    return store


def plan(frames, canvases):
    store = filled(frames, canvases)
    groups = make_groups(store.cells, canvases)
    return store, groups


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=30), st.integers(0, 32))
def test_best_is_a_stable_sort(scores, count):
    values = np.asarray(scores, dtype=np.float64)
    expected = sorted(sorted(range(len(scores)), key=lambda k: -scores[k])[:count])
    assert best(values, count).tolist() == expected


random_scores = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(random_scores, st.integers(1, 30), st.integers(0, 250))
def test_make_groups_partitions_frames_exactly(rng, canvases, more):
    count = min(canvases + 1 + more, 8 * canvases)
    if count <= canvases:
        return
    store, groups = plan(frames_of(rng.random((count, SIZE)).round(2)), canvases)
    assert sum(group.canvases for group in groups) == canvases
    assert [group.canvases for group in groups[:-1]] == [4] * (len(groups) - 1)
    assert groups[0].start == 0
    assert groups[-1].stop == canvases
    assert all(one.stop == other.start for one, other in pairwise(groups))
    blocks, pixels = store.lay_out(groups, np.arange(count))
    assert blocks.shape == (canvases, *SHAPE, 3)
    rows = blocks.reshape(-1, 3)
    assert len(np.unique(rows, axis=0)) == len(rows), "a block is shown twice"
    assert (rows >= 0).all()
    # Every block has the pixels of its position.
    for (n, i, j), frame in np.ndenumerate(blocks[..., 0]):
        piece = pixels[n, i * 28 : i * 28 + 28, j * 28 : j * 28 + 28]
        luma = luma_of(int(frame), int(blocks[n, i, j, 1] * 3 + blocks[n, i, j, 2]))
        assert (np.abs(piece - (luma - 16) * 255 / 219) <= 0.7).all()  # fixed point inside


@given(random_scores, st.sampled_from([4, 8, 12, 20]))
def test_make_groups_have_8_to_128_frames(rng, canvases):
    store, groups = plan(frames_of(rng.random((8 * canvases, SIZE))), canvases)
    for group in groups:
        frames = store.cells[group.stop - 1].stop - store.cells[group.start].start
        assert 8 <= frames <= 128


@given(random_scores, st.sampled_from([4, 6, 9, 16]))
def test_pick_equals_choice_among_all_blocks(rng, canvases):
    """Compared with a choice among all blocks of all frames of a group at once."""
    # Few different scores, so that many are equal and the order of ties counts.
    scores = rng.integers(0, 5, (8 * canvases, SIZE)) / 4
    store, groups = plan(frames_of(scores), canvases)
    for group in groups:
        first, last = store.cells[group.start].start, store.cells[group.stop - 1].stop
        everything = [
            (-scores[frame, block], frame, block)
            for frame in range(first, last)
            for block in range(SIZE)
            if frame != first
        ]
        expected = sorted((f, b) for _, f, b in sorted(everything)[: (group.canvases - 1) * SIZE])
        picks = pick(store.cells, group)
        chosen_blocks = [
            (int(store.cells[cell].places[item]), int(store.cells[cell].blocks[item]))
            for cell, item in zip(picks.cells, picks.items, strict=True)
        ]
        assert chosen_blocks[:SIZE] == [(first, block) for block in range(SIZE)]
        assert chosen_blocks[SIZE:] == expected


def test_make_groups_are_short_if_much_happens():
    # 24 canvases, 192 frames, six groups; in cells 10 to 13 twice as much happens.
    rng = np.random.default_rng(0)
    scores = rng.random((192, SIZE)) / 2
    scores[80:112] += 0.5
    _, groups = plan(frames_of(scores), 24)
    edges = [group.start for group in groups]
    # These get groups of 8 frames; the others share the rest.
    assert edges[2:] == [11, 12, 13, 14]
    assert 8 <= edges[1] <= 10


def test_make_groups_adapt_with_three_frames_per_canvas():
    rng = np.random.default_rng(0)
    scores = rng.random((96, SIZE)) / 2
    scores[48:72] += 0.5
    store, groups = plan(frames_of(scores), 32)
    lengths = [
        store.cells[group.stop - 1].stop - store.cells[group.start].start for group in groups
    ]
    assert min(lengths) >= 8
    assert len(set(lengths)) > 1


def brute_force(tables):
    """Return the highest threshold over all cuts, and the highest total within 5% of it."""
    n, most = len(tables[0].totals), tables[0].totals.shape[1] - 1
    cuts = [
        list(zip(tables, (0, *inner), (*inner, n), strict=True))
        for inner in combinations(range(1, n), len(tables) - 1)
        if all(b - a <= most for a, b in pairwise((0, *inner, n)))
    ]
    threshold = max(min(table.values[a, b - a] for table, a, b in cut) for cut in cuts)
    good = [c for c in cuts if min(t.values[a, b - a] for t, a, b in c) >= threshold * 0.95]
    return threshold, max(sum(table.totals[a, b - a] for table, a, b in cut) for cut in good)


def random_table(rng, n, images):
    totals = np.full((n, n + 1), -np.inf)
    for start in range(n):
        totals[start, 1 : n - start + 1] = np.sort(rng.random(n - start)) * (images > 1)
    values = totals * rng.choice([1 / 3, 2 / 3, 1.0], totals.shape)
    if images == 1:
        values = np.where(np.isfinite(totals), np.inf, -np.inf)
    return _Table(images, totals, values)


@given(random_scores, st.integers(2, 9), st.integers(2, 4), st.integers(1, 4))
def test_solve_equals_brute_force(rng, n, count, left):
    whole = random_table(rng, n, 4)
    tables = [whole] * (min(count, n) - 1) + [whole if left == 4 else random_table(rng, n, left)]
    edges = _solve(tables)
    assert edges[0] == 0
    assert edges[-1] == n
    assert len(edges) == len(tables) + 1
    threshold, most = brute_force(tables)
    cut = list(zip(tables, edges, edges[1:], strict=False))
    assert min(table.values[a, b - a] for table, a, b in cut) >= threshold * 0.95
    assert sum(table.totals[a, b - a] for table, a, b in cut) == pytest.approx(most, abs=1e-6)


@pytest.mark.parametrize("left", [1, 2, 3])
def test_make_groups_last_group_is_shorter_with_fewer_canvases(left):
    # Two full groups and the rest; the scores are constant, with seven frames per cell.
    store, groups = plan(frames_of(np.full((7 * (8 + left), SIZE), 0.5)), 8 + left)
    frames = [store.cells[group.stop - 1].stop - store.cells[group.start].start for group in groups]
    assert frames == [28, 28, 7 * left]


def test_make_groups_single_last_canvas_has_one_cell():
    rng = np.random.default_rng(0)
    _, groups = plan(frames_of(rng.random((59, SIZE))), 9)
    assert (groups[-1].start, groups[-1].stop, groups[-1].canvases) == (8, 9, 1)


@pytest.mark.parametrize(("canvases", "cells"), [(6, [4, 2]), (7, [4, 3]), (10, [4, 4, 2])])
def test_make_groups_constant_scores_give_equal_lengths(canvases, cells):
    lengths = []
    for seed in range(20):
        scores = np.random.default_rng(seed).random((8 * canvases, SIZE)) * 0.1 + 0.5
        _, groups = plan(frames_of(scores), canvases)
        lengths.append([group.stop - group.start for group in groups])
    np.testing.assert_allclose(np.mean(lengths, axis=0), cells, atol=0.6)


def test_make_groups_lively_end_gets_short_last_group():
    scores = np.full((8 * 22, SIZE), 0.3)
    scores[-48:] = np.random.default_rng(0).random((48, SIZE)) * 0.3 + 0.7
    _, groups = plan(frames_of(scores), 22)
    assert groups[-1].canvases == 2
    assert groups[-1].stop - groups[-1].start <= 2


def test_make_groups_still_video_is_cut_evenly():
    _, groups = plan(frames_of(np.zeros((128, SIZE))), 16)
    assert [(group.start, group.stop) for group in groups] == [(0, 4), (4, 8), (8, 12), (12, 16)]
    _, groups = plan(frames_of(np.zeros((72, SIZE))), 9)
    assert [(group.start, group.stop) for group in groups] == [(0, 4), (4, 8), (8, 9)]


def test_pick_shows_first_frame_that_is_not_blank():
    # Blank: the whole first cell and the first two frames of the second.
    frames = frames_of(np.ones((32, SIZE)), blank=range(10))
    store, groups = plan(frames, 4)
    blocks, _ = store.lay_out(groups, np.arange(32))
    assert (blocks[0, ..., 0] == 10).all()
    assert 0 in blocks[1:, ..., 0], "blank frames are still candidates"


def test_pick_shows_first_frame_if_all_are_blank():
    store, groups = plan(frames_of(np.ones((32, SIZE)), blank=range(32)), 4)
    blocks, _ = store.lay_out(groups, np.arange(32))
    assert (blocks[0, ..., 0] == 0).all()


@pytest.mark.parametrize(
    ("frames", "canvases", "leads"),
    [
        (2, 1, [0]),  # one canvas: one whole frame
        (8, 1, [0]),
        (5, 4, [0]),  # a group of four frames if there are not eight
        (9, 8, [0, None]),
        (40, 5, [0, None]),  # the last group has one canvas, a whole frame
    ],
)
def test_make_groups_few_frames(frames, canvases, leads):
    store, groups = plan(frames_of(np.ones((frames, SIZE))), canvases)
    blocks, _ = store.lay_out(groups, np.arange(frames))
    assert len(blocks) == canvases
    assert len(groups) == len(leads)
    for number, lead in enumerate(leads):
        whole = blocks[4 * number, ..., 0]
        assert len(np.unique(whole)) == 1
        assert lead is None or whole[0, 0] == lead
