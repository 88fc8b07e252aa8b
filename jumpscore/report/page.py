"""The frame that all pages share, and writing them to disk."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from string import Template

from jumpscore.jsonio import replacing
from jumpscore.report.text import escaped, shortened


def page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Return a complete HTML document.

    Its content policy allows only ``data:`` pictures and our own script, identified by its hash: if
    a model's text ever reached the page unescaped, it could still do nothing.

    Args:
        title: Plain text.
        body: HTML.
        style: CSS of this kind of page, after that of all pages.
        script: JavaScript of this kind of page, after that of all pages.
    """
    return "".join(page_parts(title, [body], style=style, script=script))


def page_parts(
    title: str, body: Iterable[str], *, style: str = "", script: str = ""
) -> Iterator[str]:
    """Yield the same document in parts; the page of a long run would fill the memory."""
    script = _asset("report.js") + script
    names = {
        "title": escaped(title),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "style": _asset("report.css") + style,
        "script": script,
    }
    above, below = _asset("page.html").split("$body")
    yield Template(above).substitute(names)
    yield from body
    yield Template(below).substitute(names)


def header(
    kicker: str, title: str, sub: str, banners: Iterable[tuple[str, str]], facts: str
) -> str:
    """Return the top of a page.

    Args:
        kicker: What kind of page it is, HTML.
        title: Plain text.
        sub: HTML of the line below the title.
        banners: (class, HTML) of notes and warnings.
        facts: HTML, such as from ``fact_list``.
    """
    items = "".join(f'<li class="{kind}">{html}</li>' for kind, html in banners)
    listed = f'<ul class="banners">{items}</ul>' if items else ""
    return (
        f'<header class="top"><p class="kicker">{kicker}</p>'
        f"<h1><bdi>{shortened(title)}</bdi></h1>"
        f'<p class="sub">{sub}</p>{listed}{facts}</header>'
    )


def fact_list(rows: Iterable[tuple[str, str]], *, kind: str = "facts") -> str:
    """Return names and values, plain text, as a list of terms."""
    terms = "".join(
        f"<div><dt>{escaped(name)}</dt><dd>{shortened(value, 400)}</dd></div>"
        for name, value in rows
    )
    return f'<dl class="{kind}">{terms}</dl>'


def wide_table(content: str, kind: str = "") -> str:
    """Return a table that scrolls sideways on a narrow screen, with the keyboard too.

    Args:
        content: HTML between the tags of the table.
        kind: Classes next to ``metrics``.
    """
    classes = f"metrics {kind}".rstrip()
    return f'<div class="wide" tabindex="0"><table class="{classes}">{content}</table></div>'


def write_page(path: Path, content: str | Iterable[str]) -> Path:
    """Replace a page, or its parts, atomically: readers see the old one or the new one.

    Raises:
        UsageError: The page cannot be written.
    """
    with replacing(path) as scratch:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as sink:
            for part in [content] if isinstance(content, str) else content:
                sink.write(part.encode("utf-8", "replace"))
    return path


def _asset(name: str) -> str:
    return files("jumpscore.report").joinpath(name).read_text(encoding="utf-8")
