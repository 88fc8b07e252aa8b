"""The row of every benchmark of traces, and its ground truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from evaluators.coordinates import full_scale, stated_convention
from evaluators.images import image_size
from evaluators.traces.camera import Camera, OrientedBox
from evaluators.traces.paths import checked_path
from evaluators.traces.scene import Scene
from evaluators.traces.tracespatial import BLIND_DEPTH, TraceTruth
from jumpscore.errors import DataError
from jumpscore.records import Convention

Floats = npt.NDArray[np.float64]

Rule = Literal["tracespatial_2d", "tracespatial_3d", "vabench", "sharerobot"]
"""How an answer is scored: in the image or in space against an object, a box and a scene; RMSE and
MAE at 0-999 (VABench-V); path distances in fractions of the image (ShareRobot)."""
IN_SCENE = ("tracespatial_2d", "tracespatial_3d")
LARGEST_FILE = 1 << 26
"""Maximum bytes of a picture; depth maps have less than a million."""
MOST_POINTS = 10_000
"""Maximum number of way-points of a true trace."""
DIGITS = 7
"""Decimals of a right answer."""


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One question about an image.

    Attributes:
        id: Unique in its data set.
        prompt: The whole prompt, with format.
        rule: See ``Rule``.
        image: File.
        trace: The true way-points: [x, y, z] in camera coordinates, in metres, for
            ``tracespatial``; else [x, y] as fractions of the image.
        convention: Convention of x and y in the benchmark; empty if it states none.
        depth: PNG of 16 bits, millimetres, 0 if unknown. This and the fields below are for
            ``tracespatial``.
        mask: PNG of the depth map's size; above 0 is the object.
        intrinsics: Intrinsics of the depth map, 3 x 3 or 4 x 4.
        box: Target of the object: ``center``, ``extent`` (metres) and ``rotation``.
    """

    id: str
    prompt: str
    rule: str
    image: str
    trace: Any
    convention: str = ""
    depth: str = ""
    mask: str = ""
    intrinsics: Any = None
    box: Any = None

    def files(self) -> tuple[str, ...]:
        """Return image, depth map and mask."""
        return (self.image, *filter(None, (self.depth, self.mask)))


@dataclass(frozen=True, slots=True)
class Goal:
    """Ground truth of one question.

    Attributes:
        rule: How an answer is scored.
        image: Path in the row; questions about the same image are one cluster.
        size: (width, height) of the image in pixels.
        trace: float64 [n, 2], fractions of the image.
        convention: Convention of x and y in the benchmark.
        target: True trace and box in space, for ``tracespatial``.
        depth: Bytes of the PNG.
        mask: Bytes of the PNG.
        camera: Camera of the depth map.
    """

    rule: Rule
    image: str = ""
    size: tuple[int, int] = (1, 1)
    trace: Floats = field(default_factory=lambda: np.full((1, 2), 0.5))
    convention: Convention | None = None
    target: TraceTruth | None = None
    depth: bytes = field(default=b"", repr=False)
    mask: bytes = field(default=b"", repr=False)
    camera: Camera | None = None

    def scene(self) -> Scene:
        """Return the scene, for ``tracespatial``.

        It is built on demand, because the PNGs take a hundredth of its memory.

        Raises:
            DataError: A picture is damaged, or their sizes differ.
        """
        assert self.camera is not None
        depth = _pixels("depth", self.depth)
        if depth.ndim != 2 or depth.dtype != np.uint16:
            kind = f"{depth.dtype} and shape {depth.shape}"
            raise DataError(f"depth has {kind}; it must be a PNG of one channel and 16 bits")
        mask = _pixels("mask", self.mask)
        if mask.ndim == 3:
            mask = mask[..., :3].max(axis=2)
        if not mask.any():
            raise DataError("mask is empty: no pixel belongs to the object")
        camera = self.camera
        matrix: Any = [[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]]
        try:
            return Scene.from_millimetres(depth, mask, matrix)
        except ValueError as error:
            raise DataError(str(error)) from None

    def answer(self, convention: Convention) -> str:
        """Return the text of a right answer in the benchmark's format; depth is in metres."""
        points: Floats = self.trace * full_scale(convention, self.size)
        if self.rule == "tracespatial_3d" and self.target is not None:
            points = np.column_stack([points, self.target.trajectory[:, 2]])
        rounded = [[round(number, DIGITS) for number in row] for row in points.tolist()]
        if self.rule == "vabench":
            return f"<point>{rounded}</point>"
        return str([tuple(row) for row in rounded])

    def blind_answer(self, convention: Convention, *, salt: str) -> str:
        """Return the answer of the blind baseline: the middle of the image, at 2 m."""
        count = 2 if self.rule == "vabench" else 1
        middle = replace(self, trace=np.full((count, 2), 0.5))
        if self.target is not None:
            trajectory = np.full((count, 3), BLIND_DEPTH)
            middle = replace(middle, target=replace(self.target, trajectory=trajectory))
        return middle.answer(convention)


