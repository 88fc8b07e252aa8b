"""Filmed clips: exposure, borders, deliveries, and people who do not jump."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import (
    ClipSpec,
    clip_rhythm,
    load_profile,
    render_clip,
    sample_clips,
)
from jumpscore.builder.jump_rope.clip import clip_pictures
from jumpscore.builder.jump_rope.finish import Finished, scene
from jumpscore.builder.jump_rope.rope import physical_fan
from jumpscore.builder.jump_rope.specs import Border, Capture, Compression
from jumpscore.builder.jump_rope.styles import ACTIVITIES
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.errors import UsageError

CAMERA = Compression(23, None)
RATES = sample_clips(load_profile("rates"), seed=0)
NO_JUMPS = sample_clips(load_profile("no_jumps"), seed=0)


def plain(spec: ClipSpec, width: int = 320, height: int = 180, **capture: object) -> ClipSpec:
    """The clip, small, without nuisance factors; keyword arguments change what apps do."""
    captured = Capture(**({"vignette": 0.0, "border": None, "compression": CAMERA} | capture))  # type: ignore[arg-type]
    view = replace(spec.view, person=0.55, ground=0.9, distance=4.0, eye=1.2)
    return replace(
        spec, width=width, height=height, rotation=0, tags=(), codec="h264", duration=8.0,
        view=view, capture=captured,
    )  # fmt: skip


def pictures(spec: ClipSpec, times: list[float], *, rope: bool = True) -> list[np.ndarray]:
    rendered = clip_pictures(spec, clip_rhythm(spec), np.array(times), rope=rope)
    return [rendered.frame(index) for index in range(len(times))]


def decoded(path: Path) -> tuple[list[float], np.ndarray]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [float(f.time) for f in frames], np.stack([f.to_ndarray(format="rgb24") for f in frames])


def coverage(spec: ClipSpec) -> float:
    """Width of the rope over the way of its middle during the exposure."""
    turns = 2 if spec.tempo.style == "double_under" else 1
    way = 2 * math.pi * 1.05 * turns / spec.tempo.gap * spec.view.shutter
    return spec.rope_width / way


def test_rates_half_of_the_ropes_are_faint() -> None:
    faint = [spec for spec in RATES if spec.has("faint_rope")]
    assert len(faint) == 30
    assert all(coverage(spec) <= 0.101 and spec.rope_width <= 0.004 for spec in faint)
    assert all(coverage(spec) >= 0.34 for spec in RATES if not spec.has("faint_rope"))


def test_rates_faint_ropes_are_invisible_while_they_turn() -> None:
    """Pixels that show the rope, as a share of the person's height in pixels."""
    seen: dict[bool, list[float]] = {True: [], False: []}
    for spec in RATES[:10]:
        small = plain(spec)
        jumps = clip_rhythm(small).jumps
        times = [jumps[len(jumps) // 2].start + share * spec.tempo.gap for share in (0.2, 0.6)]
        with_rope, without = pictures(small, times), pictures(small, times, rope=False)
        visible = [
            (cv2.absdiff(a, b).max(axis=-1) > 24).sum() / (0.55 * 180)
            for a, b in zip(with_rope, without, strict=True)
        ]
        seen[spec.has("faint_rope")].append(float(np.mean(visible)))
    assert min(len(values) for values in seen.values()) >= 3
    assert max(seen[True]) < 0.3
    assert min(seen[False]) > 1.0


def test_physical_fan_by_hand() -> None:
    still = physical_fan(0.0, 3.0)
    assert (still.count, still.width, still.weight) == (1, 3.0, 1.0)
    thin = physical_fan(0.0, 0.5)
    assert (thin.width, thin.weight) == (1.0, 0.5)
    # A way of 60 pixels, 20 lines of 3 pixels: each point is covered for 2 / 60 of the exposure.
    fan = physical_fan(60.0, 2.0)
    assert (fan.count, fan.width) == (20, 3.0)
    assert fan.weight == pytest.approx(2 / 60)


def test_rates_views_and_rates() -> None:
    heights = [spec.view.eye for spec in RATES]
    assert min(heights) < 0.4
    assert max(heights) > 1.8
    assert {int(((spec.view.yaw + 45) % 360) // 90) for spec in RATES} == {0, 1, 2, 3}
    assert {spec.fps for spec in RATES} >= {24, 25, 30, 50, 60}
    assert all(spec.fps * spec.tempo.gap >= 3.49 for spec in RATES)
    assert {min(spec.width, spec.height) for spec in RATES} == {360, 480, 720, 1080}
    assert max(Counter(spec.capture.compression.first_crf is None for spec in RATES).values()) == 30  # type: ignore[union-attr]


def test_exposure_blurs_what_moves_and_nothing_else() -> None:
    spec = next(s for s in RATES if s.tempo.style == "speed_step" and s.tempo.gap < 0.2)
    time = clip_rhythm(spec).jumps[8].takeoff
    still = replace(spec.look, stripe=False)
    sharp, blurred = (
        plain(
            replace(spec, look=still, view=replace(spec.view, shutter=shutter, yaw=0.0)), 640, 360
        )
        for shutter in (1 / 4000, 1 / 30)
    )
    a, b = (pictures(view, [time], rope=False)[0].astype(int) for view in (sharp, blurred))
    differs = np.abs(a - b).max(axis=-1) > 20
    shin, head = int(0.80 * 360), int(0.90 * 360 - 0.55 * 360)
    assert differs[shin:].sum() > 60, "the feet are blurred"
    assert differs[: head - 20].sum() == 0, "the wall is not"
    again = pictures(blurred, [time], rope=False)[0]
    assert np.array_equal(again, b)


def test_finished_vignette_and_borders() -> None:
    spec = RATES[0]
    bare, dark = pictures(plain(spec), [3.0])[0], pictures(plain(spec, vignette=0.5), [3.0])[0]
    corner, middle = np.s_[:8, :8], np.s_[86:94, 156:164]
    assert dark[corner].mean() == pytest.approx(0.5 * bare[corner].mean(), rel=0.1)
    assert dark[middle].mean() == pytest.approx(bare[middle].mean(), rel=0.02)
    for kind in ("black", "blurred"):
        border = Border(kind, 120, 180)  # type: ignore[arg-type]
        framed = pictures(plain(spec, border=border), [3.0])[0]
        assert framed.shape == (180, 320, 3)
        inside = plain(spec, 120, 180)
        assert np.array_equal(framed[:, 100:220], pictures(inside, [3.0])[0])
        bars = framed[:, :96].astype(int)
        assert (bars.max() == 0) == (kind == "black")
        assert np.abs(np.diff(bars, axis=1)).max() < 8, "no detail in the bars"


def test_scene_of_a_messenger() -> None:
    spec = plain(RATES[0], compression=Compression(28, None, first_crf=24, first_scale=0.5))
    assert (scene(spec).width, scene(spec).height) == (160, 90)
    rendered = clip_pictures(spec, clip_rhythm(spec), np.array([3.0]))
    assert isinstance(rendered, Finished)
    assert rendered.shot(0).shape == (90, 160, 3)
    assert rendered.frame(0).shape == (180, 320, 3)


@pytest.mark.parametrize(
    ("compression", "fps"),
    [
        (Compression(21, None), 24.0),
        (Compression(None, 150), 60.0),
        (Compression(None, 60, first_crf=22), 29.97),
        (Compression(30, None, first_crf=26, first_scale=0.6), 50.0),
    ],
)
def test_render_clip_delivered(tmp_path: Path, compression: Compression, fps: float) -> None:
    border = Border("blurred", 96, 128)
    spec = plain(RATES[1], 192, 128, vignette=0.3, border=border, compression=compression)
    spec = replace(spec, fps=fps, duration=2.5)
    clip = render_clip(spec, tmp_path / "a.mp4")
    times, frames = decoded(clip.path)
    assert frames.shape[1:] == (128, 192, 3)
    assert len(times) == clip.frames == round(2.5 * fps)
    assert np.diff(times) == pytest.approx(1 / fps, abs=1e-4)
    index = len(times) // 2
    preview = pictures(spec, [times[index]])[0]
    assert np.abs(frames[index].astype(int) - preview).mean() < 9
    if compression.first_crf is not None:
        again = render_clip(spec, tmp_path / "b.mp4")
        assert again.path.read_bytes() == clip.path.read_bytes()


def test_deliveries_differ_in_size(tmp_path: Path) -> None:
    sizes = []
    for number, way in enumerate((Compression(20, None), Compression(30, None))):
        spec = replace(plain(RATES[1], 192, 128, compression=way), duration=2.0)
        sizes.append(render_clip(spec, tmp_path / f"{number}.mp4").path.stat().st_size)
    assert sizes[0] > 1.8 * sizes[1]


def test_clip_rhythm_without_jumps() -> None:
    assert Counter(spec.activity for spec in NO_JUMPS) == {
        activity: 3 for activity in ACTIVITIES if activity != "jump"
    }
    for spec in NO_JUMPS:
        rhythm = clip_rhythm(spec)
        assert rhythm.events == ()
        assert not rhythm.body_height(np.linspace(0, spec.duration, 50)).any(), "a body rises"


@pytest.mark.parametrize("activity", [a for a in ACTIVITIES if a != "jump"])
def test_activity_pose_moves(activity: str) -> None:
    spec = plain(next(spec for spec in NO_JUMPS if spec.activity == activity))
    times = [2.0 + 0.31 * step for step in range(8)]
    frames = pictures(spec, times)
    changed = [(cv2.absdiff(a, frames[0]).max(axis=-1) > 30).sum() for a in frames[1:]]
    assert max(changed) > (15 if activity in ("stand", "rest") else 60)
    alone = pictures(spec, times[3:4])[0]
    assert np.array_equal(alone, frames[3]), "a frame depends on its time only"


def test_synthesize_filmed_sets(tmp_path: Path) -> None:
    small = [
        "clips=1",
        "durations=[{low: 4, high: 4.2, weight: 1}]",
        "resolutions=[{width: 160, height: 128, weight: 1}]",
        "fps=[{fps: 25, weight: 1}]",
    ]
    for name in ("rates", "no_jumps"):
        synthesize(tmp_path / name, load_profile(name, small), seed=1, workers=1)
        (row,), manifest = read_rows(tmp_path / name), read_manifest(tmp_path / name)
        facts = manifest.videos[row.id]
        (spec,) = sample_clips(load_profile(name, small), seed=1)
        assert facts["activity"] == spec.activity
        assert (json.loads(row.answer) == []) == (name == "no_jumps")
        if name == "rates":
            assert (facts["style"], facts["gap"]) == (spec.tempo.style, spec.tempo.gap)


@pytest.mark.parametrize(
    ("profile", "overrides", "words"),
    [
        (
            "rates",
            ["styles.rows=[{style: bounce, low: 0.1, high: 0.4}]"],
            ["bounce", "0.28", "0.1"],
        ),
        ("rates", ["styles=null"], ["none of gaps, styles and activities"]),
        ("rates", ["filming=null"], ["styles without filming"]),
        ("mini", ["pauses=null"], ["gaps without pauses"]),
        ("no_jumps", ["activities=[swim]"], ["swim", "walk"]),
        ("rates", ["filming.eye={low: 2, high: 1}"], ["high=1", "low=2"]),
    ],
)
def test_load_profile_filmed_errors(profile: str, overrides: list[str], words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        load_profile(profile, overrides)
    for word in words:
        assert word in str(caught.value)
