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
    """Frames of 2 x 3 blocks whose luma tells which frame and block they are, without colour."""
    made = []
    for number, row in enumerate(scores):
        picture = np.zeros((56, 84, 3), dtype=np.uint8)
        for block in range(SIZE):
            top, left = block // 3 * 28, block % 3 * 28
            picture[top : top + 28, left : left + 28] = (luma_of(number, block), 128, 128)
        made.append(ScoredFrame(picture, np.asarray(row, dtype=np.float64), number in blank))
    return made


def filled(frames, canvases):
    store = Store(canvases, SHAPE)
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
def test_groups_partition_the_frames_and_deliver_exactly(rng, canvases, more):
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
    # Every block holds the pixels that its position promises.
    for (n, i, j), frame in np.ndenumerate(blocks[..., 0]):
        piece = pixels[n, i * 28 : i * 28 + 28, j * 28 : j * 28 + 28]
        luma = luma_of(int(frame), int(blocks[n, i, j, 1] * 3 + blocks[n, i, j, 2]))
        assert (np.abs(piece - (luma - 16) * 255 / 219) <= 0.7).all()  # fixed point inside


@given(random_scores, st.sampled_from([4, 8, 12, 20]))
def test_groups_have_8_to_128_frames_where_the_video_allows(rng, canvases):
    store, groups = plan(frames_of(rng.random((8 * canvases, SIZE))), canvases)
    for group in groups:
        frames = store.cells[group.stop - 1].stop - store.cells[group.start].start
        assert 8 <= frames <= 128


@given(random_scores, st.sampled_from([4, 6, 9, 16]))
def test_what_was_let_go_while_reading_would_not_have_been_chosen(rng, canvases):
    """Against choosing among all blocks of all frames of a group at once."""
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
        found = [
            (int(store.cells[cell].places[item]), int(store.cells[cell].blocks[item]))
            for cell, item in zip(picks.cells, picks.items, strict=True)
        ]
        assert found[:SIZE] == [(first, block) for block in range(SIZE)]
        assert found[SIZE:] == expected


def test_groups_are_short_where_much_happens():
    # 24 canvases, 192 frames, six groups; cells 10 to 13 are twice as lively as the rest.
    rng = np.random.default_rng(0)
    scores = rng.random((192, SIZE)) / 2
    scores[80:112] += 0.5
    _, groups = plan(frames_of(scores), 24)
    edges = [group.start for group in groups]
    # The lively ones get groups of 8 frames; the others share what is left.
    assert edges[2:] == [11, 12, 13, 14]
    assert 8 <= edges[1] <= 10


def test_groups_adapt_with_three_frames_per_canvas_too():
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
    """Of all cuts into groups: the highest threshold, the most shown within 5% of it."""
    n, most = len(tables[0].shown), tables[0].shown.shape[1] - 1
    cuts = [
        list(zip(tables, (0, *inner), (*inner, n), strict=True))
        for inner in combinations(range(1, n), len(tables) - 1)
        if all(b - a <= most for a, b in pairwise((0, *inner, n)))
    ]
    threshold = max(min(table.worth[a, b - a] for table, a, b in cut) for cut in cuts)
    good = [c for c in cuts if min(t.worth[a, b - a] for t, a, b in c) >= threshold * 0.95]
    return threshold, max(sum(table.shown[a, b - a] for table, a, b in cut) for cut in good)


def a_table(rng, n, images):
    shown = np.full((n, n + 1), -np.inf)
    for start in range(n):
        shown[start, 1 : n - start + 1] = np.sort(rng.random(n - start)) * (images > 1)
    worth = shown * rng.choice([1 / 3, 2 / 3, 1.0], shown.shape)
    if images == 1:
        worth = np.where(np.isfinite(shown), np.inf, -np.inf)
    return _Table(images, shown, worth)


