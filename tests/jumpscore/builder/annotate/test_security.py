"""Only the page of the person who started the server gets answers."""

from __future__ import annotations

import socket

import pytest

from jumpscore.builder.annotate.routes import LARGEST_BODY
from tests.jumpscore.builder.annotate.serving import Answer, adding, mark, serving

PATHS = ("/", "/page/page.css", "/api/project", "/api/health", "/api/videos/x/frames/0", "/nothing")


@pytest.fixture(scope="module")
def shared(tmp_path_factory, numbered):
    """A server whose project the tests of this module do not change."""
    from jumpscore.builder.project import Project
    from tests.jumpscore.builder.projects import add_video

    project = Project.create(tmp_path_factory.mktemp("shared") / "ropes")
    add_video(project, numbered)
    with serving(project.root) as server:
        yield server


def refused(answer: Answer, reason: str) -> bool:
    return (
        answer.status == 403
        and answer.headers["content-type"].startswith("text/plain")
        and reason in answer.content.decode()
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Basic x", "Bearer é"])
def test_request_without_token(shared, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    assert refused(shared.send(path, headers=headers), "token is missing or wrong")


def test_token_becomes_a_cookie(shared):
    answer = shared.send(f"/?token={shared.token}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert {text.lower() for text in attributes} == {"httponly", "path=/", "samesite=strict"}
    assert shared.send("/", headers={"Cookie": cookie}).status == 200
    wrong = cookie[:-1] + ("a" if cookie[-1] != "a" else "b")
    assert refused(shared.send("/", headers={"Cookie": wrong}), "token")
    assert refused(shared.send("/?token=wrong"), "token is wrong")
    assert refused(shared.send(f"/api/project?token={shared.token}"), "token is missing")


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_request_for_another_host(shared, host):
    answer = shared.call("/api/project", Host=host.format(port=shared.port))
    assert refused(answer, f"use the address http://127.0.0.1:{shared.port}/")


def test_request_for_localhost(shared):
    assert shared.call("/api/project", Host=f"localhost:{shared.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/api/project", "/?token={token}"])
def test_request_from_another_site(shared, headers, path):
    filled = {name: value.format(port=shared.port) for name, value in headers.items()}
    assert refused(shared.call(path.format(token=shared.token), **filled), "other sites")


def test_post_with_cookie_needs_origin(shared):
    cookie = shared.send(f"/?token={shared.token}").headers["set-cookie"].split(";")[0]
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    post = {"body": {"seconds": 0.25}, "path": "/api/reaction"}
    assert refused(shared.send(**post, headers=headers), "Origin is missing")
    origin = {"Origin": shared.origin, "Sec-Fetch-Site": "same-origin"}
    assert shared.send(**post, headers=headers | origin).status == 200


def test_answers_have_safe_headers(shared):
    for answer in (shared.call("/"), shared.call("/nothing"), shared.send("/")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
        assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/page/../routes.py",
        "/page/%2e%2e/routes.py",
        "/page/..%2froutes.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/.",
        "/page/__init__.py",
        "/api/videos/..%2f..%2fproject.json",
        "/api/videos/../../project.json/frames/0",
        "/api/videos/%00/frames/0",
        "/api/videos/" + "x" * 5000,
    ],
)
def test_path_traversal(shared, path):
    answer = shared.call(path)
    assert answer.status == 404
    assert "error" in answer.json


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(shared, method):
    answer = shared.send(
        "/api/project", method=method, headers={"Authorization": f"Bearer {shared.token}"}
    )
    assert answer.status in (403, 405)


def test_body_limits(shared):
    assert shared.call("/api/reaction", b"x" * (LARGEST_BODY + 1)).status == 413
    plain = {"Content-Type": "text/plain"}
    assert shared.call("/api/reaction", {"seconds": 0.1}, **plain).status == 415
    for body in (b"", b"[" * 100_000, b"\xff", b'{"seconds": NaN}', b'{"seconds": "0.1"}', b"[]"):
        answer = shared.call("/api/reaction", body)
        assert answer.status == 422
        assert answer.json["error"]
    answer = shared.call("/api/reaction", {"seconds": 60})
    assert (answer.status, "out of range" in answer.json["error"]) == (422, True)


def test_server_listens_on_one_address(shared):
    # A server that listens on all addresses would accept this one too.
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", shared.port), timeout=5)


def test_token_differs_between_starts_and_is_not_logged(project, video):
    tokens = set()
    for _ in range(2):
        with serving(project.root) as server:
            server.edit(video, 0, adding(mark("a", 3)))
            server.call("/nothing")
            server.stop()
            tokens.add(server.token)
            log = server.process.stderr.read() + server.process.stdout.read()
            assert server.token not in log
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)
