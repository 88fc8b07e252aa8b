"""SAM 2.1 on a tiny random checkpoint and real frames, against transformers used by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import jumpscore
from evaluators.tracking import decode_masks
from evaluators.tracking.parsing import parse_tracks
from evaluators.tracking.reference import parse_tracks_reference
from evaluators.tracking.sam2 import CHECKPOINT, Sam2, read_frames
from evaluators.tracking.segmenters import MOST_OBJECTS, prompts_of, prompts_reference
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import score_run
from jumpscore.video.encode import write_video

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.tiny_sam2 import SIDE, tiny_sam2  # noqa: E402 - needs both

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "tracking_golden.json").read_text())
FRAMES, WIDTH, HEIGHT = 9, 96, 64
SIZE = {"width": WIDTH, "height": HEIGHT, "frames": FRAMES}
PROMPTS = {2: {0: [(20.0, 30.0)], 1: [(70.5, 40.0)]}, 6: {1: [(74.0, 40.0)], 2: [(5.0, 60.0)]}}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Several threads of several test processes wait for each other: thirty times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_sam2(tmp_path_factory.mktemp("sam2"))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    generator = np.random.default_rng(0)
    ground = generator.integers(60, 160, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    pictures = []
    for frame in range(FRAMES):
        picture = ground.copy()
        picture[20:40, 10 + 4 * frame : 30 + 4 * frame] = (200, 40, 40)
        pictures.append(picture)
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    assert write_video(path, pictures, fps=6) == FRAMES
    return path


@pytest.fixture(scope="module")
def segmenter(checkpoint):
    return Sam2(checkpoint=str(checkpoint), revision=None, device="cpu")


def by_hand(segmenter, video, prompts, order) -> np.ndarray:
    """Masks [T, H, W] by one call of the model per (frame, backwards) of ``order``.

    Points go in through transformers' own processor, made without its picture half, which needs
    torchvision.
    """
    from transformers import Sam2VideoProcessor

    processor = Sam2VideoProcessor.__new__(Sam2VideoProcessor)
    processor.target_size, processor.point_pad_value = SIDE, -10
    model, _ = segmenter._model
    masks = np.zeros((FRAMES, HEIGHT, WIDTH), dtype=bool)
    with torch.inference_mode():
        session = segmenter._session(video, **SIZE, fps=6)
        for frame, backwards in order:
            if frame in prompts and not backwards:
                objects = prompts[frame]
                processor.add_inputs_to_inference_session(
                    session,
                    frame_idx=frame,
                    obj_ids=list(objects),
                    input_points=[[[list(p) for p in points] for points in objects.values()]],
                    input_labels=[[[1] * len(points) for points in objects.values()]],
                )
            logits = model(session, frame_idx=frame, reverse=backwards).pred_masks
            large = torch.nn.functional.interpolate(
                logits, (HEIGHT, WIDTH), mode="bilinear", align_corners=False
            )
            masks[frame] = (large.amax(dim=(0, 1)) > 0).numpy()
    return masks


def test_segment_equals_transformers(segmenter, video):
    # From each prompt to just before the next, the last to the end, then back from the first.
    order = [(f, False) for f in (2, 3, 4, 5, 6, 7, 8)] + [(f, True) for f in (2, 1, 0)]
    expected = by_hand(segmenter, video, PROMPTS, order)
    rles = segmenter.segment(video, PROMPTS, **SIZE, fps=6)
    result = decode_masks(rles, height=HEIGHT, width=WIDTH)
    np.testing.assert_array_equal(result, expected)
    assert 0.01 < expected.mean() < 0.99
    # The order matters, so the equality above is meaningful.
    straight = by_hand(segmenter, video, PROMPTS, order[:7])
    assert (straight[2] != expected[2]).any()


@pytest.fixture
def visited(segmenter, monkeypatch):
    """(frame, backwards) of every call of the model, in order."""
    model, _ = segmenter._model
    forward, result = type(model).forward, []

    def watched(self, inference_session, frame_idx=None, *rest, reverse=False, **facts):
        result.append((frame_idx, reverse))
        return forward(self, inference_session, frame_idx, *rest, reverse=reverse, **facts)

    monkeypatch.setattr(type(model), "forward", watched)
    return result


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([0], [(f, False) for f in range(9)]),
        ([8], [(8, False), *((f, True) for f in range(8, -1, -1))]),
        ([0, 1, 5], [(f, False) for f in range(9)]),
        ([3, 4], [*((f, False) for f in range(3, 9)), *((f, True) for f in (3, 2, 1, 0))]),
    ],
)
def test_segment_visits_frames_like_the_public_code(segmenter, video, visited, starts, expected):
    segmenter.segment(video, {start: {0: [(20.0, 30.0)]} for start in starts}, **SIZE, fps=6)
    assert visited == expected


def test_prompts_equal_the_public_code(segmenter, visited, tmp_path):
    golden = GOLDEN["propagation"]
    size = {"width": 854, "height": 480}
    frames = golden["num_frames"]
    text = 'coords="0.5 0 100 200; 1 0 150 250 1 1000 1000; 9 0 10 10"'
    tracks = parse_tracks_reference(text, **size, fps=6)
    prompts = prompts_reference(tracks, **size, frames=frames)
    query = {
        (frame, str(name)): points for frame, of in prompts.items() for name, points in of.items()
    }
    published = {(frame, name): points for (frame, name), points in golden["prompt_map"]}
    assert query.keys() == published.keys()
    for place, points in published.items():
        np.testing.assert_allclose(query[place], points, atol=1e-9)
    grey = np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)
    write_video(tmp_path / "v.mp4", [grey] * frames, fps=6)
    segmenter.segment(tmp_path / "v.mp4", prompts, **size, frames=frames, fps=6)
    passes = [call[1:] for call in golden["calls"] if call[0] == "propagate"]
    assert visited == [
        (start - step if backwards else start + step, backwards)
        for start, most, backwards in passes
        for step in range(most + 1)
    ]


def test_segment_resizes_and_scales_frames(segmenter, video):
    from PIL import Image

    session = segmenter._session(video, **SIZE, fps=6)
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    for place, picture in read_frames(video, frames=FRAMES, fps=6, size=(WIDTH, HEIGHT)):
        small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        expected = (np.asarray(small) / 255 - mean) / deviation
        result = session.get_frame(place).permute(1, 2, 0).numpy()
        assert np.abs(result - expected).max() <= 1.01 / 255 / 0.224


def test_read_frames_takes_the_nearest_frames(tmp_path):
    """A video at 12 per second has every frame twice; a short one is an error."""
    pictures = [np.full((32, 32, 3), 20 * (n // 2), dtype=np.uint8) for n in range(12)]
    write_video(tmp_path / "v.mp4", pictures, fps=12)
    result = list(read_frames(tmp_path / "v.mp4", frames=6, fps=6, size=(32, 32)))
    assert [place for place, _ in result] == list(range(6))
    for place, picture in result:
        assert abs(float(picture.mean()) - 20 * place) < 4
    with pytest.raises(
        DataError, match=r"is 1\.00 s long, but 9 frames at 6 per second need 1\.50"
    ):
        list(read_frames(tmp_path / "v.mp4", frames=9, fps=6, size=(32, 32)))


def test_prompts_of_and_prompts_reference():
    text = 'coords="0 a 1 1; 0 7 1000 500 9 0 0; 0.2 9 500 500; 5 7 100 100 7 200 200; 6 7 300 300"'
    video = {"width": 101, "height": 51, "fps": 6}
    size = {"width": 101, "height": 51, "frames": 3}
    prompts, left = prompts_of(parse_tracks(text, **video), **size)
    # The far edge is moved onto the last pixel.
    assert prompts == {0: {0: [(100.0, 25.5)], 1: [(0.0, 0.0)]}, 1: {1: [(50.5, 25.5)]}}
    assert left == {"points after the last frame": 2}
    public = prompts_reference(parse_tracks_reference(text, **video), **size)
    assert np.allclose(public[2][0], [(10.1, 5.1), (30.3, 15.3)])
    # In whole numbers and within the video, both ask the same to the last bit.
    plain = 'coords="0 7 123 457 9 999 1; 0.333 9 500 500"'
    assert prompts_of(parse_tracks(plain, **video), **size) == (
        prompts_reference(parse_tracks_reference(plain, **video), **size),
        {},
    )
    many = " ".join(f"{n} 1 1" for n in range(MOST_OBJECTS + 5))
    prompts, left = prompts_of(parse_tracks(f'coords="0 {many}"', **video), **size)
    assert len(prompts[0]) == MOST_OBJECTS
    assert left == {f"points of objects beyond the first {MOST_OBJECTS}": 5}


def test_derivation_names_the_segmenter():
    from importlib.metadata import version

    segmenter = Sam2(checkpoint=None, revision="abc", device="cpu")
    assert segmenter.identity() == f"sam2 {CHECKPOINT}@abc, transformers {version('transformers')}"


def test_segment_reports_an_invalid_checkpoint_once(tmp_path, video):
    segmenter = Sam2(checkpoint=str(tmp_path), revision=None, device="cpu")
    for _ in range(2):
        with pytest.raises(UsageError, match=r"cannot be loaded.*task\.checkpoint"):
            segmenter.segment(video, PROMPTS, **SIZE, fps=6)
    with pytest.raises(ValueError, match="prompts in frames"):
        segmenter.segment(video, {FRAMES: {0: [(1.0, 1.0)]}}, **SIZE, fps=6)


def test_evaluate_derives_masks_once(checkpoint, tmp_path, monkeypatch):
    from tests.support import render_mini

    data = tmp_path / "set"
    data.mkdir()
    render_mini("mini_tracking", data)
    answers = tmp_path / "answers.jsonl"
    texts = {
        "shapes0-0": '<tracks coords="0.5 0 300 500; 1 0 400.5 500">x</tracks>',
        "shapes0-1": "none of it",
        "shapes0-2": '<tracks coords="">x</tracks>',
    }
    answers.write_text("".join(json.dumps({"id": k, "text": t}) + "\n" for k, t in texts.items()))
    run = jumpscore.evaluate(
        "replay",
        "tracking",
        model_options={"answers": str(answers)},
        task_options={"data": str(data), "segmenter": "sam2", "checkpoint": str(checkpoint)},
        run={"folder": str(tmp_path / "runs"), "ids": list(texts)},
    )
    assert run.result.counts["error"] == 0
    assert run.result.metrics["j_and_f"].n == 3
    by_id = {score.id: score.values for score in run.scores}
    assert 0 < by_id["shapes0-0"]["j_and_f"] < 1
    assert by_id["shapes0-1"]["j_and_f"] == 0.0
    lines = [json.loads(line) for line in (run.folder / "derived.jsonl").read_text().splitlines()]
    masks = {line["id"]: line["value"] for line in lines}
    assert "transformers" in lines[0]["by"]
    assert masks["shapes0-1"]["masks"] == masks["shapes0-2"]["masks"] == [None] * 24
    # The public code reads 400.5 as 400, so its prompts differ.
    assert "masks_reference" in masks["shapes0-0"]
    assert "masks_reference" not in masks["shapes0-2"]
    # Scored again, nothing is segmented again.
    monkeypatch.setattr(Sam2, "segment", None)
    assert score_run(run.folder).result == run.result


def test_segment_in_bfloat16_changes_few_pixels(segmenter, video, checkpoint, monkeypatch):
    """What a GPU computes in, here on a CPU: nothing in between refuses the type."""
    exact = decode_masks(
        segmenter.segment(video, PROMPTS, **SIZE, fps=6), height=HEIGHT, width=WIDTH
    )
    rough = Sam2(checkpoint=str(checkpoint), revision=None, device="cpu")
    half = torch.autocast("cpu", dtype=torch.bfloat16)
    monkeypatch.setattr(rough, "_autocast", lambda device: half)
    rles = rough.segment(video, PROMPTS, **SIZE, fps=6)
    assert (decode_masks(rles, height=HEIGHT, width=WIDTH) == exact).mean() > 0.97
