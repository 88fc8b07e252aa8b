"""Score folders of PNGs in the layout of DAVIS: a folder per sequence, a picture per frame.

``Annotations/480p/<sequence>/00000.png``: indexed or grey. A value is an object, 0 the background,
and in the truth 255 is void.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.base import clusters_of, ratios
from evaluators.tracking.metrics.davis import DavisScores, davis_scores
from jumpscore.errors import DataError, nearest_names
from jumpscore.records import Estimate, Metric, SampleScore
from jumpscore.scoring import bootstrap

VOID = 255
LARGEST = 1 << 28
"""Maximum number of pixels of a picture."""
HEADER = 33
"""Bytes of a PNG up to the end of its first chunk; the 25th is the number of bits per value."""
BINARY_FIX = "write 1 for 255 (`mask // 255`)"
VOID_PREDICTED = (
    "sequences whose predicted masks contain 255, which means void in the truth only; it was read "
    "as background; use the truth's number of each object"
)
Labels = NDArray[np.uint8]
"""Object per pixel, [H, W] or [T, H, W]."""

METRICS = (
    Metric("j_and_f", "J&F, the mean of J and F"),
    Metric("j", "J: overlap (IoU) of masks"),
    Metric("j_recall", "share of frames with J above 0.5"),
    Metric("j_decay", "J of the first quarter of frames minus the last", better="lower"),
    Metric("f", "F: F1 of the masks' boundaries"),
    Metric("f_recall", "share of frames with F above 0.5"),
    Metric("f_decay", "F of the first quarter of frames minus the last", better="lower"),
    Metric("j_and_f_strict", "J&F with the strict F"),
    Metric("f_strict", "F, 0 for an empty mask and one that fills the frame"),
)


@dataclass(frozen=True, slots=True)
class FolderScores:
    """Scores of a folder of predicted masks.

    Attributes:
        objects: One score per object, ``id`` ``"sequence/object"``, clustered by sequence.
        overall: Metric -> mean over objects; intervals resample sequences.
        notes: Counted oddities that do not change the scores.
    """

    objects: tuple[SampleScore, ...]
    overall: Mapping[str, Estimate]
    notes: Mapping[str, int]


def score_folders(prediction: str | Path, truth: str | Path, *, seed: int = 0) -> FolderScores:
    """Score predicted masks as the semi-supervised protocol of DAVIS does (see ``davis_scores``).

    The objects are those of a sequence's first true frame. Predicted frames are matched by name;
    the first and the last one are not scored and may be missing.

    Args:
        prediction: Folder with a folder of PNGs per sequence.
        truth: The same, or the root of a data set with ``Annotations`` in it.
        seed: Seed of the intervals.

    Raises:
        DataError: A sequence or a frame is missing, a picture cannot be read or has another size.
    """
    true, predicted = find_sequences(Path(truth)), find_sequences(Path(prediction))
    missing = [name for name in true if name not in predicted]
    if missing:
        raise DataError(
            f"{prediction}: {len(missing)} of {len(true)} sequences are missing "
            f"({', '.join(missing[:5])}){nearest_names(missing[0], predicted)}; predict every one"
        )
    notes: Counter[str] = Counter()
    notes["predicted sequences that are not in the truth"] = len(predicted.keys() - true.keys())
    objects: list[SampleScore] = []
    for name, folder in true.items():
        objects += _score_sequence(name, folder, predicted[name], notes)
    overall = bootstrap(ratios(METRICS, objects), seed=seed, clusters=clusters_of(objects))
    return FolderScores(tuple(objects), overall, {k: n for k, n in notes.items() if n})


def find_sequences(root: Path) -> dict[str, Path]:
    """Return the sequences in a folder by name: its folders of PNGs.

    Args:
        root: The folder of the sequences, a data set with ``Annotations`` in it (of one
            resolution), or the folder of a single sequence.

    Raises:
        DataError: The folder contains no sequences, or several resolutions.
    """
    if (root / "Annotations").is_dir():
        root = root / "Annotations"
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    if any(root.glob("*.png")):
        return {root.name: root}
    sequences = {folder.name: folder for folder in _with_pictures(root)}
    if sequences:
        return sequences
    nested = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
    resolutions = [folder for folder in nested if _with_pictures(folder)]
    if len(resolutions) == 1:
        return {folder.name: folder for folder in _with_pictures(resolutions[0])}
    if resolutions:
        names = ", ".join(folder.name for folder in resolutions)
        raise DataError(f"{root}: contains several sets of masks ({names}); give one of them")
    raise DataError(f"{root}: contains no folders of PNGs")


def _with_pictures(root: Path) -> list[Path]:
    return [f for f in sorted(root.iterdir()) if f.is_dir() and any(f.glob("*.png"))]


def read_labels(file: Path) -> Labels:
    """Return the object number of each pixel of an indexed or grey PNG, uint8 [H, W].

    Values are those stored in the file: white is 1 in a picture with one bit per pixel.

    Raises:
        DataError: The file cannot be read, or is a colour picture.
    """
    import av

    try:
        # Forced format: by default FFmpeg reads % in a name as a sequence of files. An absolute
        # path, because a colon in a name could look like a protocol.
        limits = {"protocol_whitelist": "file"}
        with av.open(
            str(file.absolute()), format="png_pipe", container_options=limits
        ) as container:
            stream = container.streams.video[0]
            area = stream.width * stream.height
            frame = next(container.decode(stream)) if area <= LARGEST else None
    except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration) as error:
        raise DataError(f"{file}: cannot be read as PNG ({error})") from error
    if frame is None:
        raise DataError(f"{file}: has {area:,} pixels, more than {LARGEST:,}")
    if frame.format.name not in ("pal8", "gray", "monob"):
        raise DataError(
            f"{file}: is a picture of kind {frame.format.name}, not of object numbers; write an "
            "indexed or an 8-bit grey PNG whose values are 0 (background), 1, 2, ... (objects)"
        )
    plane: Any = frame.planes[0]
    rows: Labels = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
    if frame.format.name == "monob":
        rows = np.unpackbits(rows, axis=1)
    labels = rows[: frame.height, : frame.width].copy()
    if frame.format.name == "gray":
        labels //= _brightness_step(file)
    return labels


def _brightness_step(file: Path) -> int:
    """Return the factor by which decoders scale a grey PNG with few bits: 17 for four bits."""
    with file.open("rb") as stream:
        bits = stream.read(HEADER)[24:25]
    return {2: 85, 4: 17}.get(bits[0] if bits else 8, 1)


def _score_sequence(
    name: str, truth: Path, prediction: Path, notes: Counter[str]
) -> list[SampleScore]:
    frames = sorted(file.name for file in truth.glob("*.png"))
    if len(frames) < 3:
        raise DataError(
            f"{truth}: has {len(frames)} frames; at least 3 are needed, because the first and the "
            "last are not scored"
        )
    names_predicted = {file.name for file in prediction.glob("*.png")}
    missing = [frame for frame in frames[1:-1] if frame not in names_predicted]
    if missing:
        raise DataError(
            f"{prediction}: {len(missing)} of {len(frames) - 2} frames are missing ({missing[0]}, "
            "...); write a picture of zeros for a frame without objects"
        )
    notes["predicted frames that are not in the truth"] += len(names_predicted - set(frames))
    true = _stack(truth, frames)
    predicted = _stack(prediction, frames, like=true, optional=(frames[0], frames[-1]))
    names = [int(value) for value in np.unique(true[0]) if value not in (0, VOID)]
    if not names:
        raise DataError(
            f"{truth / frames[0]}: contains no object; objects are 1, 2, ..., and 255 is void. If "
            f"its masks are 0 and 255, {BINARY_FIX}"
        )
    _check_shared(prediction, predicted[1:-1], names)
    notes[VOID_PREDICTED] += int((predicted[1:-1] == VOID)[true[1:-1] != VOID].any())
    notes["true objects that are not in the first frame"] += _others(true, names)
    notes["predicted objects that are not in the truth"] += _others(predicted[1:-1], names)
    void = true == VOID
    return [
        _object_score(
            f"{name}/{value}", name, davis_scores(true == value, predicted == value, void=void)
        )
        for value in names
    ]


def _check_shared(folder: Path, predicted: Labels, names: Sequence[int]) -> None:
    """Refuse predicted masks that have objects but share none with the truth.

    Raises:
        DataError: No object has the number of a true one.
    """
    values = set(np.unique(predicted).tolist()) - {0}
    if not values or values & set(names):
        return
    fix = "write the numbers of the truth"
    if VOID in values:
        fix = f"255 marks void pixels, in the truth only; if the masks are 0 and 255, {BINARY_FIX}"
    raise DataError(
        f"{folder}: the masks have the values {_listed(values)}, and the truth's objects are "
        f"{_listed(names)}: no object of the truth is predicted; {fix}"
    )


def _listed(values: Iterable[int]) -> str:
    ordered = sorted(values)
    return ", ".join(map(str, ordered[:5])) + (", ..." if len(ordered) > 5 else "")


def _stack(
    folder: Path, frames: Sequence[str], *, like: Labels | None = None, optional: Sequence[str] = ()
) -> Labels:
    """Return the frames of a sequence [T, H, W]; missing optional frames are zeros."""
    shape = None if like is None else like.shape[1:]
    labels = []
    for frame in frames:
        file = folder / frame
        if frame in optional and not file.is_file():
            labels.append(np.zeros(shape or (0, 0), dtype=np.uint8))
            continue
        picture = read_labels(file)
        shape = shape or picture.shape
        if picture.shape != shape:
            raise DataError(
                f"{file}: is {picture.shape[0]} high and {picture.shape[1]} wide, the truth "
                f"{shape[0]} and {shape[1]}; resize it with nearest-neighbour sampling"
            )
        labels.append(picture)
    return np.stack(labels)


def _others(labels: Labels, names: Sequence[int]) -> int:
    return len(set(np.unique(labels).tolist()) - {0, VOID, *names})


def _object_score(name: str, sequence: str, scores: DavisScores) -> SampleScore:
    values: dict[str, float | None] = {
        "j_and_f": scores.mean,
        "j_and_f_strict": scores.mean_strict,
        "f_strict": scores.f_strict.mean,
    }
    for letter, measure in (("j", scores.j), ("f", scores.f)):
        values |= {
            letter: measure.mean,
            f"{letter}_recall": measure.recall,
            f"{letter}_decay": measure.decay,
        }
    return SampleScore(name, "ok", values, cluster=sequence)
