"""A figure as PDF, written by fpdf2."""

from __future__ import annotations

from datetime import datetime

from jumpscore.errors import UsageError, visible
from jumpscore.report.exports.figure import WIDTH, Disc, Figure, Line, Mark, Words
from jumpscore.report.text import DASH, MINUS


def pdf(figure: Figure, created: datetime) -> bytes:
    """Return the figure as a PDF file of one page.

    The standard fonts of PDF, which need not be embedded, have Latin letters only; others appear
    as escapes. The SVG file shows all of them.

    Args:
        figure: What to draw.
        created: Time that the file states; part of its bytes.

    Raises:
        UsageError: fpdf2 is not installed.
    """
    try:
        from fpdf import FPDF
    except ImportError:
        raise UsageError(
            "PDF files need fpdf2, which is not installed; pip install 'jumpscore[pdf]', or write "
            "an .svg file"
        ) from None
    paper = FPDF(unit="pt", format=(WIDTH, figure.height))
    paper.set_auto_page_break(False)
    paper.set_creation_date(created)
    paper.set_title(_latin(figure.title))
    paper.set_creator("jumpscore")
    paper.add_page()
    for mark in figure.marks:
        _draw(paper, mark)
    return bytes(paper.output())


def _draw(paper, mark: Mark) -> None:  # type: ignore[no-untyped-def]  # fpdf2 is optional
    colour = tuple(bytes.fromhex(mark.colour[1:]))
    if isinstance(mark, Line):
        paper.set_draw_color(*colour)
        paper.set_line_width(mark.width)
        paper.set_dash_pattern(*((4, 3) if mark.dashed else ()))
        paper.line(*mark.start, *mark.end)
    elif isinstance(mark, Disc):
        paper.set_fill_color(*colour)
        paper.circle(*mark.centre, mark.radius, style="F")
    elif isinstance(mark, Words):
        text = _latin(mark.text)
        paper.set_font("helvetica", "B" if mark.bold else "", mark.size)
        paper.set_text_color(*colour)
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
        x, y = mark.at
        paper.text(x - share * paper.get_string_width(text), y, text)


def _latin(text: str) -> str:
    """Return text in the letters of the standard fonts.

    >>> _latin("−0.5 – 視")
    '-0.5 - \\\\u8996'
    """
    plain = visible(text).replace(MINUS, "-").replace(DASH, "-")
    return plain.encode("latin-1", "backslashreplace").decode("latin-1")
