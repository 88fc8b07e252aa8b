"""Edits: stored before they are acknowledged, and never lost."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from jumpscore.builder.project import Mark, Project
from jumpscore.video import probe
from tests.jumpscore.builder.annotate.serving import adding, command, mark, serving


def marks_on_disk(project: Project, annotator: str = "ann") -> tuple[Mark, ...]:
    [video] = project.videos()
    return project.annotation(video, annotator).marks


def test_edit_undo_redo(server, project, video):
    info = probe(project.file(project.videos()[0]))
    state = server.edit(video, 0, adding(mark("a", 7, time=99.0), mark("b", 3)), "add two").json
    assert [(each["id"], each["time"]) for each in state["marks"]] == [
        ("b", info.times[3]),
        ("a", info.times[7]),
    ]
    assert (state["sequence"], state["undo"], state["redo"]) == (1, "add two", None)
    assert marks_on_disk(project)[1] == Mark("a", 7, float(info.times[7]))

    # The page rounds times, and only the frame counts.
    moved = {"before": mark("a", 7), "after": mark("a", 9, note="late", flagged=True)}
    removed = {"before": mark("b", 3), "after": None}
    state = server.edit(video, 1, [moved, removed], "move").json
    assert state["marks"] == [mark("a", 9, note="late", flagged=True, time=float(info.times[9]))]
    state = server.call(f"/api/videos/{video}/undo", {"sequence": 2}).json
    assert (len(state["marks"]), state["undo"], state["redo"]) == (2, "add two", "move")
    state = server.call(f"/api/videos/{video}/redo", {"sequence": 3}).json
    assert (len(state["marks"]), state["redo"]) == (1, None)
    assert server.state(video) == state
    answer = server.call(f"/api/videos/{video}/redo", {"sequence": 4})
    assert (answer.status, answer.json) == (422, {"error": "nothing to redo"})


def test_details_and_queue(server, video):
    body = {"sequence": 0, "done": True, "flagged": True, "note": "<b>look</b>"}
    state = server.call(f"/api/videos/{video}/details", body).json
    assert state["details"] == {"done": True, "flagged": True, "note": "<b>look</b>"}
    view = server.call("/api/project").json
    assert (view["annotator"], view["mode"], view["event"]["name"]) == (
        "ann",
        "annotate",
        "jump rope",
    )
    [row] = view["videos"]
    assert (row["done"], row["flagged"], row["started"], row["marks"]) == (True, True, True, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (adding(mark("a", 60)), "frame 60 is not in the video"),
        (adding(mark("a", -1)), "frame -1 is not in the video"),
        (adding(mark("", 1)), "empty id"),
        (adding(mark("a" * 65, 1)), "too long"),
        (adding(mark("a", 1, note="x" * 3000)), "too long"),
        (adding(mark("a", 1, origin="magic")), "origin"),
        (adding(mark("a", 1.5)), "frame"),
        (adding(mark("a", 1), mark("a", 2)), "changes one mark twice"),
        ([], "changes nothing"),
        ([{"before": None, "after": None}], "needs one mark"),
        ([{"before": mark("a", 1), "after": mark("b", 1)}], "with the same id"),
        ([{"before": mark("a", 1), "after": None}], "not what the edit"),
        ([{"after": mark("a", 1)}], "before"),
        ([None], "changes"),
        ("text", "changes"),
    ],
)
def test_edit_invalid(shared_server, changes, reason):
    server, video = shared_server
    body = {"sequence": 0, "name": "add", "changes": changes}
    answer = server.call(f"/api/videos/{video}/edit", body)
    assert answer.status == 422
    assert reason in answer.json["error"]
    assert server.state(video)["sequence"] == 0


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory, numbered):
    from tests.jumpscore.builder.projects import add_video

    project = Project.create(tmp_path_factory.mktemp("invalid") / "ropes")
    video = add_video(project, numbered)
    with serving(project.root) as server:
        yield server, video.id


def test_edit_of_an_unknown_video(shared_server):
    answer = shared_server[0].edit("0" * 20, 0, adding(mark("a", 1)))
    assert (answer.status, "no such video" in answer.json["error"]) == (404, True)


def test_edit_of_an_earlier_state(server, video):
    def tab(number: int) -> tuple[int, str]:
        """Add ten marks, each on the state that the server reports."""
        sequence, conflicts = 0, 0
        for count in range(10):
            while True:
                answer = server.edit(video, sequence, adding(mark(f"{number}-{count}", count)))
                state = answer.json if answer.status == 200 else answer.json["state"]
                sequence = state["sequence"]
                if answer.status == 200:
                    break
                assert answer.status == 409
                assert "another tab" in answer.json["error"]
                conflicts += 1
        return conflicts

    with ThreadPoolExecutor(3) as tabs:
        conflicts = sum(tabs.map(tab, range(3)))
    assert conflicts > 0
    state = server.state(video)
    assert (state["sequence"], len(state["marks"])) == (30, 30)


def test_kill_loses_nothing_that_was_acknowledged(project, video):
    for start in range(2):
        with serving(project.root) as server:
            for sequence in range(start * 20, start * 20 + 20):
                assert server.edit(video, sequence, adding(mark(f"m{sequence}", 5))).status == 200
            server.call("/api/reaction", {"seconds": 0.3})
            server.process.kill()
            server.process.wait()
    with serving(project.root) as server:
        state = server.state(video)
        assert (state["sequence"], len(state["marks"]), state["undo"]) == (40, 40, "add")
        assert server.call("/api/project").json["reaction"] == 0.3


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
def test_full_disk(server, project, video):
    state = server.edit(video, 0, adding(mark("a", 1))).json
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    file = next(project.root.glob("annotations/ann/*.jsonl"))
    content = file.read_bytes()
    limit = len(content) + 20
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, before[1]))
    answer = server.edit(video, 1, adding(mark("b", 2)))
    assert answer.status == 507
    assert "cannot be stored" in answer.json["error"]
    assert file.read_bytes() == content
    assert server.state(video) == state
    assert server.call("/api/reaction", {"seconds": 0.2}).status == 200
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
    assert server.edit(video, 1, adding(mark("b", 2))).status == 200
    assert [each.id for each in marks_on_disk(project)] == ["a", "b"]


def test_damaged_annotation_of_one_video(project, numbered, tmp_path):
    from tests.jumpscore.builder.projects import add_video
    from tests.support import write_video

    [first] = project.videos()
    second = add_video(project, write_video(tmp_path / "second.mp4", frames=10))
    folder = project.root / "annotations" / "ann"
    folder.mkdir(parents=True)
    (folder / f"{first.id}.jsonl").write_text("damaged\n")
    with serving(project.root) as server:
        problems = [row["problem"] for row in server.call("/api/project").json["videos"]]
        assert "line 1: is damaged" in problems[0]
        assert problems[1] is None
        answer = server.edit(first.id, 0, adding(mark("a", 1)))
        assert (answer.status, "is damaged" in answer.json["error"]) == (500, True)
        assert server.edit(second.id, 0, adding(mark("a", 1))).status == 200


def test_second_server_is_refused(server, project):
    second = subprocess.run(
        command(project.root, "bob"), capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 2
    assert "is in use by jumpscore data annotate by ann" in second.stderr
    assert f"process {server.process.pid} on" in second.stderr
    assert server.call("/api/health").json == {
        "pid": server.process.pid,
        "project": str(project.root),
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server(project, video, number):
    with serving(project.root) as server:
        connection = HTTPConnection("127.0.0.1", server.port)
        path = f"/api/videos/{video}/play?from=0&to=59"
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
        connection.getresponse().read(10)
        server.call(f"/api/videos/{video}/curves")
        assert server.stop(number) == 0
        lines = server.process.stderr.read().splitlines()
        assert lines[1:] == ["stopped; everything is saved"]
        connection.close()
    assert (project.root / ".lock").read_bytes() == b""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nowhere", "--annotator", "ann"], "is not a project"),
        (["{project}", "--annotator", "../ann"], "is not valid"),
        (["{project}", "--annotator", "adjudicated"], "reserved"),
        (["{project}", "--annotator", "ann", "--port", "{port}"], "cannot be used"),
    ],
)
def test_start_refused(project, words, reason):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        filled = [word.format(project=project.root, port=other.getsockname()[1]) for word in words]
        result = subprocess.run(
            [sys.executable, "-m", "jumpscore", "data", "annotate", *filled, "--no-open"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 2
    assert reason in result.stderr


def test_port_is_the_same_at_every_start_unless_it_is_taken(project):
    with serving(project.root) as first:
        port = first.port
    with serving(project.root) as second:
        assert second.port == port
    with socket.create_server(("127.0.0.1", port)), serving(project.root) as third:
        assert third.port != port


def test_start_without_the_extra(project):
    code = (
        "import sys; sys.modules['starlette'] = None; from jumpscore.cli.app import main; "
        f"sys.argv[1:] = {['data', 'annotate', str(project.root), '--annotator', 'ann']}; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 2
    assert "pip install 'jumpscore[builder]'" in " ".join(result.stderr.split())
    assert json.dumps(result.stdout) == '""'
