"""Divide videos into splits so that no group, such as one source, is in two of them.

The groups of a split are drawn by scikit-learn's ``GroupShuffleSplit``. Its size counts groups,
which may have different numbers of videos, so several sizes are drawn and the draw whose number of
videos is nearest to the wanted share is used. ``StratifiedGroupKFold`` makes folds of equal
size only, and at most as many as there are groups.

Videos that were frozen before keep their split, so a model that was trained on one version is never
tested on its training videos in the next.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.report.text import plural

DRAWS = 16
"""Draws for every number of groups."""
MOST_SIZES = 24
"""Numbers of groups that are tried, the expected one first."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class Splits:
    """Which split every video is in.

    Attributes:
        by_video: Video id -> name of its split.
        notes: Shares that could not be met, and groups that are in two splits since they were
            frozen as different groups.
    """

    by_video: Mapping[str, str]
    notes: tuple[str, ...]


def check_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return valid shares of splits.

    Raises:
        UsageError: A name or a share is invalid, or the shares do not add up to 1.
    """
    for name, share in shares.items():
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"split {name!r:.60} is not a valid name; use up to 31 lower-case letters, digits, "
                "'-' or '_', beginning with a letter"
            )
        if not 0 < share <= 1:
            raise UsageError(f"split {name}: its share is {share:g}; it must be above 0, up to 1")
    if abs(sum(shares.values()) - 1) > 1e-6:
        listed = " + ".join(f"{share:g}" for share in shares.values())
        raise UsageError(f"the shares of the splits are {listed}; they must add up to 1")
    return dict(shares)


def assign_splits(
    groups: Mapping[str, str],
    shares: Mapping[str, float],
    *,
    seed: int = 0,
    before: Mapping[str, str] | None = None,
) -> Splits:
    """Return the split of every video.

    Args:
        groups: Video id -> its group.
        shares: Name of a split -> wanted share of the videos.
        seed: Equal seeds give equal splits.
        before: Video id -> its split in the last version. These videos stay there.

    Raises:
        UsageError: A split gets no video, a split of the last version is missing, or scikit-learn
            is not installed.
    """
    before = {video: split for video, split in (before or {}).items() if video in groups}
    if lost := sorted(set(before.values()) - set(shares)):
        raise UsageError(
            f"the last version has videos in the split {lost[0]!r}, which must stay there; add "
            f"--split {lost[0]}=SHARE"
        )
    sizes = Counter(groups.values())
    split_of, conflicts = _split_of_groups(groups, before)
    placed = [before.get(video, split_of.get(group)) for video, group in groups.items()]
    filled = Counter(split for split in placed if split is not None)
    free = sorted(group for group in sizes if group not in split_of)
    goals = {name: share * len(groups) for name, share in shares.items()}
    missing = {name: max(0.0, goals[name] - filled[name]) for name in shares}
    names = sorted(shares)
    for place, name in enumerate(names):
        rest = names[place + 1 :]
        chosen = free
        if rest:
            least = int(not filled[name])
            most = len(free) - sum(not filled[other] for other in rest)
            total = sum(missing[other] for other in (name, *rest)) or 1.0
            share = missing[name] / total
            chosen = _draw(free, sizes, share, (least, most), seed)
        split_of |= dict.fromkeys(chosen, name)
        free = [group for group in free if group not in split_of]
    by_video = {video: before.get(video, split_of[group]) for video, group in groups.items()}
    return Splits(by_video, (*conflicts, *_differences(by_video, goals)))


def _split_of_groups(
    groups: Mapping[str, str], before: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the split of groups that were frozen before, and notes about those in several."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for video, split in sorted(before.items()):
        counts[groups[video]][split] += 1
    split_of = {
        group: min(count, key=lambda split: (-count[split], split))
        for group, count in counts.items()
    }
    notes = [
        f"group {group!r:.80} is in several splits ({', '.join(sorted(count))}), because its "
        "videos were frozen there before they were one group"
        for group, count in sorted(counts.items())
        if len(count) > 1
    ]
    return split_of, notes


def _draw(
    groups: Sequence[str],
    sizes: Mapping[str, int],
    share: float,
    limits: tuple[int, int],
    seed: int,
) -> list[str]:
    """Return the groups of one split.

    Args:
        groups: All groups that are left, sorted.
        sizes: Group -> number of videos.
        share: Wanted share of the videos of these groups.
        limits: Least and largest number of groups to draw.
        seed: Seed of the draws.
    """
    least, most = limits
    want = share * sum(sizes[group] for group in groups)
    counts = sorted(range(least, most + 1), key=lambda k: abs(k - share * len(groups)))
    best: tuple[float, list[str]] | None = None
    for count in counts[:MOST_SIZES]:
        for chosen in _samples(groups, count, seed):
            difference = abs(sum(sizes[group] for group in chosen) - want)
            if best is None or difference < best[0] - 1e-9:
                best = difference, chosen
        if best is not None and best[0] <= 0.5:
            break  # the nearest whole number of videos
    if best is None:
        raise UsageError(
            f"a split would be empty: {plural(len(groups), 'group')} of videos that stay together "
            "(by default those of one source) left for it and the next ones; use fewer splits, or "
            "videos of more sources"
        )
    return best[1]


def _samples(groups: Sequence[str], count: int, seed: int) -> list[list[str]]:
    """Return several random choices of ``count`` groups."""
    if count in (0, len(groups)):
        return [list(groups[:count])]
    try:
        from sklearn.model_selection import GroupShuffleSplit
    except ImportError as error:
        raise UsageError(
            "several splits need scikit-learn: pip install 'jumpscore[builder]'"
        ) from error
    places = np.arange(len(groups))
    splitter = GroupShuffleSplit(
        n_splits=DRAWS, test_size=count, train_size=len(groups) - count, random_state=seed
    )
    draws = splitter.split(places, groups=places)
    return [[groups[place] for place in sorted(chosen)] for _, chosen in draws]


def _differences(by_video: Mapping[str, str], goals: Mapping[str, float]) -> list[str]:
    """Return a note for every split that misses its share by a whole video or more."""
    counts = Counter(by_video.values())
    return [
        f"split {name} has {counts[name]} of {len(by_video)} videos, {want:g} were wanted; groups "
        "are not divided, and frozen videos stay in their split"
        for name, want in goals.items()
        if abs(counts[name] - want) >= 1 - 1e-9
    ]
