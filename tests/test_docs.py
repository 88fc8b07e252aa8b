"""README and pages: links, navigation, documented commands and examples."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from evaluators import TASKS
from jumpscore.cli.app import app
from jumpscore.harness.config import InputConfig, RunSettings
from model_wrappers import MODELS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SITE = ROOT / "docs" / "site" / "mkdocs.yml"

ENVIRONMENTS = {".venv-vllm/.served": "serving.md", ".venv-lmms/.lmms": "lmms_eval.md"}
"""Targets of the Makefile to the pages that describe the same environment."""


def console_lines(page: str) -> list[str]:
    """Commands of the console blocks of a page in docs, continued lines joined."""
    return _commands(ROOT / "docs" / page)


def _commands(page: Path) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r"^\$ (.*)", "".join(blocks).replace("\\\n", ""), re.MULTILINE)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("target", ENVIRONMENTS)
def test_environment_commands_match_page(target):
    """The tests in these environments test what a reader of the page installs."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    quiet = " --disable-pip-version-check --quiet"
    commands = [line.replace(quiet, "").strip() for line in done.stdout.splitlines()]
    commands = [line for line in commands if not line.startswith(("touch", "make"))]
    assert len(commands) >= 2
    missing = set(commands) - set(console_lines(ENVIRONMENTS[target]))
    assert not missing


@cache
def anchors(page: Path) -> frozenset[str]:
    """Ids of a page: those of headings, as the site makes them, and explicit ones."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", line.lower())) for line in headings}
    return frozenset(slugs | set(re.findall(r'id="([^"]+)"', text)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_links(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_site_navigation():
    """Every page is in the navigation once; the site cannot link to files outside of docs."""
    texts = re.findall(r": (\w+\.md)$", SITE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(texts) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    assert yaml.safe_load(SITE.read_text(encoding="utf-8"))["strict"] is True


def test_readme_is_short():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
    highlights = "\n".join(lines).partition("## Highlights")[2].partition("\n## ")[0]
    assert 1 <= len(re.findall(r"^- ", highlights, re.MULTILINE)) <= 9


def documented() -> list[tuple[str, str]]:
    """(page, command) of every ``jumpscore`` command that a page shows."""
    return [
        (page.name, command)
        for page in PAGES
        for command in _commands(page)
        if command.startswith("jumpscore ")
    ]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, id=f"{page}-{number}")
        for number, (page, command) in enumerate(documented())
    ],
)
def test_documented_command_exists(command):
    """Its commands, options, and the keys and names of its overrides; nothing is executed."""
    words = shlex.split(command, comments=True)[1:]
    node, words = _resolved(typer.main.get_command(app), words)
    options = {name for param in node.params for name in (*param.opts, *param.secondary_opts)}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in options | {"--help", "--version"}, word
        elif "=" in word:
            _check_override(*word.split("=", 1))


def _resolved(node, words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that the words name, imported as on the command line, and the rest."""
    if not hasattr(node, "resolve_command") or not words or words[0].startswith("--"):
        return node, words
    context = node.make_context("jumpscore", [], resilient_parsing=True)
    _, command, rest = node.resolve_command(context, words)
    return _resolved(command, rest)


def _check_override(key: str, value: str) -> None:
    """Check the groups that every run has; options of a model or a task are not looked up."""
    group, _, name = key.partition(".")
    if group == "model" and not name:
        assert value in (*MODELS.names(), "mine"), value
    elif group == "task" and not name:
        assert value in TASKS.names(), value
    elif group == "input":
        assert name in InputConfig.model_fields if name else value in ("frames", "codec", "video")
    elif group == "run":
        assert name in RunSettings.model_fields, key


def test_architecture_picture_is_current():
    path = ROOT / "docs" / "images" / "draw_llava_onevision2.py"
    spec = importlib.util.spec_from_file_location("draw_llava_onevision2", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert path.with_name("llava_onevision2.svg").read_text(encoding="utf-8") == module.draw()


def test_answer_files_examples(tmp_path):
    from jumpscore.data.predictions import read_predictions

    page = (ROOT / "docs" / "answer_files.md").read_text(encoding="utf-8")
    examples = re.findall(r"\| `([\[{].*[\]}])` \|", page)
    assert len(examples) >= 6
    for example in examples:
        (tmp_path / "answers.json").write_text(example.replace("[...]", "[null]"))
        predictions = read_predictions(tmp_path / "answers.json")
        assert predictions, example
        assert not predictions.unreadable, example
