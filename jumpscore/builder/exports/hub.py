"""The layout of JumpScore on the hub: rows as parquet, and one zip archive of all videos."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from jumpscore.builder.exports.formats import ExportVideo
from jumpscore.data.layout import Row
from jumpscore.errors import DataError

ARCHIVE = "videos.zip"
USE = """
Rows are in `data/<split>-*.parquet` with the columns `id`, `video_path`, `question` and `answer`;
an answer is a JSON list of seconds. Unpack `videos.zip` in this folder."""


def write_hub(
    splits: Mapping[str, Sequence[ExportVideo]], out: Path, *, card: Path, videos: bool = True
) -> list[Path]:
    """Write the rows of every split, and the videos; return the files.

    The archive is the same for the same videos: its entries are sorted and have a fixed date. They
    are not compressed, because videos already are.

    Args:
        splits: Name of a split -> its videos.
        out: Folder to write.
        card: Data card to add if it exists.
        videos: Whether to write the archive of videos.

    Raises:
        DataError: Two splits have different videos at one path.
    """
    import pyarrow
    import pyarrow.parquet

    (out / "data").mkdir()
    files = []
    paths: dict[str, Path] = {}
    for name, part in splits.items():
        columns = {
            item.name: [getattr(video.row, item.name) for video in part] for item in fields(Row)
        }
        file = out / "data" / f"{name}-00000-of-00001.parquet"
        pyarrow.parquet.write_table(pyarrow.table(columns), file)
        files.append(file)
        for video in part:
            if paths.setdefault(video.path, video.info.path) != video.info.path:
                raise DataError(f"two splits have the path {video.path!r}; rename one of them")
    if videos:
        files.append(out / ARCHIVE)
        with zipfile.ZipFile(out / ARCHIVE, "w") as archive:
            for path, source in sorted(paths.items()):
                entry = zipfile.ZipInfo(path)
                entry.external_attr = 0o644 << 16
                entry.file_size = source.stat().st_size
                with source.open("rb") as stream, archive.open(entry, "w") as sink:
                    shutil.copyfileobj(stream, sink, 1 << 20)
    if card.is_file():
        (out / "README.md").write_text(_card(card, list(splits)), encoding="utf-8")
        plots = card.parent / "plots"
        if plots.is_dir():
            shutil.copytree(plots, out / "plots")
    return files


def _card(card: Path, splits: Sequence[str]) -> str:
    """Return a data card with the paths of this layout."""
    text = card.read_text(encoding="utf-8")
    for name in splits:
        text = text.replace(f"path: {name}/data/*.parquet", f"path: data/{name}-*.parquet")
    before, heading, rest = text.partition("## Use\n")
    if not heading:
        return text
    after = rest.partition("\n## ")[2]
    return f"{before}{heading}{USE}\n\n## {after}"
