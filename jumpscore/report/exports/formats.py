"""The formats of exported results: what a file contains, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jumpscore.errors import UsageError
from jumpscore.jsonio import replacing
from jumpscore.runs import StoredRun

Writer = Callable[[Sequence[StoredRun], Path], None]

RESULTS, APPENDIX, INSPECT, LMMS = "results", "appendix", "inspect", "lmms-eval"


def _markdown(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.documents import markdown
    from jumpscore.report.exports.results import results_table

    _write(out, markdown([results_table(runs)]))


def _latex(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.documents import latex
    from jumpscore.report.exports.results import results_table

    _write(out, latex([results_table(runs)]))


def _table(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.results import results_frame
    from jumpscore.runs.tables import write_samples

    write_samples(results_frame(runs), out)


def _svg(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.figure import results_figure, svg

    _write(out, svg(results_figure(runs)))


def _pdf(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.appendix import started_at
    from jumpscore.report.exports.figure import results_figure
    from jumpscore.report.exports.pdf import pdf

    _write(out, pdf(results_figure(runs), max(map(started_at, runs))))


def _markdown_appendix(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.appendix import appendix
    from jumpscore.report.exports.documents import markdown

    _write(out, markdown(appendix(runs)))


def _latex_appendix(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.appendix import appendix
    from jumpscore.report.exports.documents import latex

    _write(out, latex(appendix(runs)))


def _inspect(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.inspect_log import inspect_log

    _write(out, inspect_log(_single(runs, "an inspect_ai log")))


def _lmms(runs: Sequence[StoredRun], out: Path) -> None:
    from jumpscore.report.exports.lmms_results import lmms_results

    for name, text in lmms_results(_single(runs, "a folder of lmms-eval")).items():
        _write(out / name, text)


FORMATS: Mapping[tuple[str, str], Writer] = {
    (RESULTS, ".md"): _markdown,
    (RESULTS, ".tex"): _latex,
    (RESULTS, ".svg"): _svg,
    (RESULTS, ".pdf"): _pdf,
    (RESULTS, ".csv"): _table,
    (RESULTS, ".parquet"): _table,
    (APPENDIX, ".md"): _markdown_appendix,
    (APPENDIX, ".tex"): _latex_appendix,
    (INSPECT, ".eval"): _inspect,
    (LMMS, ""): _lmms,
}
"""(Content, suffix of the file) -> writer. A folder has no suffix."""
CONTENTS = tuple(dict.fromkeys(content for content, _ in FORMATS))


def suffixes(content: str) -> list[str]:
    """Return the suffixes of files with some content."""
    return [suffix for name, suffix in FORMATS if name == content]


def export(runs: Sequence[StoredRun], out: Path, content: str) -> None:
    """Write runs to a file, or to a folder for lmms-eval.

    Args:
        runs: Finished runs; several make one table.
        out: File to write. Its suffix is the format.
        content: One of ``CONTENTS``.

    Raises:
        UsageError: The suffix does not fit the content, the runs do not fit together, or the file
            cannot be written.
    """
    if content not in CONTENTS:
        raise UsageError(f"--content {content}: unknown; use {', '.join(CONTENTS)}")
    writer = FORMATS.get((content, out.suffix.lower()))
    if writer is None:
        allowed = ", ".join(suffixes(content)).strip() or "a folder, whose name has no suffix"
        raise UsageError(
            f"--out {out}: unsupported suffix {out.suffix!r} for {content}; use {allowed}"
        )
    writer(runs, out)


def _single(runs: Sequence[StoredRun], what: str) -> StoredRun:
    if len(runs) > 1:
        raise UsageError(f"{what} contains one run, not {len(runs)}; export each to its own file")
    return runs[0]


def _write(out: Path, content: str | bytes) -> None:
    with replacing(out) as scratch:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(content.encode() if isinstance(content, str) else content)
