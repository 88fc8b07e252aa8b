"""The documentation agrees with the code."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


ENVIRONMENTS = {".venv-vllm/.served": "serving.md", ".venv-lmms/.lmms": "lmms_eval.md"}
"""Targets of the Makefile to the pages that describe the same environment."""


def console_lines(page: str) -> list[str]:
    """Return the commands of a page's console blocks, with continued lines joined."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return re.findall(r"^\$ (.*)", "".join(blocks).replace("\\\n", ""), re.MULTILINE)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("target", ENVIRONMENTS)
def test_makefile_environments_match_their_pages(target):
    """Tests must run in the same environment that a reader of the page installs."""
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_docs_links_exist(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_docs_architecture_picture_is_current():
    path = ROOT / "docs" / "images" / "draw_llava_onevision2.py"
    spec = importlib.util.spec_from_file_location("draw_llava_onevision2", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert path.with_name("llava_onevision2.svg").read_text(encoding="utf-8") == module.draw()


def test_docs_answer_files_examples_can_be_read(tmp_path):
    from jumpscore.data.predictions import read_predictions

    page = (ROOT / "docs" / "answer_files.md").read_text(encoding="utf-8")
    examples = re.findall(r"\| `([\[{].*[\]}])` \|", page)
    assert len(examples) >= 6
    for example in examples:
        (tmp_path / "answers.json").write_text(example.replace("[...]", "[null]"))
        predictions = read_predictions(tmp_path / "answers.json")
        assert predictions, example
        assert not predictions.unreadable, example
