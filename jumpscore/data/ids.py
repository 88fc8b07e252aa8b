"""Match the ids of an answers file with those of a data set, even if they are spelled differently.

Tools rename samples: they write a video's path instead of its id, drop leading zeros, add a suffix.
A spelling is accepted only if it fits exactly one sample and no other answer fits that sample.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"),
)
MEDIA_SUFFIXES = (*VIDEO_SUFFIXES, ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
LONGEST_TAIL = 3
"""Number of trailing parts of a path that may distinguish files of the same name."""
DIGEST_LENGTH = 16
"""Length of a hexadecimal prefix that identifies a sample: 64 bits."""

Keys = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class IdMatch:
    """Assignment of answers to samples.

    Attributes:
        answer_ids: Sample id -> id in the answers file.
        respelled: Number of ids that are spelled differently.
        unknown: Ids in the answers file that fit no sample, or not exactly one, in order.
        ambiguous: A sentence about the first id that fits several samples, or shares its sample
            with another id; otherwise ``None``.
        by_row_number: Whether they were matched by ``match_row_numbers``.
    """

    answer_ids: Mapping[str, str]
    respelled: int
    unknown: tuple[str, ...]
    ambiguous: str | None = None
    by_row_number: bool = False


def match_ids(ids: Iterable[str], expected: Mapping[str, Sequence[str]]) -> IdMatch:
    """Match ids of answers with samples: first exactly, then by ever looser spellings.

    Args:
        ids: Ids in the answers file, without repeats.
        expected: Sample id -> paths of its files.

    >>> match_ids(["videos/A1.MP4", "b2"], {"a1": (), "b2": ()}).answer_ids
    {'b2': 'b2', 'a1': 'videos/A1.MP4'}
    """
    names = list(ids)
    matched = {name: name for name in names if name in expected}
    left = [name for name in names if name not in expected]
    respelled: dict[str, str] = {}
    answered = dict(matched)
    ambiguous = None
    for keys in RULES:
        if not left:
            break
        # Samples with an answer stay in the index, because they also make a spelling ambiguous.
        index = _index(expected, keys)
        candidates = {name: _candidates(name, keys, index) for name in left}
        owners = Counter(only for fit in candidates.values() if (only := _only(fit)) is not None)
        left = []
        for name, fit in candidates.items():
            only = _only(fit)
            if only is not None and owners[only] == 1 and only not in answered:
                respelled[only] = answered[only] = name
                continue
            left.append(name)
            if fit and ambiguous is None:
                ambiguous = _why_ambiguous(name, fit, candidates, answered)
    if left:
        respelled |= _without_affix(left, expected, answered)
    taken = set(respelled.values())
    unknown = tuple(name for name in left if name not in taken)
    return IdMatch(matched | respelled, len(respelled), unknown, ambiguous if unknown else None)


def id_hint(unknown: Sequence[str], expected: Iterable[str]) -> str:
    """Return an example of a wrong and of a right id, and how to list all."""
    example = next(iter(expected), None)
    has = "has no samples" if example is None else f"has ids such as {example!r:.80}"
    return (
        f"the answers file has ids such as {unknown[0]!r:.80}, but the data set {has}; 'jumpscore "
        "data ids DATA' lists them, and 'jumpscore data template DATA --out answers.jsonl' writes "
        "a file to fill in"
    )


def _trimmed(name: str) -> list[str]:
    return [unicodedata.normalize("NFC", name).strip()]


def _tails(name: str) -> list[str]:
    """Return the ends of a path, without the suffix of a media file, the longest first."""
    path = PurePosixPath(_trimmed(name)[0].replace("\\", "/"))
    if path.suffix.lower() in MEDIA_SUFFIXES:
        path = path.with_suffix("")
    parts = [part for part in path.parts if part not in (".", "/")]
    return ["/".join(parts[-n:]) for n in range(min(LONGEST_TAIL, len(parts)), 0, -1)]


def _folded_tails(name: str) -> list[str]:
    return [tail.casefold() for tail in _tails(name)]


def _number(name: str) -> list[str]:
    """Return the digits of a whole number: tables change ``0007`` to ``7`` or ``7.0``."""
    number = re.fullmatch(r"0*(\d{1,15})(?:\.0*)?", name.strip(), re.ASCII)
    return [number[1]] if number else []


def _digest(name: str) -> list[str]:
    """Return the beginning of a hexadecimal digest, because file names shorten digests."""
    last = _folded_tails(name)[-1:]
    if last and re.fullmatch(rf"[0-9a-f]{{{DIGEST_LENGTH},}}", last[0], re.ASCII):
        return [last[0][:DIGEST_LENGTH]]
    return []


RULES: tuple[Keys, ...] = (_trimmed, _tails, _folded_tails, _number, _digest)


def _index(expected: Mapping[str, Sequence[str]], keys: Keys) -> dict[str, set[str]]:
    """Return key -> samples with that key, by their ids and by the paths of their files."""
    index: dict[str, set[str]] = defaultdict(set)
    for name, paths in expected.items():
        for spelled in (name, *paths):
            for key in keys(spelled):
                index[key].add(name)
    return index


def _candidates(name: str, keys: Keys, index: Mapping[str, set[str]]) -> set[str]:
    """Return the samples of the most specific key of an id that has any."""
    return next((index[key] for key in keys(name) if key in index), set())


def _only(fit: set[str]) -> str | None:
    return next(iter(fit)) if len(fit) == 1 else None


def _why_ambiguous(
    name: str, fit: set[str], fits: Mapping[str, set[str]], matched: Mapping[str, str]
) -> str:
    only = _only(fit)
    if only is None:
        return f"{name!r:.80} fits {len(fit)} samples, such as {min(fit)!r:.80}"
    rivals = [other for other, its in fits.items() if other != name and its == fit]
    other = (rivals or [matched.get(only, only)])[0]
    return f"{name!r:.80} and {other!r:.80} both fit sample {only!r:.80}"


def _without_affix(
    left: Sequence[str], expected: Mapping[str, Sequence[str]], matched: Mapping[str, str]
) -> dict[str, str]:
    """Match ids that all have one and the same suffix or prefix, such as ``_0``, added to them."""
    lengths = sorted({len(name) for name in expected}, reverse=True)
    by_affix: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in left:
        for length in lengths:
            if length >= len(name):
                continue
            start, rest = name[:length], name[length:]
            before, end = name[:-length], name[-length:]
            if start in expected and not rest[0].isalnum():
                by_affix["", rest][start] = name
                break
            if end in expected and not before[-1].isalnum():
                by_affix[before, ""][end] = name
                break
    if not by_affix:
        return {}
    most = max(by_affix.values(), key=len)
    if len(most) < min(2, len(expected)) or most.keys() & matched.keys():
        return {}
    return most


def match_row_numbers(ids: Iterable[str], expected: Iterable[str]) -> IdMatch:
    """Match row numbers, from 0 or 1, with samples if there is exactly one for each sample.

    This is the last resort, because nothing confirms that the rows are those of the data set.

    >>> match_row_numbers(["1", "2"], ["a", "b"]).answer_ids
    {'a': '1', 'b': '2'}
    """
    left, samples = list(ids), list(expected)
    numbers = {key: name for name in left for key in _number(name)}
    if len(numbers) == len(left) == len(samples) > 1:
        for first in (0, 1):
            rows = [str(first + place) for place in range(len(samples))]
            if all(number in numbers for number in rows):
                matched = {name: numbers[n] for name, n in zip(samples, rows, strict=True)}
                return IdMatch(matched, len(matched), (), by_row_number=True)
    return IdMatch({}, 0, tuple(left))
