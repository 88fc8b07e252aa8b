"""A program in the place of a Python with vLLM: answers at a port, starts a child."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

FAKE = """#!{python}
import http.server, subprocess, sys, time
words = sys.argv
if "-c" in words:
    print('["0.32.0", true]')
    sys.exit()
print("started", *words[1:], flush=True)
{before}
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *_): pass
port = int(words[words.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def program(folder: Path, before: str = "") -> str:
    """An executable in the place of a Python with vLLM."""
    path = folder / "python"
    path.write_text(FAKE.format(python=sys.executable, before=before))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


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
