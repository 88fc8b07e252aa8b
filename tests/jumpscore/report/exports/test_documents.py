from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from jumpscore.errors import visible
from jumpscore.report.exports.documents import Table, latex, latex_text, markdown

TABLE = Table(
    "f1 of a_b",
    ("model", "f1 %"),
    (("x|y <b>", "49.2 [44.9, 53.7]"), ("[z]", "−0.5"), ("*", "–")),
    notes=("50% & more",),
    command="jumpscore run 'model=a`b'",
)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("|`\\*_<>&#[]{}$~^%\"'-:/!."),
    max_size=40,
)


def rendered(table: Table) -> str:
    return MarkdownIt("commonmark").enable("table").render(markdown([table]))


def texts(pattern: str, page: str) -> list[str]:
    return [html.unescape(cell).strip() for cell in re.findall(pattern, page, re.DOTALL)]


def one_line(text: str) -> str:
    return visible(" ".join(text.split()))


def test_markdown_has_the_cells_of_the_table():
    page = rendered(TABLE)
    assert texts(r"<th(?: [^>]*)?>(.*?)</th>", page) == ["model", "f1 %"]
    assert texts(r"<td(?: [^>]*)?>(.*?)</td>", page) == [cell for row in TABLE.rows for cell in row]
    assert texts(r"<code[^>]*>(.*?)</code>", page) == ["$ jumpscore run 'model=a`b'"]
    assert 'text-align:right">49.2' in page


@given(TEXTS, TEXTS)
def test_markdown_shows_any_text_as_it_is(name, note):
    page = rendered(Table("t", ("model", "b"), ((name, "1"),), notes=(f"n {note}",)))
    assert texts(r"<td(?: [^>]*)?>(.*?)</td>", page) == [one_line(name), "1"]
    assert one_line(f"n {note}") in texts(r"<p>(.*?)</p>", page)
    allowed = {"p", "strong", "table", "thead", "tr", "th", "tbody", "td"}
    assert set(re.findall(r"<(\w+)", page)) <= allowed


ESCAPES = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", r"{\char34}": '"',
    r"\textquotesingle{}": "'", r"\textasciigrave{}": "`", "-{}-": "--", "$-$": "−",
    **{f"\\{mark}": mark for mark in "{}$&#%_"},
}  # fmt: skip
TOKEN = re.compile("|".join(map(re.escape, sorted(ESCAPES, key=len, reverse=True))) + "|.", re.S)


@given(TEXTS)
def test_latex_text_is_read_back_by_latex(text):
    """Every token is a known escape or a character without a meaning in LaTeX."""
    tokens = TOKEN.findall(latex_text(text))
    assert not {token for token in tokens if token in set("\\{}$&#%_~^")}
    read = "".join(ESCAPES.get(token, token) for token in tokens)
    assert read.replace("--", "–") == one_line(text).replace("--", "–")


def test_latex_is_a_booktabs_table():
    lines = latex([TABLE, TABLE]).splitlines()
    assert lines[:8] == [
        r"% Needs \usepackage{booktabs}.",
        r"\begin{table}",
        r"\centering",
        r"\caption{f1 of a\_b}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"model & f1 \% \\",
        r"\midrule",
    ]
    # Without {}, the bracket would be an argument of the line break above it.
    assert lines[8:13] == [
        r"{}x\textbar{}y \textless{}b\textgreater{} & 49.2 [44.9, 53.7] \\",
        r"{}[z] & $-$0.5 \\",
        r"{}* & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    opened = re.findall(r"\\begin\{(\w+)\}", "\n".join(lines))
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+)\}", "\n".join(lines)))
