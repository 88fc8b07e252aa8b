"""The input plan of a run: which frames or canvases the model is shown for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, JumpScoreError, UsageError
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.controls import Control, control_of
from jumpscore.records import Question, Sample
from jumpscore.video import (
    PLAIN_GRID,
    MatchedArms,
    TokenGrid,
    VideoInfo,
    VisualInput,
    match_budgets,
    probe,
    uniform_frames,
)
from jumpscore.video.budgets import CanvasMaker
from jumpscore.video.codec.canvases import MAX_PIXELS, backend_facts, cached_canvases
from jumpscore.video.codec.lmms_video_utils import PER_GROUP, cached_lmms_canvases, lmms_facts
from jumpscore.video.prepared.cache import InputCache, default_cache_folder
from jumpscore.video.prepared.folders import folder_name, read_prepared
from jumpscore.video.selection_control import with_pixels_of
from jumpscore.video.stored_frames import nearest_index
from jumpscore.video.windows import Span, cut, probe_once, window_spans
from model_wrappers.base import InputKind, ModelWrapper

DEFAULT_COUNT = 32
"""Number of pictures if neither the configuration nor the model sets one."""


@dataclass(frozen=True, slots=True)
class InputPlan:
    """What a model is shown, resolved once for a whole run.

    Attributes:
        kind: Kind of input, never ``auto``.
        config: Size, amount and stamps, with the defaults of the model filled in.
        cache: Cache of canvases; ``None`` prepares them again each time.
        control: Replacement of pixels by another video's; ``None`` in an ordinary run.
        wrapper: Model whose token grid decides the size of frames; ``None`` uses ``PLAIN_GRID``.
    """

    kind: InputKind
    config: InputConfig
    cache: InputCache | None = None
    control: Control | None = None
    wrapper: ModelWrapper | None = None

    @classmethod
    def resolve(cls, wrapper: ModelWrapper, config: InputConfig) -> InputPlan:
        """Return the plan, with the defaults of a model, open or not, for all that is unset.

        Raises:
            UsageError: The model does not take this input.
        """
        kind = _input_kind(wrapper, config)
        return cls(kind, config.filled(wrapper.default_input(kind)), wrapper=wrapper)

    def in_run(self, settings: RunSettings, samples: Sequence[Sample[Any]] = ()) -> InputPlan:
        """Return the plan with the cache and the control of a run.

        Args:
            settings: Settings of the run.
            samples: Whole data set, from which a control takes its videos.

        Raises:
            UsageError: The control is impossible.
        """
        cache = InputCache(default_cache_folder(), optional=True) if settings.cache else None
        control = control_of(settings.control, self.kind, samples, seed=settings.seed)
        return replace(self, cache=cache, control=control)

    @property
    def prepared(self) -> bool:
        """Whether the harness prepares the pictures; otherwise the wrapper reads the media."""
        return self.kind in ("frames", "codec")

    @property
    def grid(self) -> TokenGrid:
        """How the model cuts frames into tokens; some wrappers read their checkpoint for it."""
        return PLAIN_GRID if self.wrapper is None else self.wrapper.token_grid

    @property
    def canvas_facts(self) -> dict[str, str]:
        """What makes the canvases of this plan, with versions; empty if it has none.

        Raises:
            UsageError: The backend is not installed.
        """
        config = self.config
        if config.folder is not None or (self.kind != "codec" and config.tokens is None):
            return {}
        if config.backend == "lmms_video_utils":
            return lmms_facts()
        return backend_facts(config.backend or "pyav")

    def require_backend(self) -> None:
        """Check that the maker of the canvases is installed.

        Raises:
            UsageError: It is not.
        """
        _ = self.canvas_facts

    @property
    def _canvas_grid(self) -> TokenGrid:
        """Grid of canvases, the default one for models that only take frames."""
        return PLAIN_GRID if self.wrapper is None else self.wrapper.canvas_grid

    def prepare(self, question: Question) -> VisualInput | None:
        """Return the pictures for a question, or ``None`` if the wrapper reads the media itself.

        Raises:
            VideoError: The video cannot be read.
            DataError: The question has more than one video, or prepared canvases of another tool
                are missing or invalid.
            UsageError: The budget is too small for the video, or the control needs a video and
                the question has none.
        """
        if not self.prepared:
            return None
        control = self.control
        videos = [media.path for media in question.media if media.kind == "video"]
        other = None if control is None else control.partner(question)
        if not videos:
            return None  # the wrapper reads images itself
        if len(question.media) > 1:
            # A wrapper that takes frames ignores other media: they would be dropped silently.
            images = len(question.media) - len(videos)
            raise DataError(
                f"{question.id}: input={self.kind} needs exactly one video, and the question has "
                f"{len(videos)} videos and {images} images; use a model that takes input=video"
            )
        path, span = videos[0], question.media[0].span
        if span is None and self.config.window is not None:
            probe(path)  # whatever is wrong with the file is why it has no windows
            raise DataError(f"{path}: was not divided into windows; run the command again")
        if control is None or other is None:
            return self._pictures(path, span)
        own = self._pictures(path, span) if control.kind == "selection" else None
        try:
            other_span = self._counterpart(path, span, other)
            if own is None:
                return self._pictures(other, other_span)
            return self._swapped(own, _info(other, other_span))
        except JumpScoreError as error:
            message = f"run.control={control.kind} shows {other.name} for {path.name}: {error}"
            raise type(error)(message) from error

    def spans(self, question: Question) -> tuple[Span, ...]:
        """Return the windows of a question's video; needs ``config.window``.

        Raises:
            VideoError: The video cannot be read.
            UsageError: The windows are too many.
        """
        return self._spans(question.media[0].path)

    def _spans(self, path: Path) -> tuple[Span, ...]:
        info = probe_once(path)
        length = self.config.window or info.duration
        return window_spans(info, length=length, overlap=self.config.seam)

    def _counterpart(self, path: Path, span: Span | None, other: Path) -> Span | None:
        """Return the window that a control shows instead of one: the one of the same number."""
        if span is None:
            return None
        starts, others = [start for start, _ in self._spans(path)], self._spans(other)
        return others[nearest_index(starts, span[0]) % len(others)]

    def _pictures(self, path: Path, span: Span | None = None) -> VisualInput:
        """Return the frames or canvases of one video, or of one window of it."""
        config = self.config
        if config.folder is not None:
            visual = _from_folder(path, config.folder)
        else:
            info = _info(path, span)
            if config.tokens is not None:
                arms = self._arms(info, config.tokens)
                visual = arms.frames if self.kind == "frames" else arms.canvases
            else:
                visual = self._frames(info) if self.kind == "frames" else self._canvases(info)
        return _stamped(self._on_disk(visual), config)

    def _on_disk(self, visual: VisualInput) -> VisualInput:
        """Return frames with the folder of their cache entry, if the model reads them there."""
        wrapper, cache = self.wrapper, self.cache
        if visual.kind != "frames" or visual.folder or cache is None or wrapper is None:
            return visual
        if not wrapper.frames_on_disk:
            return visual
        # The layout contains neither shared tokens nor a form of stamps; only pixels are read.
        plain = visual.changed(token_grid=visual.token_grid.squares)
        cached = cache.get(visual.path, {"frames": visual.fingerprint}, lambda: plain)
        # The cache is optional: if it cannot be written, the request contains the pictures.
        return visual if cached.folder is None else visual.changed(folder=cached.folder)

    def _arms(self, info: VideoInfo, tokens: int) -> MatchedArms:
        """Return both arms of a budget: in the published sizes, or in the configured one."""
        config, grid, maker = self.config, self.grid, None
        backend = config.backend or "pyav"
        if backend == "lmms_video_utils":
            backend, maker = "pyav", CanvasMaker(partial(self._lmms_canvases, info), PER_GROUP)
        planned = partial(
            match_budgets,
            info,
            visual_tokens=tokens,
            matching=config.matching or "visual",
            maker=maker,
            backend=backend,
            canvas_grid=self._canvas_grid,
            cache=self.cache,
        )
        if config.max_pixels is None:
            return planned(grid=grid)
        size = grid.fitted(info.width, info.height, max_pixels=config.max_pixels)
        return planned(max_pixels=config.max_pixels, grid=replace(grid, size=size))

    def _frames(self, info: VideoInfo) -> VisualInput:
        config = self.config
        count = DEFAULT_COUNT if config.count is None and config.fps is None else config.count
        return uniform_frames(
            info.path,
            info=info,
            count=count,
            fps=config.fps,
            min_pixels=config.min_pixels,
            max_pixels=config.max_pixels,
            grid=self.grid,
        )

    def _canvases(self, info: VideoInfo) -> VisualInput:
        config = self.config
        count, largest = config.count or DEFAULT_COUNT, config.max_pixels or MAX_PIXELS
        if config.backend == "lmms_video_utils":
            return self._lmms_canvases(info, count)
        return cached_canvases(
            info,
            self.cache,
            canvases=count,
            min_pixels=config.min_pixels,
            max_pixels=largest,
            backend=config.backend or "pyav",
            canvas_grid=self._canvas_grid,
        )

    def _lmms_canvases(self, info: VideoInfo, count: int) -> VisualInput:
        return cached_lmms_canvases(
            info,
            self.cache,
            canvases=count,
            max_pixels=self.config.max_pixels or MAX_PIXELS,
            canvas_grid=self._canvas_grid,
        )

    def _swapped(self, own: VisualInput, other: VideoInfo) -> VisualInput:
        """Return the input with another video's pixels; canvases on disk, for servers to read."""
        swapped = with_pixels_of(own, other)
        if self.cache is None or own.kind != "codec":
            return swapped
        cached = self.cache.get(own.path, {"control": swapped.fingerprint}, lambda: swapped)
        # If the cache loses the entry, the recipe of ``own`` would not give these pixels.
        return swapped.changed(folder=cached.folder)


