from __future__ import annotations

import json

from jumpscore.jsonio import write_json
from jumpscore.studies.ablation import ABLATION
from tests.jumpscore.report.test_ablation import ablation


def test_reproduce_fig5_prints_both_differences(jumpscore, tmp_path):
    (tmp_path / "mine").mkdir()
    write_json(tmp_path / "mine" / ABLATION, ablation().to_json())
    done = jumpscore("reproduce", "fig5", "--out", "fig5.html")
    assert "page: fig5.html" in done.stderr
    assert "canvases are ahead at 26 budgets" in " ".join(done.stdout.split())
    assert "measured: made on set" in done.stdout
    assert "Assumptions" in (tmp_path / "fig5.html").read_text(encoding="utf-8")
    content = json.loads(jumpscore("reproduce", "fig5", "--runs", "mine", "--json").stdout)
    assert content["curves"][0]["measured"][0]["folder"] == "mine"
    done = jumpscore("reproduce", "fig5", "--plan", expect=2)
    assert "fig5 plans and runs nothing; give only --runs, --out and --json" in done.stderr
