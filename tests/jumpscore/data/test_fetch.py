"""The real hub client against a small server that speaks the hub's protocol on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jumpscore.data import Manifest, Row, write_set
from jumpscore.data.fetch import fetch
from jumpscore.data.layout import PARQUET
from jumpscore.errors import DataError, UsageError

COMMIT = "a" * 40


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Hub:
    """Files of one data set at one commit; counts what is asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.commit = COMMIT
        self.wrong_checksums = False
        self.refused: dict[str, int] = {}
        """Statuses by the beginning of a path, instead of an answer."""
        self.refusals = 0
        self.loaded: list[str] = []

    def siblings(self) -> list[dict[str, object]]:
        found = []
        for name, content in self.files.items():
            sha = hashlib.sha256(content + b"!" * self.wrong_checksums).hexdigest()
            header = f"blob {len(content)}\0".encode()
            blob = hashlib.sha1(header + content).hexdigest()
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith((".zip", ".parquet")):
                entry["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 130}
            found.append(entry)
        return found

    def tree(self) -> list[dict[str, object]]:
        found = []
        for entry in self.siblings():
            item = {"type": "file", "path": entry["rfilename"], "size": entry["size"]}
            item["oid"] = entry["blobId"]
            if "lfs" in entry:
                item["lfs"] = {
                    "oid": entry["lfs"]["sha256"],
                    "size": entry["size"],
                    "pointerSize": 130,
                }
            found.append(item)
        return found


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Iterator[Hub]:
    root = tmp_path / "source"
    row = Row("a" * 20, f"videos/{'a' * 32}.mp4", "When?", "[1.0]")
    write_set(root, [row], Manifest("x"))
    state = Hub(
        {
            PARQUET: (root / PARQUET).read_bytes(),
            "README.md": b"# JumpScore",
            "videos.zip": packed({f"videos/{'a' * 32}.mp4": b"moving pictures"}),
        }
    )

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.split("?")[0]
            for start, status in state.refused.items():
                if path.startswith(start):
                    state.refusals += 1
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.send_header("Retry-After", "0")
                    self.end_headers()
                    return
            if path.startswith(f"/api/datasets/lab/set/tree/{COMMIT}"):
                content, etag = json.dumps(state.tree()).encode(), "tree"
            elif path.startswith("/api/datasets/lab/set"):
                content = json.dumps(
                    {"id": "lab/set", "sha": state.commit, "siblings": state.siblings()}
                ).encode()
                etag = "api"
            else:
                name = path.removeprefix(f"/datasets/lab/set/resolve/{COMMIT}/")
                if name not in state.files:
                    self.send_error(404)
                    return
                content = state.files[name]
                etag = hashlib.sha256(content).hexdigest()
                if body:
                    state.loaded.append(name)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", f'"{etag}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield state
    server.shutdown()
    server.server_close()


def test_fetches_verifies_and_unpacks(hub, tmp_path):
    out = tmp_path / "out"
    fetched = fetch(out, repository="lab/set")
    assert (fetched.revision, fetched.rows, fetched.videos) == (COMMIT, 1, 1)
    assert (out / "videos" / f"{'a' * 32}.mp4").read_bytes() == b"moving pictures"
    assert json.loads((out / "fetch.json").read_text())["revision"] == COMMIT


def test_what_is_whole_is_not_loaded_again(hub, tmp_path):
    out = tmp_path / "out"
    fetch(out, repository="lab/set")
    before = list(hub.loaded)
    fetch(out, repository="lab/set")
    assert hub.loaded == before


def test_a_folder_stays_on_its_revision(hub, tmp_path):
    out = tmp_path / "out"
    fetch(out, repository="lab/set")
    hub.commit = "b" * 40  # what the hub answers for that revision
    with pytest.raises(UsageError, match="is pinned to revision aaaa"):
        fetch(out, revision="b" * 40, repository="lab/set")


def test_a_wrong_checksum_is_found_and_the_file_removed(hub, tmp_path):
    hub.wrong_checksums = True
    with pytest.raises(DataError, match=r"has checksum \w{12}, the hub says"):
        fetch(tmp_path / "out", repository="lab/set")
    assert not (tmp_path / "out" / PARQUET).exists()


def test_an_archive_that_leaves_the_folder_is_refused(hub, tmp_path):
    hub.files["videos.zip"] = packed({"../../evil.mp4": b"x"})
    with pytest.raises(DataError, match="leaves the folder"):
        fetch(tmp_path / "out", repository="lab/set")
    assert not list(tmp_path.rglob("evil.mp4"))


def test_a_row_without_its_video_is_found(hub, tmp_path):
    hub.files["videos.zip"] = packed({"videos/other.mp4": b"x"})
    with pytest.raises(DataError, match=r"1 of 1 videos are missing after unpacking.*id aaaa"):
        fetch(tmp_path / "out", repository="lab/set")


def test_two_videos_that_would_be_one_file_are_refused(hub, tmp_path):
    hub.files["videos.zip"] = packed({"a/x.mp4": b"one", "b/x.mp4": b"another"})
    with pytest.raises(DataError, match=r"'a/x\.mp4' is another video of that name; both would be"):
        fetch(tmp_path / "out", repository="lab/set")


def test_a_member_without_a_name_is_a_folder(hub, tmp_path):
    video = f"videos\\{'a' * 32}.mp4"
    hub.files["videos.zip"] = packed({".": b"", video: b"moving pictures"})
    assert fetch(tmp_path / "out", repository="lab/set").videos == 1


def test_a_damaged_archive(hub, tmp_path):
    hub.files["videos.zip"] = b"no zip"
    with pytest.raises(DataError, match=r"videos\.zip: cannot be unpacked"):
        fetch(tmp_path / "out", repository="lab/set")


def test_without_a_network_it_says_what_to_do_instead(tmp_path, monkeypatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(DataError, match=r"task\.data=mini"):
        fetch(tmp_path / "out", repository="lab/set")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_fetch_when_the_hub_answers_with_a_status(hub, tmp_path, status):
    """By whatever HTTP library the client uses: httpx until hub 1, httpx2 since."""
    hub.refused = {"/api/datasets/lab/set": status}
    with pytest.raises(DataError, match=r"lab/set") as caught:
        fetch(tmp_path / "out", repository="lab/set")
    assert hub.refusals
    assert str(status) in str(caught.value) or "that you may read" in str(caught.value)


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_fetch_when_a_file_is_refused_and_resumed(hub, tmp_path, status, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    out, last = tmp_path / "out", "/datasets/lab/set/resolve/"
    hub.refused = {f"{last}{COMMIT}/videos.zip": status}
    with pytest.raises(DataError, match=r"the download stopped .*run the command again to resume"):
        fetch(out, repository="lab/set")
    hub.refused = {}
    assert fetch(out, repository="lab/set").videos == 1


def test_fetch_when_the_hub_goes_away_in_between(hub, tmp_path, monkeypatch):
    """The list of files was read, and then nothing listens at the address of the files."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr("time.sleep", lambda _: None)
    nowhere = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nowhere)
    with pytest.raises(DataError, match=r"the download stopped .*run the command again to resume"):
        fetch(tmp_path / "out", repository="lab/set")
