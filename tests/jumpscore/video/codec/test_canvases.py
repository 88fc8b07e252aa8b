from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from jumpscore.builder.jump_rope import clip_rhythm, load_profile, render_clip, sample_clips
from jumpscore.builder.jump_rope.cast import main_jumper
from jumpscore.builder.jump_rope.encode import frame_clock
from jumpscore.builder.jump_rope.render import Renderer
from jumpscore.errors import UsageError, VideoError
from jumpscore.video import codec_canvases, decode, probe
from jumpscore.video.codec.canvases import plan_canvases
from tests.support import read_number, write_audio, write_video

SMALL = 112 * 84
"""Area of canvases in these tests: 4 x 3 blocks."""


def moving_pictures(count, size=(112, 84)):
    """A textured square that moves over a textured background; all frames are different."""
    width, height = size
    rng = np.random.default_rng(1)
    ground = rng.integers(60, 120, (height, width, 3), dtype=np.uint8)
    square = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
    pictures = []
    for number in range(count):
        picture = ground.copy()
        left = number * 7 % (width - 24)
        top = int((height - 24) * (0.5 + 0.5 * np.sin(number / 3)))
        picture[top : top + 24, left : left + 24] = square
        pictures.append(picture)
    return pictures


def moving_video(path, count=70, size=(112, 84), **settings):
    return write_video(path, pictures=moving_pictures(count, size), size=size, **settings)


def check_every_patch(visual):
    """Compare every patch with its source frame, decoded separately."""
    frames = {
        frame.index: frame.pixels
        for frame in decode(visual.path, size=(visual.width, visual.height), damage="stop")
    }
    n, rows, columns = visual.grid
    positions = visual.patch_positions.reshape(n, rows, columns, 3)
    for (canvas, i, j), source in np.ndenumerate(positions[..., 0]):
        _, row, column = positions[canvas, i, j]
        patch = visual.pixels[canvas, i * 14 : i * 14 + 14, j * 14 : j * 14 + 14]
        expected = frames[int(source)][row * 14 : row * 14 + 14, column * 14 : column * 14 + 14]
        np.testing.assert_array_equal(patch, expected)


