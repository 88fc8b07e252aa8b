from __future__ import annotations

import json

import numpy as np
import pytest

from evaluators.traces.task import Traces, TracesOptions
from jumpscore.records import Response
from tests.evaluators.traces.drawn import flat, score

SHAREROBOT = [[0.25, 0.5], [0.4, 0.45], [0.6, 0.3]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # FlagEvalMM 24655d2, for an image of 640 x 480.
        ("The path: [(0.25, 0.5), (0.4, 0.45), (0.6, 0.3)]", (0.67082039, 0.67082039, 0.55901699)),
        ("[[160, 240], [256, 216], [384, 144]]", (0.0, 0.0, 0.0)),
        ("[0.25, 0.5], [0.4, 0.45], [0.6, 0.3]", (0.0, 0.0, 0.0)),
        ("路径：[[0.5*320, 240], [256, 216], [384, 144]]", (0.0, 0.0, 0.0)),
        ("1. [0.25, 0.5]  # start\n2. [256, 0.45]\n3. [0.6, 144]", (0.0, 0.0, 0.0)),
    ],
)
def test_sharerobot_reference_equals_the_public_code(text, expected):
    result = score(flat("sharerobot", SHAREROBOT), text).values
    values = [result[f"{name}_2d_reference"] for name in ("dfd", "hd", "rmse")]
    assert values == [pytest.approx(value, abs=1e-8) for value in expected]


def test_sharerobot_reference_executes_nothing():
    result = score(flat("sharerobot", SHAREROBOT), "[[0.25, 0.5], [int(0.4), 0.45]]")
    assert result.values["dfd_2d_reference"] is None
    assert result.notes["answers that crash the public code, or that it executes as Python"] == 1


VABENCH = "<think><point>[[5, 5], [6, 6]]</point></think><answer><point>{}</point></answer>"


@pytest.mark.parametrize(
    ("text", "reasoning", "expected"),
    [
        ("<point>[[100, 110], [300, 110]</point>", False, 0.0),
        ("<point>[100, 110], [300, 110]</point>", False, 0.0),
        ("<point>[[100, 110], [300, 110]]</point>", True, None),
        (VABENCH.format("[[100, 110], [300, 110]]"), True, 0.0),
    ],
)
def test_vabench_reference_equals_the_public_code(text, reasoning, expected):
    goal = flat("vabench", [[100, 110], [300, 110]], convention="pixel")
    task = Traces(TracesOptions(data="none", reference_reasoning=reasoning))
    result = task.score(goal, Response("a", text)).values["rmse_999_reference"]
    assert result == (None if expected is None else pytest.approx(expected, abs=1e-9))


@pytest.mark.parametrize("text", ["<point>[['a', 1], [2, 3]]</point>", "<point>[[NaN, 1]]</point>"])
def test_vabench_reference_counts_dropped_answers(text):
    goal = flat("vabench", [[100, 110], [300, 110]], convention="pixel")
    result = score(goal, text)
    assert result.values["rmse_999_reference"] is None
    assert [note for note in result.notes if "the public script drops" in note]


@pytest.mark.parametrize(
    ("text", "parser", "points"),
    [
        ("```json\n[{0}]\n```", "text", 2),
        ("```json\n[{0}]\n```", "json", 0),
        ("```json\n[{0}]\n```", "auto", 2),
        ("```JSON\n[{1}]\n```", "auto", 2),
        ("```\n[{1}]\n```", "json", 2),
        ("[{1}]", "auto", 0),
    ],
)
def test_tracespatial_reference_follows_the_parser(samples, text, parser, points):
    goal = samples["0-tracespatial-2d"].truth
    true = json.loads(goal.answer("relative_1000").replace("(", "[").replace(")", "]"))
    forms = [", ".join(map(str, map(kind, (true[0], true[-1])))) for kind in (tuple, list)]
    task = Traces(TracesOptions(data="none", reference_parser=parser))
    result = task.score(goal, Response("a", text.format(*forms))).values
    assert (result["start_2d_reference"], result["end_2d_reference"]) == (points / 2, points / 2)


def test_tracespatial_reference_moves_the_object(samples):
    """An answer that starts next to the object carries it next to its way-points."""
    goal = samples["0-tracespatial-3d"].truth
    scene, target = goal.scene(), goal.target
    beside = target.trajectory[0] + [0.1, 0, 0]
    path = np.stack([beside, target.trajectory[2], target.trajectory[-1]])
    image = scene.camera.to_image(path) * 1000
    text = str([(*map(float, at), float(d)) for at, d in zip(image, path[:, 2], strict=True)])
    result = score(goal, text).values
    ratios = [
        scene.occupancy.contains(at[None] - path[0], scene.object_points).mean() for at in path
    ]
    assert result["no_collision_reference"] == float(max(ratios) <= 0.2)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("[(100, 200), (300, 400, 1.2)]", True),
        ("```json\n[[100, 200], [300, 400, 1.2]]\n```", True),
        ("```json\n[[100, 200, NaN], [300, 400, 1.2]]\n```", True),
        ("[(100, 200), (300, 400)]", False),
        ("[(100, 200, -1.5), (300, 400, 1.2)]", False),
    ],
)
def test_tracespatial_reference_counts_crashes(samples, text, counted):
    result = score(samples["0-tracespatial-3d"].truth, text)
    assert result.values["success_reference"] == 0.0
    assert ("answers that the public scorer cannot read or never finishes" in result.notes) is (
        counted
    )
