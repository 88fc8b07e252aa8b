"""Counts of constructions that read like a translation, in sources, pages and tests.

``python -m tests.language`` prints the counts as the table of ``tests/jumpscore/test_language.py``;
``python -m tests.language nobody docs`` prints the places of one construction in one room. The net
is coarse: a place may be correct English. The limits keep the counts from growing.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
ROOMS = ("jumpscore", "evaluators", "model_wrappers", "docs", "tests")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
"""Files of the top level; they count as docs."""
GENERATED = ("docs/answers.md", "tests/data")
SUFFIXES = (".py", ".md", ".yaml", ".html", ".js")

TEXT = {
    "is no": r"(?<!there )\b(?:is|are|was|were|be) (?:none|nobody|nothing|no(?! longer| more))\b",
    "where for if": r"\bwhere (?:there|it|one|none|nothing|an?|no|asked|known|given|all)\b",
    "tell": r"\b(?:un)?(?:tells?|told|telling)\b",
    "say": r"\b(?:says?|said|speaks? of)\b",
    "know": r"\b(?:knows?|knew)\b",
    "hold": r"\b(?:holds?|held(?![- ]out))\b",
    "Of the": r"(?m)^\s*(?:\w+: )?Of (?:an?|the|what|each|every|its|all|this)\b",
    "beside": r"\bbeside\b",
    "nobody": r"\b(?:nobody|anew)\b",
    "earn": r"\b(?:earn(?:s|ed)?|worth)\b",
    "floor": r"\bfloors?\b",
}
"""Construction -> pattern, searched in prose: pages, comments, docstrings and other strings."""
PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in TEXT.items()}
VERBS = {"found", "said", "held", "shown", "told", "kept", "given", "made", "lacking", "wanted"}
"""Names of variables and parameters that should be the noun of their content."""
SENTENCE = re.compile(r"test_(?:an?|the|they|it|what|that|every|each|no|nothing|one|two|of|who)_")
"""Beginnings of test names without a unit; ``test_<unit>_<case>`` names what is tested."""
CONSTRUCTIONS = (*TEXT, "verb as name", "test without unit")


class Place(NamedTuple):
    """One occurrence of a construction."""

    construction: str
    file: str
    line: int
    text: str


def files(room: str) -> list[Path]:
    """Return the files that are counted under a room."""
    paths = [path for path in (ROOT / room).rglob("*") if path.suffix in SUFFIXES]
    if room == "docs":
        paths += [ROOT / page for page in PAGES if (ROOT / page).is_file()]
    names = {path: path.relative_to(ROOT).as_posix() for path in paths}
    return sorted(path for path, name in names.items() if not name.startswith(GENERATED))


@cache
def places(room: str) -> tuple[Place, ...]:
    """Return every occurrence of every construction in a room."""
    return tuple(
        Place(construction, path.relative_to(ROOT).as_posix(), line, text.strip())
        for path in files(room)
        for construction, line, text in _of_file(path, every_string=room != "tests")
    )


def counts() -> dict[str, dict[str, int]]:
    """Return construction -> room -> number of places."""
    table = {name: dict.fromkeys(ROOMS, 0) for name in CONSTRUCTIONS}
    for room in ROOMS:
        for place in places(room):
            table[place.construction][room] += 1
    return table


def _of_file(path: Path, *, every_string: bool) -> Iterator[tuple[str, int, str]]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from _of_prose(source, 1)
        return
    tree = ast.parse(source)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from _of_prose(token.string, token.start[0])
    wanted = None if every_string else _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if wanted is None or id(node) in wanted:
                yield from _of_prose(node.value, node.lineno)
        elif _bound_name(node) in VERBS:
            yield "verb as name", node.lineno, ast.unparse(node)
    for node in tree.body:  # a test inside a class has the class as its unit
        if isinstance(node, ast.FunctionDef) and SENTENCE.match(node.name):
            yield "test without unit", node.lineno, node.name


def _of_prose(text: str, first_line: int) -> Iterator[tuple[str, int, str]]:
    for construction, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start())
            yield construction, first_line + line, text.splitlines()[line]


def _docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of the string nodes that stand alone: docstrings of all kinds."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _bound_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else None


def table() -> str:
    """Return the counts as Python source, one construction per line."""
    rows = [f"    # {', '.join(ROOMS)}"]
    for name, by_room in counts().items():
        rows.append(f'    "{name}": ({", ".join(map(str, by_room.values()))}),')
    return "LIMITS = {\n" + "\n".join(rows) + "\n}"


def main() -> None:
    """Print the table, or the places of one construction (in one room)."""
    if len(sys.argv) == 1:
        print(table())
        return
    construction, *rooms = sys.argv[1:]
    for room in rooms or ROOMS:
        for place in places(room):
            if place.construction == construction:
                print(f"{place.file}:{place.line}: {place.text[:100]}")


if __name__ == "__main__":
    main()
