"""Canvases of lmms-video-utils: of a program in its place, and of the real package."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from jumpscore.errors import DataError, UsageError, VideoError
from jumpscore.harness.config import InputConfig
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question
from jumpscore.video import codec_canvases, probe, uniform_frames
from jumpscore.video.codec import lmms_video_utils
from jumpscore.video.codec.lmms_video_utils import (
    PACKAGE,
    VARIABLE,
    cached_lmms_canvases,
    lmms_canvases,
)
from jumpscore.video.prepared.cache import InputCache
from jumpscore.video.selection_control import with_pixels_of
from jumpscore.video.sizes import TokenGrid
from jumpscore.video.windows import cut
from tests.support import write_video

FAKE = """#!{python}
import json, struct, sys
if sys.argv[-1] == "--version":
    print("0.1.0")
    sys.exit()
order = json.load(sys.stdin)
def send(count=4, width=56, height=28, fps=25.0, frames=None, pixels=None, shift=0,
         **head):
    rows, columns = height // 14, width // 14
    frames = list(range(count)) if frames is None else frames
    places = [(frame, row + shift, column) for frame in frames for row in range(rows)
              for column in range(columns)]
    head = dict(canvases=count, width=width, height=height, fps=fps) | head
    out = sys.stdout.buffer
    out.write(json.dumps(head).encode() + b"\\n")
    out.write(b"".join(struct.pack("<3i", *place) for place in places))
    size = count * width * height * 3
    out.write(bytes([7]) * size if pixels is None else pixels)
{body}
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "a.mp4", frames=50, fps=25, size=(112, 56))


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Replace the Python of the other environment by a program."""

    def put(body: str) -> None:
        program = tmp_path / "python"
        program.write_text(FAKE.format(python=sys.executable, body=body))
        program.chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(program))

    return put


def planned(cache: InputCache | None) -> InputPlan:
    config = InputConfig(kind="codec", count=4, max_pixels=2000, backend="lmms_video_utils")
    return InputPlan("codec", config, cache=cache)


class TestWithoutThePackage:
    def test_canvases_of_the_child(self, child, clip):
        child("send(frames=[0, 3, 9, 49])")
        visual = lmms_canvases(probe(clip), canvases=4, max_pixels=2000)
        assert (visual.kind, visual.width, visual.height) == ("codec", 56, 28)
        assert visual.frame_indices == (0, 3, 9, 49)
        assert visual.times == pytest.approx((0.0, 0.12, 0.36, 1.96))
        assert visual.visual_tokens == 4 * 2
        assert (visual.pixels == 7).all()
        assert visual.provenance.keys() == {"backend", "lmms-video-utils", "pictures"}

    def test_canvases_of_a_window_count_its_frames(self, child, clip):
        child("send(frames=[25, 30, 40, 49]) if order['start'] == 1 else None")
        window = cut(probe(clip), (1.0, 2.0))
        visual = lmms_canvases(window, canvases=4, max_pixels=2000)
        assert visual.frame_indices == (0, 5, 15, 24)
        assert visual.span == (1.0, 2.0)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("print('hello')", "it wrote b'hello"),
            ("send(canvases=10**9)", "it made 1000000000 pictures"),
            ("send(width=50)", "it made pictures of 50x28 pixels"),
            ("send(count=8)", "it made 8 canvases of 56x28 pixels; 4 of at most 2,000 pixels"),
            ("send(width=112)", "it made 4 canvases of 112x28 pixels; 4 of at most 2,000 pixels"),
            ("send(frames=[0, 1, 2, 50])", "it shows frame 50 of frames 0 to 49"),
            ("send(pixels=b'few')", "ended before"),
            ("send(); sys.stdout.buffer.write(b'more')", "more than was requested"),
            ("send(fps=12.0)", "reads 12.000 frames/s instead of 25.000"),
            ("send(fps=float('nan'))", "fps is nan"),
            ("sys.exit('no canvases produced')", r"exit code 1 \(no canvases produced\)"),
        ],
    )
    def test_bad_output_is_an_error(self, child, clip, body, message):
        child(body)
        with pytest.raises(VideoError, match=message):
            lmms_canvases(probe(clip), canvases=4, max_pixels=2000)

    def test_places_are_checked_as_in_folders_of_other_tools(self, child, clip):
        child("send(shift=1)")
        with pytest.raises(VideoError, match=r"invalid canvases .* must form one aligned block"):
            lmms_canvases(probe(clip), canvases=4, max_pixels=2000)

    def test_unsuitable_requests(self, child, clip, monkeypatch):
        child("send()")
        info = probe(clip)
        with pytest.raises(UsageError, match=r"count=6: .* give a multiple of 4"):
            lmms_canvases(info, canvases=6, max_pixels=2000)
        with pytest.raises(UsageError, match="use backend 'pyav'"):
            cached_lmms_canvases(
                info, None, canvases=4, max_pixels=2000, canvas_grid=TokenGrid(side=48, merge=3)
            )
        monkeypatch.setattr(lmms_video_utils, "MOST_DECODED", 1000)
        with pytest.raises(VideoError, match="keeps all 50 decoded frames"):
            lmms_canvases(info, canvases=4, max_pixels=2000)
        monkeypatch.setenv(VARIABLE, "/no/such/python")
        with pytest.raises(UsageError, match=f"{VARIABLE}='/no/such/python' is not a program"):
            PACKAGE.version()

    def test_fewer_canvases_than_asked_for_are_counted(self, child, clip):
        child("send(count=4)")
        assert lmms_canvases(probe(clip), canvases=8, max_pixels=2000).visual_tokens == 4 * 2

    def test_input_plan_uses_the_backend_and_the_cache(self, child, clip, tmp_path):
        child(f"open({str(tmp_path / 'asked')!r}, 'a').write('x'); send()")
        plan = planned(InputCache(tmp_path / "cache"))
        question = Question("a", (Media(clip),), "When?")
        first, second = plan.prepare(question), plan.prepare(question)
        assert first.provenance["backend"] == "lmms_video_utils"
        assert (first.pixels == 7).all()
        assert (second.pixels == 7).all()
        assert (tmp_path / "asked").read_text() == "x"

    def test_pixels_are_never_replaced_by_ours(self, child, clip, tmp_path):
        child("send()")
        question = Question("a", (Media(clip),), "When?")
        (tmp_path / "file").write_text("")
        unwritable = planned(InputCache(tmp_path / "file", optional=True)).prepare(question)
        assert (unwritable.pixels == 7).all()
        assert (unwritable.changed(path=tmp_path / "moved.mp4").pixels == 7).all()
        evicted = planned(InputCache(tmp_path / "cache")).prepare(question)
        shutil.rmtree(evicted.folder)
        with pytest.raises(DataError):
            evicted.pixels  # noqa: B018
        with pytest.raises(DataError, match="decoding the video would give others; prepare them"):
            evicted.changed(folder=None).pixels  # noqa: B018

    def test_selection_control_shows_another_video(self, child, clip, tmp_path):
        child("send()")
        own = lmms_canvases(probe(clip), canvases=4, max_pixels=2000)
        other = write_video(tmp_path / "b.mp4", frames=50, fps=25, size=(112, 56))
        swapped = with_pixels_of(own, probe(other))
        assert (swapped.blocks == own.blocks).all()
        whole = uniform_frames(other, count=2, max_pixels=2000)
        assert (swapped.pixels[0] == whole.pixels[0]).all()

    def test_plan_names_what_makes_canvases(self, child):
        child("send()")
        assert planned(None).canvas_facts == {
            "backend": "lmms_video_utils", "lmms-video-utils": "0.1.0"
        }  # fmt: skip
        ours = InputPlan("codec", InputConfig(kind="codec", count=4)).canvas_facts
        assert ours["backend"] == "pyav"
        assert InputPlan("frames", InputConfig(kind="frames", count=4)).canvas_facts == {}

    @pytest.mark.parametrize(
        "options", [{"min_pixels": 784, "count": 4}, {"tokens": 400, "matching": "as_published"}]
    )
    def test_sizes_are_those_of_the_package(self, options):
        with pytest.raises(ValueError, match=r"cannot be combined with .* which has its own sizes"):
            InputConfig(kind="codec", backend="lmms_video_utils", **options)


@pytest.mark.skipif(
    not os.environ.get(VARIABLE),
    reason=f"{VARIABLE} is not set to an environment with lmms-video-utils",
)
class TestThePackage:
    @pytest.mark.parametrize(
        ("matching", "tokens"), [("visual", 20), ("visual", 600), ("total", 600)]
    )
    def test_budget(self, clip, matching, tokens):
        """Both arms of a budget, with canvases in groups of four."""
        config = InputConfig(
            kind="codec", tokens=tokens, matching=matching, max_pixels=2000,
            backend="lmms_video_utils",
        )  # fmt: skip
        canvases = InputPlan("codec", config).prepare(Question("q", (Media(clip),), "When?"))
        frames = InputPlan("frames", config).prepare(Question("q", (Media(clip),), "When?"))
        assert canvases.provenance["backend"] == "lmms_video_utils"
        spent, others = (
            (canvases.visual_tokens, frames.visual_tokens)
            if matching == "visual"
            else (canvases.total_tokens, frames.total_tokens)
        )
        assert others <= spent <= tokens
        # A video of 50 frames does not fill more, and the package may deliver fewer than asked for.
        assert len(canvases.blocks) <= 48

    def test_whole_frames_are_those_of_the_video(self, clip):
        info = probe(clip)
        visual = lmms_canvases(info, canvases=4, max_pixels=112 * 56)
        ours = codec_canvases(clip, canvases=4, max_pixels=112 * 56)
        assert (visual.width, visual.height) == (ours.width, ours.height) == (112, 56)
        first = visual.blocks[0]
        assert (first[..., 0] == 0).all()
        assert (first[..., 1:] == np.indices(first.shape[:2]).transpose(1, 2, 0)).all()
        # Nothing is scaled, but the two convert colours in different ways.
        assert np.abs(visual.pixels[0].astype(int) - ours.pixels[0]).mean() < 3
        again = lmms_canvases(info, canvases=4, max_pixels=112 * 56)
        assert again.provenance == visual.provenance
