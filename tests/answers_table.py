"""The table of answers with their right readings, and the docs page generated from it.

``python -m tests.answers_table > docs/answers.md`` writes the page. Each parser has one file in
``tests/data/answers`` with a title, the import path, a description, and rows with ``kind``,
``text``, ``right`` (``null``: nothing may be read) and, optionally, ``note``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "answers"
ORDER = ("times", "count", "span", "points", "box", "number", "choice", "word", "trace", "tracks")
"""Order of the files on the page; other files follow by name."""
INVISIBLE = {"\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽", "\u200b": "⍽"}
"""Replacements for characters that a table cell cannot show."""


def tables() -> dict[str, dict[str, Any]]:
    """Return parser -> its table."""
    loaded = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")
    }
    return dict(sorted(loaded.items(), key=lambda item: (_place(item[0]), item[0])))


def rows() -> list[tuple[str, dict[str, Any]]]:
    """Return (parser, row) of every row."""
    return [(parser, row) for parser, table in tables().items() for row in table["rows"]]


def page() -> str:
    """Return the text of docs/answers.md."""
    parts = [(FOLDER / "introduction.md").read_text(encoding="utf-8")]
    for table in tables().values():
        parts.append(f"## {table['title']}\n\n`{table['reader']}`: {table['about']}\n\n")
        parts.append("| kind | answer | read as |\n|---|---|---|\n")
        for row in sorted(table["rows"], key=lambda row: row["kind"]):
            note = f" ({row['note']})" if row.get("note") else ""
            parts.append(f"| {row['kind']} | {_code(row['text'])} | {_right(row)}{_cell(note)} |\n")
        parts.append("\n")
    parts.append((FOLDER / "disagreements.md").read_text(encoding="utf-8"))
    return "".join(parts)


def _place(parser: str) -> int:
    return ORDER.index(parser) if parser in ORDER else len(ORDER)


def _right(row: dict[str, Any]) -> str:
    if row["right"] is None:
        return "*not read*"
    return _code(json.dumps(row["right"], ensure_ascii=False))


def _code(text: str) -> str:
    """Return the text as HTML code that is safe in a Markdown table cell."""
    for character, symbol in INVISIBLE.items():
        text = text.replace(character, symbol)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for character in "|\\`*_[]~$":
        text = text.replace(character, f"&#{ord(character)};")
    return f"<code>{text}</code>"


def _cell(text: str) -> str:
    return text.replace("|", "&#124;").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(page())
