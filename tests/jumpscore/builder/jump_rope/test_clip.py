"""Whole clips: deterministic files that match their events."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from jumpscore.builder.jump_rope import (
    ClipSpec,
    clip_rhythm,
    load_profile,
    render_clip,
    sample_clips,
)
from jumpscore.builder.jump_rope.camera import make_camera
from jumpscore.builder.jump_rope.cast import main_jumper
from jumpscore.builder.jump_rope.render import Renderer
from jumpscore.builder.jump_rope.specs import BACKDROPS

MakeSpec = Callable[..., ClipSpec]


def decoded(path: Path) -> tuple[list[float], np.ndarray]:
    """Times and frames [T, H, W, 3] as a player shows them."""
    times, frames = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            times.append(float(frame.time))
            frames.append(np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90))
    return times, np.stack(frames)


def preview_frame(spec: ClipSpec, t: float, *, rope: bool = True) -> np.ndarray:
    """The picture of the clip at ``t`` seconds, without encoding."""
    return Renderer(spec, clip_rhythm(spec), np.array([t]), rope=rope).frame(0)


def changed(a: np.ndarray, b: np.ndarray, threshold: int = 40) -> np.ndarray:
    """Pixels that differ clearly, bool [H, W]."""
    return np.abs(a.astype(int) - b.astype(int)).sum(axis=-1) > threshold


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": ("shake", "bystanders", "noise")},
        {"codec": "h265", "tags": ("light_change",), "rotation": 90, "width": 144, "height": 256},
    ],
)
def test_render_clip_is_deterministic(
    tmp_path: Path, make_spec: MakeSpec, changes: dict[str, object]
) -> None:
    spec = make_spec(**changes)
    first = render_clip(spec, tmp_path / "a.mp4")
    second = render_clip(spec, tmp_path / "b.mp4")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.events == second.events
    other = render_clip(replace(spec, seed=spec.seed + 1), tmp_path / "c.mp4")
    assert other.path.read_bytes() != first.path.read_bytes()


def test_render_clip_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from jumpscore.builder.jump_rope import *\n"
        "s = sample_clips(load_profile('mini'), seed=2)[1]\n"
        "render_clip(replace(s, duration=4.0, width=192, height=108), Path(sys.argv[1]))\n"
    )
    spec = sample_clips(load_profile("mini"), seed=2)[1]
    here = render_clip(replace(spec, duration=4.0, width=192, height=108), tmp_path / "a.mp4")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "b.mp4")], check=True)
    assert (tmp_path / "b.mp4").read_bytes() == here.path.read_bytes()


def test_render_clip_equals_previews(tmp_path: Path, make_spec: MakeSpec) -> None:
    spec = make_spec(tags=("vfr",), width=320, height=180)
    clip = render_clip(spec, tmp_path / "a.mp4")
    times, frames = decoded(clip.path)
    assert len(times) == clip.frames
    assert clip.duration == pytest.approx(4.0)
    for index in (0, 31, 60):
        error = np.abs(frames[index].astype(int) - preview_frame(spec, times[index])).mean()
        assert error < 4


def test_render_clip_rotated(tmp_path: Path, make_spec: MakeSpec) -> None:
    spec = make_spec(tags=("rotation",), rotation=270, width=144, height=256)
    clip = render_clip(spec, tmp_path / "a.mp4")
    times, frames = decoded(clip.path)
    assert frames.shape[1:3] == (spec.height, spec.width) == (256, 144)
    assert np.abs(frames[20].astype(int) - preview_frame(spec, times[20])).mean() < 5
    with av.open(str(clip.path)) as container:
        assert container.streams.video[0].width == 256, "stored on its side"


def test_render_clip_events(tmp_path: Path, make_spec: MakeSpec) -> None:
    spec = make_spec()
    clip = render_clip(spec, tmp_path / "a.mp4")
    exact = clip_rhythm(spec).events
    assert clip.events == tuple(round(t, 2) for t in exact)
    assert len(clip.events) >= 5
    assert clip.spec.id == spec.name[:20]


@pytest.mark.parametrize("yaw", [0.0, 50.0, 90.0, 180.0, 250.0])
def test_renderer_rope_visible_at_every_phase(make_spec: MakeSpec, yaw: float) -> None:
    spec = make_spec(yaw=yaw, width=640, height=360)
    jump = clip_rhythm(spec).jumps[2]
    for share in (0.0, 0.3, 0.5, 0.9):
        t = jump.start + share * (jump.passes[0] - jump.start)
        differs = changed(preview_frame(spec, t), preview_frame(spec, t, rope=False))
        assert differs.sum() > 60


def test_renderer_rope_height(make_spec: MakeSpec) -> None:
    spec = make_spec(yaw=0.0, width=640, height=360)
    jump = clip_rhythm(spec).jumps[2]
    half = (jump.start + jump.passes[0]) / 2
    rows = []
    for t in (jump.start, half):
        differs = changed(preview_frame(spec, t), preview_frame(spec, t, rope=False))
        rows.append(np.flatnonzero(differs.any(axis=1)))
    head = 0.9 * 360 - 0.56 * 360  # approximate top of the head
    assert rows[0].max() > 0.8 * 360
    assert rows[0].min() > head + 40
    assert rows[1].min() < head + 10


def test_renderer_rope_behind_the_body(make_spec: MakeSpec) -> None:
    # On its way up behind the back the rope is hidden by the legs from the front, not from behind.
    spec = make_spec(yaw=0.0, width=640, height=360)
    spec = replace(spec, look=replace(spec.look, bottom_style="trousers", bottom=(20, 20, 160)))
    back = replace(spec, view=replace(spec.view, yaw=180.0))
    jump = clip_rhythm(spec).jumps[2]
    t = jump.start + 0.1 * (jump.passes[0] - jump.start)
    on_legs = []
    for view in (spec, back):
        bare = preview_frame(view, t, rope=False).astype(int)
        legs = (bare[..., 2] > 90) & (bare[..., 0] < 60) & (bare[..., 1] < 60)
        on_legs.append((legs & changed(bare, preview_frame(view, t))).sum())
    assert on_legs[1] > on_legs[0] + 15


@pytest.mark.parametrize("factor", ["shake", "pan", "bystanders", "second_jumper", "noise"])
def test_renderer_factors_change_the_picture(make_spec: MakeSpec, factor: str) -> None:
    plain, other = (
        make_spec(width=320, height=180),
        make_spec(width=320, height=180, tags=(factor,)),
    )
    a, b = preview_frame(plain, 2.0), preview_frame(other, 2.0)
    assert changed(a, b, threshold=8).mean() > 0.005


def test_renderer_light_change(make_spec: MakeSpec) -> None:
    spec = make_spec(duration=12.0, tags=("light_change",))
    light = [preview_frame(spec, t).mean() for t in np.arange(0.2, 12.0, 0.6)]
    plain = [preview_frame(make_spec(duration=12.0), t).mean() for t in np.arange(0.2, 12.0, 0.6)]
    assert max(light) / min(light) > 1.3
    assert max(plain) / min(plain) < 1.05


def test_renderer_occlusion(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(duration=8.0, tags=("occlusion",))
    clip = render_clip(spec, tmp_path / "a.mp4")
    bare = render_clip(replace(spec, tags=()), tmp_path / "b.mp4")
    times, frames = decoded(clip.path)
    _, plain = decoded(bare.path)
    camera = make_camera(spec)
    joints = main_jumper(spec, camera, clip_rhythm(spec), np.array(times)).joints
    hidden = []
    for index, pixels in enumerate(camera.project(joints)[0]):
        (x0, y0), (x1, y1) = pixels.min(axis=0).astype(int), pixels.max(axis=0).astype(int)
        window = np.s_[y0:y1, x0:x1]
        hidden.append(changed(frames[index][window], plain[index][window], 60).mean())
    assert max(hidden) > 0.35
    assert np.median(hidden) < 0.05, "only for a moment"


@pytest.mark.parametrize("backdrop", BACKDROPS)
def test_paint_backdrop_is_not_flat(make_spec: MakeSpec, backdrop: str) -> None:
    image = preview_frame(make_spec(backdrop=backdrop, width=320, height=180), 0.1)
    assert image.std(axis=(0, 1)).min() > 15
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 3000