@given(random_scores, st.integers(2, 9), st.integers(2, 4), st.integers(1, 4))
def test_the_cut_is_the_best_of_all(rng, n, count, left):
    whole = a_table(rng, n, 4)
    tables = [whole] * (min(count, n) - 1) + [whole if left == 4 else a_table(rng, n, left)]
    edges = _solve(tables)
    assert edges[0] == 0
    assert edges[-1] == n
    assert len(edges) == len(tables) + 1
    threshold, most = brute_force(tables)
    cut = list(zip(tables, edges, edges[1:], strict=False))
    assert min(table.worth[a, b - a] for table, a, b in cut) >= threshold * 0.95
    assert sum(table.shown[a, b - a] for table, a, b in cut) == pytest.approx(most, abs=1e-6)


@pytest.mark.parametrize("left", [1, 2, 3])
def test_a_last_group_with_fewer_canvases_stands_for_less(left):
    # Two whole groups and the rest: as lively all the time, and seven frames to a cell.
    store, groups = plan(frames_of(np.full((7 * (8 + left), SIZE), 0.5)), 8 + left)
    frames = [store.cells[group.stop - 1].stop - store.cells[group.start].start for group in groups]
    assert frames == [28, 28, 7 * left]


def test_a_last_canvas_alone_never_stands_for_what_others_could_show():
    rng = np.random.default_rng(0)
    _, groups = plan(frames_of(rng.random((59, SIZE))), 9)
    assert (groups[-1].start, groups[-1].stop, groups[-1].canvases) == (8, 9, 1)


@pytest.mark.parametrize(("canvases", "cells"), [(6, [4, 2]), (7, [4, 3]), (10, [4, 4, 2])])
def test_where_every_frame_is_as_lively_every_canvas_stands_for_as_much(canvases, cells):
    found = []
    for seed in range(20):
        scores = np.random.default_rng(seed).random((8 * canvases, SIZE)) * 0.1 + 0.5
        _, groups = plan(frames_of(scores), canvases)
        found.append([group.stop - group.start for group in groups])
    np.testing.assert_allclose(np.mean(found, axis=0), cells, atol=0.6)


def test_a_lively_end_gets_a_shorter_last_group():
    scores = np.full((8 * 22, SIZE), 0.3)
    scores[-48:] = np.random.default_rng(0).random((48, SIZE)) * 0.3 + 0.7
    _, groups = plan(frames_of(scores), 22)
    assert groups[-1].canvases == 2
    assert groups[-1].stop - groups[-1].start <= 2


def test_still_video_is_cut_evenly():
    _, groups = plan(frames_of(np.zeros((128, SIZE))), 16)
    assert [(group.start, group.stop) for group in groups] == [(0, 4), (4, 8), (8, 12), (12, 16)]
    _, groups = plan(frames_of(np.zeros((72, SIZE))), 9)
    assert [(group.start, group.stop) for group in groups] == [(0, 4), (4, 8), (8, 9)]


def test_the_first_frame_that_is_not_blank_is_shown_whole():
    # Blank: the whole first cell and the first two frames of the second.
    frames = frames_of(np.ones((32, SIZE)), blank=range(10))
    store, groups = plan(frames, 4)
    blocks, _ = store.lay_out(groups, np.arange(32))
    assert (blocks[0, ..., 0] == 10).all()
    assert 0 in blocks[1:, ..., 0], "blank frames still are candidates"


def test_all_blank_shows_the_first():
    store, groups = plan(frames_of(np.ones((32, SIZE)), blank=range(32)), 4)
    blocks, _ = store.lay_out(groups, np.arange(32))
    assert (blocks[0, ..., 0] == 0).all()


@pytest.mark.parametrize(
    ("frames", "canvases", "leads"),
    [
        (2, 1, [0]),  # one canvas: one frame whole
        (8, 1, [0]),
        (5, 4, [0]),  # groups of four frames where there are no eight
        (9, 8, [0, None]),
        (40, 5, [0, None]),  # the last group is cut to one canvas: its frame whole
    ],
)
def test_few_frames(frames, canvases, leads):
    store, groups = plan(frames_of(np.ones((frames, SIZE))), canvases)
    blocks, _ = store.lay_out(groups, np.arange(frames))
    assert len(blocks) == canvases
    assert len(groups) == len(leads)
    for number, lead in enumerate(leads):
        whole = blocks[4 * number, ..., 0]
        assert len(np.unique(whole)) == 1
        assert lead is None or whole[0, 0] == lead
