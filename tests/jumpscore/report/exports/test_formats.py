from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jumpscore.errors import UsageError
from jumpscore.report.exports.formats import FORMATS, INSPECT, LMMS, RESULTS, export
from jumpscore.runs import read_run
from tests.jumpscore.report.runs import oracle_run

ALL = """
import sys
from pathlib import Path
from jumpscore.report.exports.formats import FORMATS, export
from jumpscore.runs import read_run
run, out = read_run(sys.argv[1]), Path(sys.argv[2])
for content, suffix in FORMATS:
    export([run], out / f"{content}{suffix}", content)
"""


@pytest.fixture(scope="module")
def run(tiny_set, tmp_path_factory):
    return read_run(oracle_run(tiny_set, tmp_path_factory.mktemp("runs")).folder)


@pytest.mark.slow
def test_exports_of_two_processes_have_equal_bytes(run, tmp_path):
    contents = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", ALL, str(run.folder), str(out)],
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"},
        )
        files = sorted(path for path in out.rglob("*") if path.is_file())
        contents.append({path.relative_to(out): path.read_bytes() for path in files})
    assert len(contents[0]) == len(FORMATS) + 1  # lmms-eval's folder has two files
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", RESULTS, r"unsupported suffix '.xlsx' for results; use .md, .tex, .svg, .pdf"),
        ("a.json", LMMS, "a folder, whose name has no suffix"),
        ("a.md", "poem", "--content poem: unknown; use results, appendix, inspect, lmms-eval"),
    ],
)
def test_export_refuses_unknown_formats(run, tmp_path, name, content, message):
    with pytest.raises(UsageError, match=message):
        export([run], tmp_path / name, content)


@pytest.mark.parametrize(("name", "content"), [("a.eval", INSPECT), ("a", LMMS)])
def test_export_refuses_several_runs_in_one_log(run, tmp_path, name, content):
    with pytest.raises(UsageError, match="contains one run, not 2"):
        export([run, run], tmp_path / name, content)


def test_export_reports_a_missing_fpdf2(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(UsageError, match=r"pip install 'jumpscore\[pdf\]'"):
        export([run], tmp_path / "a.pdf", RESULTS)
