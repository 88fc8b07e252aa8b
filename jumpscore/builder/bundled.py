"""Bundled data sets: annotations are shipped, videos are rendered from a recipe and verified."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from jumpscore.data.catalogue import BUNDLED, bundled_set
from jumpscore.data.digests import FrameDigest, Match, compare_digests
from jumpscore.data.layout import MANIFEST, ROWS, Manifest, read_manifest, read_rows
from jumpscore.errors import DataError
from jumpscore.jsonio import write_json
from jumpscore.records import Progress
from jumpscore.video import content_hash


def bundled_folder(name: str) -> Path:
    """Return the installed annotations folder of a bundled set.

    Raises:
        UsageError: The name is unknown.
    """
    return Path(str(files("jumpscore.annotations").joinpath(bundled_set(name).name)))


def bundled_manifest(name: str) -> Manifest:
    """Return the bundled manifest, with the checksums to verify rendered videos."""
    return read_manifest(bundled_folder(name))


def materialize(
    name: str,
    out: str | Path,
    *,
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> Counter[Match]:
    """Render a bundled set into ``out`` and verify its checksums.

    Returns:
        Number of videos that are ``exact``, and ``equivalent`` (the same pictures, from another
        version of the encoder).

    Raises:
        DataError: A video has other pictures, or the annotations differ.
    """
    bundled = bundled_manifest(name)
    recipe = bundled.recipe
    profile = load_profile(name)
    if profile.recipe() != recipe["profile"]:
        raise DataError(
            f"profile {name!r} differs from that of the bundled annotations; use another profile "
            "name, or run 'make bundled'"
        )
    manifest = synthesize(
        out,
        profile,
        seed=recipe["seed"],
        workers=workers,
        name=bundled.name,
        on_progress=on_progress,
    )
    if read_rows(out) != read_rows(bundled_folder(name)):
        raise DataError(
            f"{out}: the rendered events differ from the bundled ones; the renderer has changed: "
            "run 'make bundled'"
        )
    matches: Counter[Match] = Counter()
    for row in read_rows(out):
        if content_hash(Path(out) / row.video_path) != manifest.videos[row.id]["sha256"]:
            raise DataError(
                f"{Path(out) / row.video_path}: the file was changed after rendering; delete {out} "
                "to render it again"
            )
    for row_id, facts in bundled.videos.items():
        rendered, expected = manifest.videos[row_id]["pictures"], facts["pictures"]
        match = compare_digests(FrameDigest(**rendered), FrameDigest(**expected))
        if match == "different":
            raise DataError(
                f"{out}: the pictures of video {row_id} do not match the bundled checksum; the "
                "renderer has changed: run 'make bundled'"
            )
        matches[match] += 1
    return matches


def write_bundled(rendered: str | Path, target: Path) -> None:
    """Write the annotations and checksums of a rendered set to the package's folder."""
    target.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(row)) + "\n" for row in read_rows(rendered)]
    (target / ROWS).write_text("".join(lines), encoding="utf-8")
    write_json(target / MANIFEST, read_manifest(rendered).content())


def main() -> None:
    """Render bundled sets, by default all, and write them into the source tree."""
    import tempfile

    names = sys.argv[1:] or [bundled.name for bundled in BUNDLED]
    for bundled in map(bundled_set, names):
        name = bundled.name
        target = Path(str(files("jumpscore.annotations"))) / name
        with tempfile.TemporaryDirectory() as scratch:
            synthesize(scratch, load_profile(name), seed=bundled.seed, name=f"synthetic-{name}")
            write_bundled(scratch, target)
        print(f"written to {target}")


if __name__ == "__main__":
    main()