def read_truth(row: TraceRow, root: Path) -> Goal:
    """Return the truth of a row whose files are inside ``root``.

    Raises:
        DataError: The truth is invalid; the message names the field.
    """
    if row.rule not in get_args(Rule):
        raise DataError(f"rule {row.rule!r:.40} is not one of {', '.join(get_args(Rule))}")
    convention = stated_convention(row.convention)
    goal = Goal(row.rule, row.image, convention=convention)  # type: ignore[arg-type]
    if row.rule in IN_SCENE:
        return _in_scene(row, root, goal)
    trace = _path("trace", row.trace, dimensions=2)
    if len(trace) < 2:
        raise DataError("trace has one way-point; a true trace needs two or more")
    if not row.image:
        raise DataError("image is empty; the rule needs one")
    return replace(goal, trace=trace, size=image_size(root / row.image))


def _in_scene(row: TraceRow, root: Path, goal: Goal) -> Goal:
    depth, mask = (_read(root, name, getattr(row, name)) for name in ("depth", "mask"))
    height, width = _pixels("depth", depth).shape[:2]
    size = (width, height)
    try:
        camera = Camera.from_matrix(_numbers("intrinsics", row.intrinsics), size=size)
        box = row.box if isinstance(row.box, dict) else {}
        parts = {
            name: _numbers(f"box {name}", box.get(name))
            for name in ("center", "extent", "rotation")
        }
        target = TraceTruth(_path("trace", row.trace, dimensions=3), OrientedBox(**parts))
    except ValueError as error:
        raise DataError(str(error)) from None
    trace = camera.to_image(target.trajectory)
    goal = replace(
        goal, trace=trace, size=size, target=target, depth=depth, mask=mask, camera=camera
    )
    try:  # report an invalid scene before the run
        goal.scene().check_view()
    except ValueError as error:
        raise DataError(str(error)) from None
    return goal


def _path(name: str, value: Any, *, dimensions: int) -> Floats:
    points = _numbers(name, value)
    try:
        path = checked_path(name, points)
    except ValueError as error:
        raise DataError(str(error)) from None
    if path.shape[1] != dimensions or len(path) > MOST_POINTS:
        raise DataError(
            f"{name} has shape {path.shape}; it must be [way-points, {dimensions}], with at most "
            f"{MOST_POINTS} of them"
        )
    if np.abs(path).max() > MOST_POINTS:
        raise DataError(f"{name} contains {np.abs(path).max():g}; at most {MOST_POINTS} is allowed")
    return path


def _numbers(name: str, value: Any) -> Floats:
    """Return nested lists of numbers as an array."""
    try:
        array: Floats = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"{name} {str(value)[:60]} must be a list of numbers") from None
    if array.ndim == 0:
        raise DataError(f"{name} {str(value)[:60]} must be a list of numbers")
    return array


def _read(root: Path, name: str, path: str) -> bytes:
    if not path:
        raise DataError(f"{name} is empty; the rule needs one")
    try:
        with (root / path).open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise DataError(f"{name} {path} cannot be read ({error.strerror})") from None
    if len(content) > LARGEST_FILE:
        raise DataError(f"{name} {path} is larger than {LARGEST_FILE} bytes")
    return content


def _pixels(name: str, content: bytes) -> npt.NDArray[Any]:
    """Return the pixels of a picture as stored.

    Raises:
        DataError: It is damaged.
    """
    import cv2

    try:
        decoded = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise DataError(f"{name} cannot be decoded ({error})") from None
    if decoded is None:
        raise DataError(f"{name} cannot be decoded; it is damaged or of an unsupported format")
    pixels: npt.NDArray[Any] = decoded
    return pixels
