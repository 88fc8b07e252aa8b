from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zlib
from datetime import UTC, datetime

import pytest

from jumpscore.records import Estimate
from jumpscore.report.exports.figure import LEFT, RIGHT, results_figure, svg
from jumpscore.report.exports.pdf import pdf
from tests.jumpscore.report.runs import HOSTILE, made_up_run, none, timed

SVG = "{http://www.w3.org/2000/svg}"
WHEN = datetime(2026, 11, 30, tzinfo=UTC)


def run_of(folder, model: str):
    metrics = {"f1": Estimate(0.5, 0.1, 0.25, 0.75, 3), "other": none()}
    return made_up_run(folder, [timed("a", 0.5, [1.0], [1.0])], model=model, metrics=metrics)


@pytest.mark.parametrize("model", ["m", *HOSTILE])
def test_svg_draws_means_and_intervals(tmp_path, model):
    tree = ET.fromstring(svg(results_figure([run_of(tmp_path, model)])))
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} == {
        "svg", "rect", "line", "circle", "text",
    }  # fmt: skip
    [disc] = tree.iter(f"{SVG}circle")
    assert float(disc.get("cx")) == (LEFT + RIGHT) / 2  # 50% on an axis from 0 to 100
    [bar] = [line for line in tree.iter(f"{SVG}line") if line.get("stroke-width") == "3"]
    width = RIGHT - LEFT
    assert [float(bar.get(name)) for name in ("x1", "x2")] == [LEFT + width / 4, RIGHT - width / 4]
    words = [element.text for element in tree.iter(f"{SVG}text")]
    assert "50.0 [25.0, 75.0]" in words
    assert "f1 (%), higher is better" in words


def test_svg_marks_only_a_blind_baseline_that_exists(tmp_path):
    run = run_of(tmp_path, "m")
    assert b"dasharray" not in svg(results_figure([run]))
    metrics = {"f1": Estimate(0.5, 0.1, 0.25, 0.75, 3), "other": none()}
    metrics["content_free_f1"] = Estimate(0.25, 0.1, 0.2, 0.3, 3)
    run = made_up_run(tmp_path, [timed("a", 0.5, [1.0], [1.0])], metrics=metrics)
    tree = ET.fromstring(svg(results_figure([run])))
    [line] = [line for line in tree.iter(f"{SVG}line") if line.get("stroke-dasharray")]
    assert float(line.get("x1")) == float(line.get("x2")) == LEFT + (RIGHT - LEFT) / 4


@pytest.mark.parametrize("model", ["m", "視頻", *HOSTILE])
def test_pdf_contains_every_word_of_the_figure(tmp_path, model):
    content = pdf(results_figure([run_of(tmp_path, model)]), WHEN)
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
    drawn = b"".join(zlib.decompress(stream) for stream in streams)
    assert b"(50.0 [25.0, 75.0]) Tj" in drawn
    assert b"(f1 \\(%\\), higher is better) Tj" in drawn
    name = {"m": b"(m) Tj", "視頻": b"(\\\\u8996\\\\u983b) Tj"}.get(model, b"Tj")
    assert name in drawn
