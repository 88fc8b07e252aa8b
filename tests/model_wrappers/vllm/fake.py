"""A program in the place of a Python with vLLM: answers at a port, starts a child."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

from model_wrappers.vllm.plugin import PATCHED_FILE, TESTED

FAKE = """#!{python}
import http.server, json, os, subprocess, sys, time
words = sys.argv
if "-c" in words:
    print('["0.32.0", "{digest}", true, false]')
    sys.exit()
print("started", *words[1:], flush=True)
{before}
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
token = os.environ.get("VLLM_API_KEY")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("token", token, "header", self.headers["authorization"], flush=True)
        ids = words[words.index("--served-model-name") + 1:words.index("--host")]
        self.send(dict(data=[dict(id=name, object="model") for name in ids]))
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        message = dict(role="assistant", content="[0.5]")
        self.send(dict(choices=[dict(index=0, finish_reason="stop", message=message)]))
    def send(self, content):
        own = self.headers["authorization"] == f"Bearer {{token}}"
        body = json.dumps(content).encode() if own else b"{{}}"
        self.send_response(200 if own else 401)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "application/json")
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
port = int(words[words.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def program(folder: Path, before: str = "") -> str:
    """An executable in the place of a Python with vLLM."""
    path = folder / "python"
    path.write_text(FAKE.format(python=sys.executable, before=before, digest=next(iter(TESTED))))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def installed_package(folder: Path, version: str, content: str | None = None) -> str:
    """Write what pip installs of a vLLM, as far as it is looked at; importing it fails."""
    package = folder / "vllm"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('this must not be imported')")
    if content is not None:
        (package / PATCHED_FILE).parent.mkdir(parents=True)
        (package / PATCHED_FILE).write_text(content)
    facts = folder / f"vllm-{version}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")
    return str(folder)


def gone(pid: int) -> bool:
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False