CASES = {
    "h264 with B-frames": {"b_frames": 3, "gop": 25},
    "h264 without B-frames": {"b_frames": 0},
    "h264 open GOP": {"b_frames": 3, "gop": 15, "codec_options": {"x264-params": "open-gop=1"}},
    "hevc": {"codec": "libx265"},
    "hevc open GOP": {
        "codec": "libx265",
        "gop": 15,
        "codec_options": {"x265-params": "log-level=none:open-gop=1:bframes=4"},
    },
    "vp9": {"codec": "libvpx-vp9", "name": "a.webm"},
    "av1": {"codec": "libsvtav1", "codec_options": {"preset": "12"}},
    "variable rate": {"times": [0.04 * k + 0.3 * (k // 20) for k in range(70)]},
    # Without scaling, FFmpeg left columns of this width unwritten.
    "canvases as large as the video": {"size": (168, 112)},
    "odd size": {"size": (131, 97), "codec_options": {"crf": "18"}, "pix_fmt": "yuv444p"},
    "anamorphic": {"aspect": Fraction(4, 3)},
    "transport stream": {"name": "a.ts"},
    "avi": {"codec": "mpeg4", "name": "a.avi", "b_frames": 0},
}


@pytest.mark.parametrize("case", CASES)
def test_codec_canvases_patches_match_positions(tmp_path, case):
    settings = dict(CASES[case])
    path = moving_video(tmp_path / settings.pop("name", "a.mp4"), **settings)
    visual = codec_canvases(path, canvases=8, max_pixels=SMALL * 2)
    assert len(visual.blocks) == 8
    assert visual.exhausted is False
    check_every_patch(visual)
    assert visual.time_policy == ("pts" if case == "variable rate" else "released")
    info = probe(path)
    assert visual.times == tuple(info.times[list(visual.frame_indices)])
    # Decoding the recipe gives the same pixels as the single pass.
    recipe = visual.changed(folder=None)
    np.testing.assert_array_equal(recipe.pixels, visual.pixels)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_codec_canvases_of_rotated_videos(tmp_path, degrees):
    base = sample_clips(load_profile("mini"), seed=3)[0]
    spec = replace(
        base,
        width=180,
        height=320,
        duration=2.0,
        rotation=degrees,
        codec="h264",
        tags=(),
    )
    path = tmp_path / "a.mp4"
    render_clip(spec, path)
    visual = codec_canvases(path, canvases=4, max_pixels=SMALL)
    assert visual.height > visual.width, "upright, as the clip is shown"
    check_every_patch(visual)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_plan_canvases_frames_match_their_numbers(tmp_path, codec):
    """Every frame contains its number, so a wrong frame is detected."""
    name = "a.webm" if "vp9" in codec else "a.mp4"
    path = write_video(tmp_path / name, frames=100, size=(448, 112), codec=codec)
    plan = plan_canvases(path, canvases=8)
    for stretch in plan.stretches:
        whole = stretch.canvases.start
        frame = int(plan.visual.blocks[whole, 0, 0, 0])
        assert (plan.visual.blocks[whole, ..., 0] == frame).all()
        assert read_number(plan.visual.pixels[whole]) == frame
        assert stretch.first == frame


LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 130)


@pytest.mark.parametrize("count", LENGTHS)
def test_plan_canvases_count_is_exact(tmp_path, count):
    rate = (12, 25, 30, 60)[count % 4]
    size = ((112, 84), (64, 112), (160, 64))[count % 3]
    path = moving_video(tmp_path / "a.mp4", count=count, size=size, fps=rate)
    info = probe(path)
    for canvases in (1, 2, 3, 4, 5, 6, 8, 13, 16):
        plan = plan_canvases(path, canvases=canvases, max_pixels=SMALL, info=info)
        visual = plan.visual
        delivered = min(canvases, count)
        assert len(visual.pixels) == len(visual.blocks) == delivered
        assert visual.exhausted == (count < canvases)
        each = visual.width * visual.height // 784
        assert visual.visual_tokens == delivered * each
        assert visual.patch_positions.shape == (delivered * each * 4, 3)
        places = visual.patch_positions
        assert (places >= 0).all(), "nothing is padded"
        assert len(np.unique(places, axis=0)) == len(places), "nothing is shown twice"
        assert places[:, 0].max() < count
        assert len(plan.sampled) == (count if count <= canvases else min(count, 8 * canvases))
        assert sum(len(stretch.canvases) for stretch in plan.stretches) in (0, delivered)


def test_patch_positions_of_a_block_stay_together(tmp_path):
    visual = codec_canvases(moving_video(tmp_path / "a.mp4"), canvases=8, max_pixels=SMALL)
    n, rows, columns = visual.grid
    grid = visual.patch_positions.reshape(n, rows // 2, 2, columns // 2, 2, 3)
    assert (grid[:, :, 0, :, :, 0] == grid[:, :, 1, :, :, 0]).all()
    assert (grid[:, :, :, :, 0, 0] == grid[:, :, :, :, 1, 0]).all()
    assert (grid[:, :, 1, :, :, 1] - grid[:, :, 0, :, :, 1] == 1).all()
    assert (grid[:, :, :, :, 1, 2] - grid[:, :, :, :, 0, 2] == 1).all()
    assert (grid[:, :, 0, :, 0, 1:] % 2 == 0).all()


def test_plan_canvases_orders_blocks_by_time(tmp_path):
    plan = plan_canvases(moving_video(tmp_path / "a.mp4"), canvases=8, max_pixels=SMALL)
    for stretch in plan.stretches:
        blocks = plan.visual.blocks[stretch.canvases.start + 1 : stretch.canvases.stop]
        keys = [tuple(place) for place in blocks.reshape(-1, 3).tolist()]
        assert keys == sorted(keys)
        assert stretch.first <= keys[0][0]
        assert keys[-1][0] <= stretch.last


def test_plan_canvases_shows_moving_square(tmp_path):
    pictures = moving_pictures(64, size=(448, 336))
    path = write_video(tmp_path / "a.mp4", pictures=pictures, size=(448, 336))
    plan = plan_canvases(path, canvases=4)
    blocks = plan.visual.blocks[1:].reshape(-1, 3)
    # Per frame the square covers up to 4 blocks, and uncovers up to 4; 576 blocks for 31 frames.
    best = blocks[: len(blocks)]
    frames, rows, columns = best.T
    left = frames * 7 % (448 - 24)
    top = ((336 - 24) * (0.5 + 0.5 * np.sin(frames / 3))).astype(int)
    touched = (
        (columns * 28 < left + 24)
        & (left < columns * 28 + 28)
        & (rows * 28 < top + 24)
        & (top < rows * 28 + 28)
    )
    chosen_blocks = len(np.unique(best[touched], axis=0))
    square_blocks = sum(
        (int(a + 23) // 28 - int(a) // 28 + 1) * (int(b + 23) // 28 - int(b) // 28 + 1)
        for k in range(1, 64)
        for a, b in [(k * 7 % 424, int(312 * (0.5 + 0.5 * np.sin(k / 3))))]
    )
    assert chosen_blocks > 0.45 * square_blocks * min(1.0, len(np.unique(frames)) / 63)


class TestDeterminism:
    @pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
    def test_codec_canvases_do_not_depend_on_threads(self, tmp_path, codec):
        # Large enough that several frames are decoded at once, when motion vectors might be
        # incomplete.
        name = "a.webm" if "vp9" in codec else "a.mp4"
        path = moving_video(tmp_path / name, count=90, size=(640, 368), codec=codec, b_frames=3)
        first = codec_canvases(path, canvases=8, max_pixels=8 * SMALL, threads=1)
        for threads in (1, 2, 4, 0):
            again = codec_canvases(path, canvases=8, max_pixels=8 * SMALL, threads=threads)
            assert again.fingerprint == first.fingerprint
            np.testing.assert_array_equal(again.blocks, first.blocks)
            np.testing.assert_array_equal(again.pixels, first.pixels)

    def test_codec_canvases_equal_in_another_process(self, tmp_path):
        path = moving_video(tmp_path / "a.mp4")
        code = (
            "import sys; from jumpscore.video import codec_canvases; "
            f"print(codec_canvases(sys.argv[1], canvases=8, max_pixels={SMALL}).fingerprint)"
        )
        process = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        here = codec_canvases(path, canvases=8, max_pixels=SMALL)
        assert process.stdout.strip() == here.fingerprint

    def test_fingerprint_depends_on_content_and_choices(self, tmp_path):
        path = moving_video(tmp_path / "a.mp4")
        copy = tmp_path / "b.mp4"
        copy.write_bytes(path.read_bytes())
        one = codec_canvases(path, canvases=8, max_pixels=SMALL)
        assert codec_canvases(copy, canvases=8, max_pixels=SMALL).fingerprint == one.fingerprint
        others = [
            codec_canvases(path, canvases=7, max_pixels=SMALL),
            codec_canvases(path, canvases=8, max_pixels=SMALL // 2),
            one.changed(decimals=1),
            one.changed(time_policy="pts"),
        ]
        assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_probe_assigns_bits_by_presentation_time(tmp_path):
    path = moving_video(tmp_path / "a.mp4", b_frames=3, gop=20)
    info = probe(path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
    decoding_order = [packet.pts for packet in packets]
    assert decoding_order != sorted(decoding_order), "the test needs reordered frames"
    base = float(packets[0].time_base)
    by_time = {round(packet.pts * base, 6): packet.size * 8 for packet in packets}
    assert [by_time[round(time, 6)] for time in info.times.tolist()] == info.bits.tolist()
    keys = np.searchsorted(info.times, info.keyframe_times)
    assert info.bits[keys].min() > np.median(info.bits)


class TestBadInput:
    def test_codec_canvases_empty_file(self, tmp_path):
        path = tmp_path / "a.mp4"
        path.touch()
        with pytest.raises(VideoError, match=r"a\.mp4: the file is empty"):
            codec_canvases(path, canvases=4)

    def test_codec_canvases_audio_file(self, tmp_path):
        with pytest.raises(VideoError, match=r"contains no video stream \(only audio\)"):
            codec_canvases(write_audio(tmp_path / "a.m4a"), canvases=4)

    def test_codec_canvases_text_file(self, tmp_path):
        path = tmp_path / "a.mp4"
        path.write_text("<html>not found</html>")
        with pytest.raises(VideoError, match="cannot be opened as a video"):
            codec_canvases(path, canvases=4)

    @pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
    @pytest.mark.parametrize("canvases", [4, 64])
    def test_codec_canvases_truncated_file(self, tmp_path, share, canvases):
        whole = moving_video(tmp_path / "a.mp4", count=120, options={"movflags": "faststart"})
        cut = tmp_path / "cut.mp4"
        cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
        visual = codec_canvases(cut, canvases=canvases, max_pixels=SMALL)
        assert visual.truncated
        assert visual.frame_indices[-1] < 119
        assert len(visual.blocks) == min(canvases, len(visual.frame_indices))
        check_every_patch(visual)
        # No frame is made up: all are the same as in the complete file.
        same = codec_canvases(cut, canvases=canvases, max_pixels=SMALL).changed(path=whole)
        np.testing.assert_array_equal(same.changed(folder=None).pixels, visual.pixels)

    def test_codec_canvases_damaged_file(self, tmp_path):
        path = moving_video(tmp_path / "a.mp4", count=120)
        data = bytearray(path.read_bytes())
        start = data.index(b"mdat") + len(data) // 3
        data[start : start + 2000] = bytes(2000)
        path.write_bytes(data)
        with pytest.raises(VideoError, match=r"a\.mp4: frame \d+ at \d+\.\d\d s cannot be decoded"):
            codec_canvases(path, canvases=8, max_pixels=SMALL)

    @pytest.mark.parametrize("wrong", [0, -4, 2.5, True, "8", 10**6])
    def test_codec_canvases_rejects_invalid_counts(self, tmp_path, wrong):
        with pytest.raises(UsageError, match=f"canvases={wrong!r}"):
            codec_canvases(tmp_path / "a.mp4", canvases=wrong)

    def test_codec_canvases_rejects_unknown_backend(self, tmp_path):
        with pytest.raises(UsageError, match="unknown backend 'magic'; known: pyav, bitcost"):
            codec_canvases(tmp_path / "a.mp4", canvases=4, backend="magic")


def jumper_boxes(spec):
    """Boxes (x0, y0, x1, y1) around the joints of a clip's jumper, in pixels [frames, 4]."""
    times = frame_clock(spec).times
    renderer = Renderer(spec, clip_rhythm(spec), times)
    jumper = main_jumper(spec, renderer._camera, clip_rhythm(spec), times)
    flesh = 0.1 * jumper.scale  # 10 cm around the joints
    boxes = []
    for index in range(len(times)):
        matrix = renderer._motion.matrix(index, renderer._camera)
        pixels, _ = renderer._project(jumper.joints[index], matrix)
        boxes.append([*(pixels.min(axis=0) - flesh), *(pixels.max(axis=0) + flesh)])
    return np.clip(boxes, 0, [spec.width, spec.height] * 2)


@pytest.mark.slow
class TestPanningCamera:
    """The selection follows the jumper better than chance although the camera moves."""

    @pytest.fixture
    def clips(self, tmp_path):
        profile = load_profile("mini")
        shares = profile.shares.model_copy(update={"pan": 0.66})
        specs = sample_clips(profile.model_copy(update={"shares": shares}), seed=11)
        panning = [spec for spec in specs if "pan" in spec.tags and "rotation" not in spec.tags]
        return [
            render_clip(replace(spec, duration=6.0), tmp_path / f"{k}.mp4")
            for k, spec in enumerate(panning[:4])
        ]

    def test_codec_canvases_choose_blocks_of_jumper(self, clips):
        for clip in clips:
            visual = codec_canvases(clip.path, canvases=8)
            blocks = np.delete(visual.blocks, slice(0, None, 4), axis=0).reshape(-1, 3)
            frames, rows, columns = blocks.T
            boxes = jumper_boxes(clip.spec)
            box = boxes[frames]
            x = (columns + 0.5) * 28 * clip.spec.width / visual.width
            y = (rows + 0.5) * 28 * clip.spec.height / visual.height
            inside = (box[:, 0] <= x) & (x < box[:, 2]) & (box[:, 1] <= y) & (y < box[:, 3])
            area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).mean()
            prior = area / (clip.spec.width * clip.spec.height)
            assert inside.mean() > 2.5 * prior, (clip.spec.tags, inside.mean(), prior)