def _input_kind(wrapper: ModelWrapper, config: InputConfig) -> InputKind:
    """Return the kind of input, by default the one that the model prefers."""
    if config.kind == "auto":
        kind = wrapper.inputs[0]
        if problem := config.unfit(kind):
            raise UsageError(
                f"model {wrapper.name!r} takes input={kind}, and input.{problem}; leave it out"
            )
        return kind
    if config.kind not in wrapper.inputs:
        raise UsageError(
            f"input={config.kind}: model {wrapper.name!r} takes only "
            f"input={' or input='.join(wrapper.inputs)}"
        )
    return config.kind


def _info(path: Path, span: Span | None) -> VideoInfo:
    """Return the facts of a complete video, or of one window of it."""
    if span is None:
        return probe(path).require_whole()
    return cut(probe_once(path).require_whole(), span)


def _stamped(visual: VisualInput, config: InputConfig) -> VisualInput:
    """Return the input with the configured time stamps."""
    if config.decimals is not None:
        visual = visual.changed(decimals=config.decimals)
    if config.time_policy is not None and config.time_policy != visual.time_policy:
        # The note that explains the default policy does not apply any more.
        notes = [note for note in visual.notes if f"(policy {visual.time_policy})" not in note]
        notes.append(f"time stamps follow input.time_policy (policy {config.time_policy})")
        visual = visual.changed(time_policy=config.time_policy, notes=tuple(notes))
    return visual


def _from_folder(path: Path, folder: Path) -> VisualInput:
    """Return the canvases of a video that another tool prepared.

    The folder of a video is named after the path that the tool was given, which may differ from
    ours; then the name of the video must be unique.
    """
    exact = folder / folder_name(path)
    named = [exact] if exact.is_dir() else sorted(folder.glob(f"{escape(path.stem)}__????????"))
    if len(named) != 1:
        raise DataError(
            f"{folder}: found {len(named)} folders {path.stem}__<8 hex digits> with the canvases "
            f"of {path.name}, expected one"
        )
    return read_prepared(named[0], video=path)
