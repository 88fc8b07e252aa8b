"""Folders of PNGs as DAVIS has them: a folder per sequence, a picture per frame.

``Annotations/480p/<sequence>/00000.png``: indexed or grey; a value is an object, 0 the background,
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
"""Pixels of a picture that is decoded."""
HEADER = 33
"""Bytes of a PNG up to the end of its first chunk; the 25th is its number of bits per value."""
BINARY_FIX = "write 1 for 255 (`mask // 255`)"
VOID_PREDICTED = (
    "sequences whose predicted masks have 255, which is void in the truth only; it was read as "
    "background; an object needs the number that it has in the truth"
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
    """What a folder of predicted masks is worth.

    Attributes:
        objects: One score per object, ``id`` ``"sequence/object"``, its sequence as cluster.
        overall: Metric -> mean over objects; intervals resample sequences.
        notes: Counted oddities that change no number.
    """

    objects: tuple[SampleScore, ...]
    overall: Mapping[str, Estimate]
    notes: Mapping[str, int]


def score_folders(prediction: str | Path, truth: str | Path, *, seed: int = 0) -> FolderScores:
    """Score predicted masks as the semi-supervised protocol of DAVIS does (see ``davis_scores``).

    The objects are those of a sequence's first true frame. Predicted frames are found by name; the
    first and the last one, which do not count, may be missing.

    Args:
        prediction: Folder with a folder of PNGs per sequence.
        truth: The same, or the root of a data set with ``Annotations`` in it.
        seed: Of the intervals.

    Raises:
        DataError: A sequence or a frame is missing, a picture cannot be read or has another size.
    """
    true, found = find_sequences(Path(truth)), find_sequences(Path(prediction))
    missing = [name for name in true if name not in found]
    if missing:
        raise DataError(
            f"{prediction}: has nothing for {len(missing)} of {len(true)} sequences "
            f"({', '.join(missing[:5])}){nearest_names(missing[0], found)}; every sequence counts"
        )
    notes: Counter[str] = Counter()
    notes["predicted sequences that the truth does not have"] = len(found.keys() - true.keys())
    objects: list[SampleScore] = []
    for name, folder in true.items():
        objects += _score_sequence(name, folder, found[name], notes)
    overall = bootstrap(ratios(METRICS, objects), seed=seed, clusters=clusters_of(objects))
    return FolderScores(tuple(objects), overall, {k: n for k, n in notes.items() if n})


def find_sequences(root: Path) -> dict[str, Path]:
    """Return the sequences below a folder, by name: folders with PNGs in them.

    Args:
        root: The folder of the sequences, a data set with ``Annotations`` in it (of one
            resolution), or the folder of a single sequence.

    Raises:
        DataError: There is no PNG where there should be.
    """
    if (root / "Annotations").is_dir():
        root = root / "Annotations"
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    if any(root.glob("*.png")):
        return {root.name: root}
    found = {folder.name: folder for folder in _with_pictures(root)}
    if found:
        return found
    nested = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
    resolutions = [folder for folder in nested if _with_pictures(folder)]
    if len(resolutions) == 1:
        return {folder.name: folder for folder in _with_pictures(resolutions[0])}
    if resolutions:
        names = ", ".join(folder.name for folder in resolutions)
        raise DataError(f"{root}: holds several sets of masks ({names}); give one of these folders")
    raise DataError(f"{root}: holds no folders of PNGs")


def _with_pictures(root: Path) -> list[Path]:
    return [f for f in sorted(root.iterdir()) if f.is_dir() and any(f.glob("*.png"))]


def read_labels(file: Path) -> Labels:
    """Return which object each pixel of an indexed or grey PNG belongs to, uint8 [H, W].

    Values are those that the file stores: white is 1 in a picture of one bit a pixel.

    Raises:
        DataError: It cannot be read, or is a picture in colours.
    """
    import av

    try:
        # One file, whatever its name: by default FFmpeg takes % for a sequence of files.
        with av.open(str(file), format="png_pipe") as container:
            stream = container.streams.video[0]
            area = stream.width * stream.height
            frame = next(container.decode(stream)) if area <= LARGEST else None
    except (OSError, ValueError, IndexError, StopIteration) as error:  # what PyAV raises
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
    """Return by how much decoders spread the values of a grey PNG of few bits: 17 for four bits."""
    with file.open("rb") as stream:
        bits = stream.read(HEADER)[24:25]
    return {2: 85, 4: 17}.get(bits[0] if bits else 8, 1)


def _score_sequence(
    name: str, truth: Path, prediction: Path, notes: Counter[str]
) -> list[SampleScore]:
    frames = sorted(file.name for file in truth.glob("*.png"))
    if len(frames) < 3:
        raise DataError(
            f"{truth}: has {len(frames)} frames; the first and the last do not count, so 3 are the "
            "least"
        )
    there = {file.name for file in prediction.glob("*.png")}
    lacking = [frame for frame in frames[1:-1] if frame not in there]
    if lacking:
        raise DataError(
            f"{prediction}: lacks {len(lacking)} of {len(frames) - 2} frames ({lacking[0]}, ...); "
            "a frame without objects is a picture of zeros"
        )
    notes["predicted frames that the truth does not have"] += len(there - set(frames))
    true = _stack(truth, frames)
    found = _stack(prediction, frames, like=true, optional=(frames[0], frames[-1]))
    names = [int(value) for value in np.unique(true[0]) if value not in (0, VOID)]
    if not names:
        raise DataError(
            f"{truth / frames[0]}: shows no object; objects are 1, 2, ..., and 255 is void. If its "
            f"masks are 0 and 255, {BINARY_FIX}"
        )
    _check_shared(prediction, found[1:-1], names)
    notes[VOID_PREDICTED] += int((found[1:-1] == VOID)[true[1:-1] != VOID].any())
    notes["true objects that the first frame does not show"] += _others(true, names)
    notes["predicted objects that the truth does not have"] += _others(found[1:-1], names)
    void = true == VOID
    return [
        _object_score(
            f"{name}/{value}", name, davis_scores(true == value, found == value, void=void)
        )
        for value in names
    ]


def _check_shared(folder: Path, predicted: Labels, names: Sequence[int]) -> None:
    """Refuse predicted masks that have objects, and none of the truth's.

    Raises:
        DataError: All of their objects would be missing, whatever the masks are.
    """
    values = set(np.unique(predicted).tolist()) - {0}
    if not values or values & set(names):
        return
    fix = "write the numbers of the truth"
    if VOID in values:
        fix = f"255 marks void pixels, in the truth only; if the masks are 0 and 255, {BINARY_FIX}"
    raise DataError(
        f"{folder}: the masks have the values {_listed(values)}, and the truth's objects are "
        f"{_listed(names)}: no object of the truth was predicted anywhere; {fix}"
    )


def _listed(values: Iterable[int]) -> str:
    ordered = sorted(values)
    return ", ".join(map(str, ordered[:5])) + (", ..." if len(ordered) > 5 else "")


def _stack(
    folder: Path, frames: Sequence[str], *, like: Labels | None = None, optional: Sequence[str] = ()
) -> Labels:
    """Return the frames of a sequence [T, H, W]; optional ones that are missing are zeros."""
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
    for letter, found in (("j", scores.j), ("f", scores.f)):
        values |= {
            letter: found.mean,
            f"{letter}_recall": found.recall,
            f"{letter}_decay": found.decay,
        }
    return SampleScore(name, "ok", values, cluster=sequence)
