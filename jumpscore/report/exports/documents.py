"""Tables as Markdown and as LaTeX with booktabs. Every text is escaped, whatever it contains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jumpscore.errors import visible
from jumpscore.report.text import DASH, MINUS


@dataclass(frozen=True, slots=True)
class Table:
    """A table with text below it.

    Attributes:
        title: One line.
        header: Names of the columns.
        rows: Cells as plain text; the first column is a name.
        notes: Sentences below the table.
        command: A command line below the table, if any.
        numbers: Whether the other columns are numbers, which are aligned to the right.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    command: str | None = None
    numbers: bool = True


def markdown(tables: Sequence[Table]) -> str:
    """Return tables in GitHub's Markdown."""
    return "\n\n".join(map(_markdown, tables)) + "\n"


def _markdown(table: Table) -> str:
    rule = ["---", *(["---:" if table.numbers else "---"] * (len(table.header) - 1))]
    lines = [_pipes(map(markdown_text, table.header)), _pipes(rule)]
    lines += [_pipes(map(markdown_text, row)) for row in table.rows]
    parts = [f"**{markdown_text(table.title)}**", "\n".join(lines)]
    parts += [markdown_text(note) for note in table.notes]
    if table.command is not None:
        parts.append(_fenced(table.command))
    return "\n\n".join(parts)


def _pipes(cells: object) -> str:
    return f"| {' | '.join(cells)} |"  # type: ignore[arg-type]


def markdown_text(text: str) -> str:
    r"""Return text that Markdown and HTML show as it is, in one line.

    >>> markdown_text("a|b <img> map_reference [x](https://y.z)")
    'a\\|b &lt;img&gt; map\\_reference \\[x\\](https:&#47;/y.z)'
    """
    text = _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", text)
    return text.replace("://", ":&#47;/").replace("www.", "www&#46;")


def _fenced(command: str) -> str:
    """Return a block of code whose fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}console\n$ {_one_line(command)}\n{fence}"


def latex(tables: Sequence[Table]) -> str:
    r"""Return tables for ``\usepackage{booktabs}``, each in a ``table`` environment."""
    return "% Needs \\usepackage{booktabs}.\n" + "\n".join(map(_latex, tables))


def _latex(table: Table) -> str:
    others = len(table.header) - 1
    columns = "l" + ("r" * others if table.numbers else r"p{0.6\linewidth}" * others)
    # {} ends the line break before it: a row that begins with [ or * would be its argument.
    rows = ["{}" + " & ".join(map(latex_text, row)) + r" \\" for row in table.rows]
    below = [latex_text(note) for note in table.notes]
    if table.command is not None:
        below.append(rf"{{\ttfamily\raggedright {latex_text(table.command)}\par}}")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(table.title)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(map(latex_text, table.header)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\smallskip\footnotesize {text}" for text in below),
            r"\end{table}",
            "",
        ]
    )


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"{\char34}",
        "'": r"\textquotesingle{}",
        "`": r"\textasciigrave{}",
        MINUS: "$-$",
        DASH: "--",
        **{mark: f"\\{mark}" for mark in "{}$&#%_"},
    }
)


def latex_text(text: str) -> str:
    r"""Return text that LaTeX shows as it is.

    >>> latex_text(r"50% of a_b & \input{x}")
    '50\\% of a\\_b \\& \\textbackslash{}input\\{x\\}'
    >>> latex_text("--model")
    '-{}-model'
    """
    return _one_line(text).replace("--", "-\0-").translate(_LATEX).replace("\0", "{}")


def _one_line(text: str) -> str:
    """Return text without line breaks, invisible characters and lone surrogates."""
    return visible(" ".join(text.split())).encode("utf-8", "backslashreplace").decode("utf-8")
