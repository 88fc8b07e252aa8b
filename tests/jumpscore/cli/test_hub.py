"""``jumpscore hub`` and exports of ``jumpscore report``, as a user runs them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from jumpscore.harness import evaluate

NOTE = "95% interval 50.0 to 60.5; stderr 2.5; n 3; task t; version 1; protocol v2; data 27e7"
AUTHOR = {"type": "org", "name": "o", "fullname": "o", "avatarUrl": "https://x.invalid/a.png"}
BOARD = [
    {"rank": 1, "modelId": "o/m", "value": 55.0, "filename": "a.yaml", "verified": True}
    | {"author": AUTHOR, "notes": NOTE}
]


class _Board(BaseHTTPRequestHandler):
    def do_GET(self):
        # The client also asks its endpoint for other files, which this one does not have.
        here = self.path.startswith("/api/datasets/owner/name/leaderboard")
        self.send_response(200 if here else 404)
        self.end_headers()
        self.wfile.write(json.dumps(BOARD if here else {}).encode())

    def log_message(self, *_):
        pass


def test_hub_board_prints_values_with_intervals(jumpscore, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Board) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # A home of its own: the client stores there what its endpoint sends.
        home = {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "0"}
        home["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
        printed = jumpscore("hub", "board", "owner/name", process=True, **home).stdout
        read = jumpscore("hub", "board", "owner/name", "--json", process=True, **home).stdout
        server.shutdown()
    assert "[50, 60.5]" in printed
    assert json.loads(read)[0]["note"]["high"] == 60.5


def test_runs_are_exported(jumpscore, tiny_set, tmp_path):
    options = {"data": str(tiny_set)}
    for period in (0.5, 1.0):
        evaluate(
            "content_free",
            "jumpscore",
            model_options={"period": period},
            task_options=options,
            run={"folder": tmp_path, "name": f"every-{period}"},
        )
    done = jumpscore("report", "every-0.5", "every-1.0", "--out", "a.md")
    assert "a.md: results of 2 runs" in done.stdout
    assert "content\\_free (every-1.0)" in (tmp_path / "a.md").read_text()
    jumpscore("report", "every-0.5", "--content", "appendix", "--out", "b.tex")
    assert r"\toprule" in (tmp_path / "b.tex").read_text()
    jumpscore("hub", "results", "every-0.5", "--dataset", "owner/name")
    [first, *_] = yaml.safe_load((tmp_path / ".eval_results" / "jumpscore.yaml").read_text())
    assert first["dataset"] == {"id": "owner/name", "task_id": "jumpscore_map_reference"}
    jumpscore("hub", "dataset", "every-0.5", "--name", "Jumps")
    assert yaml.safe_load((tmp_path / "eval.yaml").read_text())["name"] == "Jumps"
    refused = jumpscore("report", "every-0.5", "every-1.0", "--out", "c.csv", expect=2)
    assert "with --content results" in refused.stderr
    refused = jumpscore("report", "every-0.5", "--content", "appendix", expect=2)
    assert "add --out FILE" in refused.stderr
