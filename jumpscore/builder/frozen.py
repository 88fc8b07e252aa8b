"""Bundled data sets: annotations ship, videos are rendered from their recipe and checked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from jumpscore.data.catalogue import BUNDLED, bundled_set
from jumpscore.data.digests import FrameDigest, Match, compare_digests
from jumpscore.data.layout import Manifest, Row, read_rows
from jumpscore.errors import DataError
from jumpscore.jsonio import write_json
from jumpscore.records import Progress
from jumpscore.video import content_hash


def frozen_folder(name: str) -> Traversable:
    """Return where a bundled set's annotations are installed.

    Raises:
        UsageError: Unknown name.
    """
    return files("jumpscore.annotations").joinpath(bundled_set(name).name)


def frozen_manifest(name: str) -> Manifest:
    """Return the bundled manifest, with the checksums that rendered videos are held against."""
    text = frozen_folder(name).joinpath("manifest.json").read_text(encoding="utf-8")
    return Manifest(**json.loads(text))


def frozen_rows(name: str) -> list[Row]:
    """Return the bundled annotations."""
    text = frozen_folder(name).joinpath("rows.jsonl").read_text(encoding="utf-8")
    return [Row(**json.loads(line)) for line in text.splitlines()]


def materialize(
    name: str,
    out: str | Path,
    *,
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> Counter[Match]:
    """Render a bundled set into ``out`` and hold it against its frozen checksums.

    Returns:
        How many videos are ``exact`` and how many ``equivalent`` (the same pictures, written by
        another version of the encoder).

    Raises:
        DataError: A video shows something else, or the annotations differ.
    """
    frozen = frozen_manifest(name)
    recipe = frozen.recipe
    profile = load_profile(name)
    if profile.recipe() != recipe["profile"]:
        raise DataError(
            f"profile {name!r} is not the one that the bundled annotations were frozen from; "
            "use another profile name, or freeze anew with 'make freeze'"
        )
    made = synthesize(
        out,
        profile,
        seed=recipe["seed"],
        workers=workers,
        name=frozen.name,
        on_progress=on_progress,
    )
    if read_rows(out) != frozen_rows(name):
        raise DataError(
            f"{out}: the rendered events are not the frozen ones; the renderer has changed, "
            "freeze anew with 'make freeze'"
        )
    matches: Counter[Match] = Counter()
    for row in read_rows(out):
        if content_hash(Path(out) / row.video_path) != made.videos[row.id]["sha256"]:
            raise DataError(
                f"{Path(out) / row.video_path}: is not the file that was rendered; delete {out} "
                "to render it anew"
            )
    for row_id, facts in frozen.videos.items():
        match = compare_digests(_digest(made.videos[row_id]), _digest(facts))
        if match == "different":
            raise DataError(
                f"{out}: the video of id {row_id} does not show what the frozen checksum says; "
                "the renderer has changed, freeze anew with 'make freeze'"
            )
        matches[match] += 1
    return matches


def freeze(rendered: str | Path, target: Path) -> None:
    """Write the annotations and checksums of a rendered set where the package ships them from."""
    from jumpscore.data.layout import read_manifest

    target.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(row)) + "\n" for row in read_rows(rendered)]
    (target / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    write_json(target / "manifest.json", asdict(read_manifest(rendered)))


def _digest(facts: Any) -> FrameDigest:
    return FrameDigest(**facts["pictures"])


def main() -> None:
    """Render every bundled set in a scratch folder and freeze it into the source tree."""
    import tempfile

    for bundled in BUNDLED:
        name = bundled.name
        target = Path(str(frozen_folder(name)))
        with tempfile.TemporaryDirectory() as scratch:
            synthesize(scratch, load_profile(name), seed=bundled.seed, name=f"synthetic-{name}")
            freeze(scratch, target)
        print(f"frozen into {target}")


if __name__ == "__main__":
    main()
