"""Tests with the real hub client and a small local server with the hub's protocol."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jumpscore.data.catalogue import PUBLISHED
from jumpscore.data.fetch import fetch_jumpscore
from jumpscore.data.hub import pinned_revision
from jumpscore.data.layout import PARQUET, Manifest, Row, write_set
from jumpscore.errors import DataError, UsageError

COMMIT = "a" * 40


def fetch(folder, revision=None):
    """Fetch the served set into a folder, and return what is recorded about it."""
    row = replace(PUBLISHED, name=folder.name, repository="lab/set")
    assert fetch_jumpscore(row, folder.parent, revision=revision) == folder
    return json.loads((folder / "fetch.json").read_text())


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Hub:
    """Serves the files of one data set at one commit and counts requests."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.commit = COMMIT
        self.wrong_checksums = False
        self.refused: dict[str, int] = {}
        """HTTP statuses to return, by the beginning of a path."""
        self.refusals = 0
        self.loaded: list[str] = []

    def siblings(self) -> list[dict[str, object]]:
        entries = []
        for name, content in self.files.items():
            sha = hashlib.sha256(content + b"!" * self.wrong_checksums).hexdigest()
            header = f"blob {len(content)}\0".encode()
            blob = hashlib.sha1(header + content).hexdigest()
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith((".zip", ".parquet")):
                entry["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 130}
            entries.append(entry)
        return entries

    def tree(self) -> list[dict[str, object]]:
        items = []
        for entry in self.siblings():
            item = {"type": "file", "path": entry["rfilename"], "size": entry["size"]}
            item["oid"] = entry["blobId"]
            if "lfs" in entry:
                item["lfs"] = {
                    "oid": entry["lfs"]["sha256"],
                    "size": entry["size"],
                    "pointerSize": 130,
                }
            items.append(item)
        return items


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


def test_fetch_downloads_and_unpacks(hub, tmp_path):
    out = tmp_path / "out"
    fetched = fetch(out)
    facts = {"repository": "lab/set", "revision": COMMIT, "rows": 1, "videos": 1}
    assert fetched == facts
    assert (out / "videos" / f"{'a' * 32}.mp4").read_bytes() == b"moving pictures"


def test_fetch_skips_complete_files(hub, tmp_path):
    out = tmp_path / "out"
    fetch(out)
    before = list(hub.loaded)
    fetch(out)
    assert hub.loaded == before


def test_fetch_keeps_pinned_revision(hub, tmp_path):
    out = tmp_path / "out"
    fetch(out)
    hub.commit = "b" * 40  # response of the hub for that revision
    with pytest.raises(UsageError, match="is pinned to revision aaaa"):
        fetch(out, revision="b" * 40)


@pytest.mark.parametrize("content", ["[]", "{}", '{"revision": null}', "[" * 5000, "{"])
def test_pinned_revision_damaged(tmp_path, content):
    (tmp_path / "fetch.json").write_text(content)
    with pytest.raises(DataError, match="delete it to pin the newest revision"):
        pinned_revision(tmp_path)


def test_fetch_deletes_file_with_wrong_checksum(hub, tmp_path):
    hub.wrong_checksums = True
    with pytest.raises(DataError, match=r"has checksum \w{12} instead of \w{12} as on the hub"):
        fetch(tmp_path / "out")
    assert not (tmp_path / "out" / PARQUET).exists()


def test_fetch_rejects_archive_that_leaves_folder(hub, tmp_path):
    hub.files["videos.zip"] = packed({"../../evil.mp4": b"x"})
    with pytest.raises(DataError, match="leaves the folder"):
        fetch(tmp_path / "out")
    assert not list(tmp_path.rglob("evil.mp4"))


def test_fetch_rejects_missing_videos(hub, tmp_path):
    hub.files["videos.zip"] = packed({"videos/other.mp4": b"x"})
    with pytest.raises(DataError, match=r"1 of 1 videos are missing after unpacking.*id aaaa"):
        fetch(tmp_path / "out")


def test_fetch_rejects_two_videos_of_one_name(hub, tmp_path):
    hub.files["videos.zip"] = packed({"a/x.mp4": b"one", "b/x.mp4": b"another"})
    with pytest.raises(DataError, match=r"'a/x\.mp4', which would both be unpacked to"):
        fetch(tmp_path / "out")


def test_fetch_skips_member_without_name(hub, tmp_path):
    video = f"videos\\{'a' * 32}.mp4"
    hub.files["videos.zip"] = packed({".": b"", video: b"moving pictures"})
    assert fetch(tmp_path / "out")["videos"] == 1


def test_fetch_rejects_damaged_archive(hub, tmp_path):
    hub.files["videos.zip"] = b"no zip"
    with pytest.raises(DataError, match=r"videos\.zip: cannot be unpacked"):
        fetch(tmp_path / "out")


def test_fetch_without_network(tmp_path, monkeypatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(DataError, match=r"task\.data=mini"):
        fetch(tmp_path / "out")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_fetch_hub_returns_error_status(hub, tmp_path, status):
    """The client uses httpx until hub 1 and httpx2 since."""
    hub.refused = {"/api/datasets/lab/set": status}
    with pytest.raises(DataError, match=r"lab/set") as caught:
        fetch(tmp_path / "out")
    assert hub.refusals
    assert str(status) in str(caught.value) or "you may not read it" in str(caught.value)


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_fetch_resumes_after_error_status(hub, tmp_path, status, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    out, last = tmp_path / "out", "/datasets/lab/set/resolve/"
    hub.refused = {f"{last}{COMMIT}/videos.zip": status}
    with pytest.raises(DataError, match=r"the download stopped .*run the command again to resume"):
        fetch(out)
    hub.refused = {}
    assert fetch(out)["videos"] == 1


def test_fetch_hub_becomes_unreachable(hub, tmp_path, monkeypatch):
    """The list of files is read, but then the address of the files is unreachable."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr("time.sleep", lambda _: None)
    nowhere = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nowhere)
    with pytest.raises(DataError, match=r"the download stopped .*run the command again to resume"):
        fetch(tmp_path / "out")
