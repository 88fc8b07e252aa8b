"""Long lists of samples: the first page is drawn, the others are text until they are opened.

A browser needs seconds for a document with thousands of drawings, but little for the same text. The
script draws one page at a time; sorting, filters and search still act on all samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PAGE_SAMPLES = 50
"""Samples on one page of a list; the script has the same number."""
MOST_AT_ONCE = 200
"""Largest number of samples that are drawn without pages."""


def is_paged(samples: int) -> bool:
    """Whether a list of samples has pages."""
    return samples > MOST_AT_ONCE


def first_page(samples: Iterable[tuple[str, str]], *, paged: bool) -> Iterator[str]:
    """Yield the samples that are drawn at once.

    Args:
        samples: Attributes and HTML of each sample; what is left belongs to ``later_pages``.
        paged: Whether the list has pages; otherwise all samples are drawn.
    """
    for number, (_, html) in enumerate(samples, start=1):
        yield html
        if paged and number == PAGE_SAMPLES:
            return


def later_pages(samples: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the other samples as text that no browser parses or runs, with their attributes.

    All text of models is escaped in the HTML, so that no sample can contain the closing tag.
    """
    yield '<div id="later" hidden>'
    for attributes, html in samples:
        yield f'<script type="text/plain" {attributes}>{html}</script>'
    yield "</div><noscript><p>Without JavaScript, only the first page is shown.</p></noscript>"
