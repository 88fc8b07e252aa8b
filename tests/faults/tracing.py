"""Runs a function in a child process and stops it at every change that it makes to a folder.

The kernel stops the child before each system call that changes files (``seccomp`` and ``ptrace``),
including those of C libraries and of its own children. There it can be killed, given an error of
the disk, or made to write only half. Linux on x86-64 only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

SUPPORTED = sys.platform == "linux" and platform.machine() == "x86_64"

Kind = Literal["kill", "tear", "full", "refuse"]
"""``kill``: SIGKILL before the call. ``tear``: SIGKILL after half of a write. ``full``: writes fail
from there on, the first one after half of it. ``refuse``: every change fails from there on."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at one change of the folder.

    Attributes:
        kind: What happens.
        at: Number of the change, from 0.
        number: Error number of ``full`` and ``refuse``.
    """

    kind: Kind
    at: int
    number: int = errno.ENOSPC


@dataclass(frozen=True, slots=True)
class Change:
    """One system call that changes the folder.

    Attributes:
        call: Name of the system call.
        path: Path that it changes, relative to the folder.
        size: Bytes that it writes.
        source: Former path of what is renamed.
    """

    call: str
    path: str
    size: int = 0
    source: str = ""


@dataclass(slots=True)
class Outcome:
    """What the child did.

    Attributes:
        status: Exit status, or the negative number of the signal that ended it.
        changes: Changes of the folder, in order, including those that failed.
    """

    status: int = 0
    changes: list[Change] = field(default_factory=list)


class _Rule(NamedTuple):
    """How to read a system call: the argument with the file, and how it is named there."""

    number: int
    argument: int
    by: Literal["file", "path", "path at"]
    size: int | None = None


_RULES = {
    "write": _Rule(1, 0, "file", 2),
    "open": _Rule(2, 0, "path"),
    "pwrite64": _Rule(18, 0, "file", 2),
    "writev": _Rule(20, 0, "file"),
    "sendfile": _Rule(40, 0, "file", 3),
    "fsync": _Rule(74, 0, "file"),
    "fdatasync": _Rule(75, 0, "file"),
    "truncate": _Rule(76, 0, "path"),
    "ftruncate": _Rule(77, 0, "file"),
    "rename": _Rule(82, 1, "path"),
    "mkdir": _Rule(83, 0, "path"),
    "rmdir": _Rule(84, 0, "path"),
    "link": _Rule(86, 1, "path"),
    "unlink": _Rule(87, 0, "path"),
    "symlink": _Rule(88, 1, "path"),
    "openat": _Rule(257, 0, "path at"),
    "mkdirat": _Rule(258, 0, "path at"),
    "unlinkat": _Rule(263, 0, "path at"),
    "renameat": _Rule(264, 2, "path at"),
    "linkat": _Rule(265, 2, "path at"),
    "fallocate": _Rule(285, 0, "file"),
    "renameat2": _Rule(316, 2, "path at"),
    "copy_file_range": _Rule(326, 2, "file", 4),
}
_NAMES = {rule.number: name for name, rule in _RULES.items()}
_GROWING = {
    "write", "pwrite64", "writev", "sendfile", "mkdir", "mkdirat", "link", "linkat", "symlink",
    "fallocate", "copy_file_range",
}  # fmt: skip
"""Calls that need space. Opening a file needs none if the folder has room, as it usually has."""
_OPENING = {"open": 1, "openat": 2}
"""Calls that change something only with some flags, and the argument with these flags."""
_CHANGING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
SYNCS = ("fsync", "fdatasync")

# Numbers of <sys/ptrace.h>, <linux/seccomp.h> and <linux/filter.h>.
_TRACEME, _CONT, _GETREGS, _SETREGS, _SYSCALL, _SETOPTIONS = 0, 7, 12, 13, 24, 0x4200
_OPTIONS = 1 | 2 | 4 | 8 | 0x10 | 0x80 | 0x100000  # also children and threads; end with the tracer
_EVENT_SECCOMP, _WALL, _AT_CWD = 7, 0x40000000, -100
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_ARGUMENTS = (14, 13, 12, 7, 9, 8)  # rdi, rsi, rdx, r10, r8, r9 in user_regs_struct
_RESULT, _CALL = 10, 15  # rax, orig_rax
_Registers = ctypes.c_ulonglong * 27


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return libc


def _ptrace(request: int, process: int = 0, data: int = 0) -> None:
    if _libc().ptrace(request, process, 0, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"ptrace request {request:#x}")


def _filter() -> bytes:
    """Return a filter that stops the calls of ``_RULES``; opening only if it may change a file."""
    code = [struct.pack("HBBI", _LOAD, 0, 0, 0)]
    for name, argument in _OPENING.items():
        code += [
            struct.pack("HBBI", _EQUAL, 0, 4, _RULES[name].number),
            struct.pack("HBBI", _LOAD, 0, 0, 16 + 8 * argument),
            struct.pack("HBBI", _ANY_BIT, 0, 1, _CHANGING_FLAGS),
            struct.pack("HBBI", _RETURN, 0, 0, _TRACE),
            struct.pack("HBBI", _RETURN, 0, 0, _ALLOW),
        ]
    for name, rule in _RULES.items():
        if name not in _OPENING:
            code += [
                struct.pack("HBBI", _EQUAL, 0, 1, rule.number),
                struct.pack("HBBI", _RETURN, 0, 0, _TRACE),
            ]
    return b"".join([*code, struct.pack("HBBI", _RETURN, 0, 0, _ALLOW)])


def trace(
    child: Callable[[], int],
    folder: Path,
    fault: Fault | None = None,
    *,
    before: Callable[[int, Change], None] | None = None,
) -> Outcome:
    """Run a function in a child process and return its changes of a folder.

    Args:
        child: Runs in the child and returns its exit status.
        folder: The folder. Changes elsewhere are not stopped.
        fault: What happens at one of the changes.
        before: Called with number and change before each change.

    Raises:
        OSError: The system does not allow tracing.
    """
    process = os.fork()
    if process == 0:
        _be_traced(child)
    return _Tracer(process, folder.resolve(), fault, before).follow()


def _be_traced(child: Callable[[], int]) -> NoReturn:
    status = 120
    try:
        libc, code = _libc(), _filter()
        _ptrace(_TRACEME)
        os.kill(os.getpid(), signal.SIGSTOP)
        buffer = ctypes.create_string_buffer(code, len(code))
        program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        if libc.prctl(22, 2, ctypes.byref(program)):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
            raise OSError(ctypes.get_errno(), "seccomp")
        status = child()
    finally:
        os._exit(status)


class _Tracer:
    """Follows one child, its threads and its children."""

    def __init__(
        self,
        process: int,
        folder: Path,
        fault: Fault | None,
        before: Callable[[int, Change], None] | None,
    ) -> None:
        self.process = process
        self.folder = f"{folder}{os.sep}"
        self.fault = fault
        self.before = before
        self.outcome = Outcome()
        self._tearing: set[int] = set()

    def follow(self) -> Outcome:
        """Continue the child at every stop until it has ended."""
        _, status = os.waitpid(self.process, 0)
        if not os.WIFSTOPPED(status):
            raise OSError(errno.EPERM, "the child cannot be traced")
        _ptrace(_SETOPTIONS, self.process, _OPTIONS)
        _ptrace(_CONT, self.process)
        known = {self.process}
        while True:
            try:
                thread, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                return self.outcome
            if os.WIFSTOPPED(status):
                self._continue(thread, status, new=thread not in known)
                known.add(thread)
            elif thread == self.process:
                self.outcome.status = os.waitstatus_to_exitcode(status)
                for other in known - {thread}:
                    _kill(other)

    def _continue(self, thread: int, status: int, *, new: bool) -> None:
        event, number = status >> 16, os.WSTOPSIG(status)
        request, deliver = _CONT, 0
        if event == _EVENT_SECCOMP:
            request = self._at_call(thread)
        elif number == signal.SIGTRAP | 0x80:  # the end of a call that is being torn
            if thread in self._tearing:
                _kill(self.process)
        elif not event and not (new and number == signal.SIGSTOP):
            deliver = number
        try:
            _ptrace(request, thread, deliver)
        except OSError as error:
            if error.errno != errno.ESRCH:  # it was killed
                raise

    def _at_call(self, thread: int) -> int:
        """Carry out the fault if it is due; return how to continue."""
        registers = _Registers()
        try:
            _ptrace(_GETREGS, thread, ctypes.addressof(registers))
            change = self._change(thread, registers)
        except OSError:
            return _CONT  # it was killed
        if change is None:
            return _CONT
        place, fault = len(self.outcome.changes), self.fault
        self.outcome.changes.append(change)
        if self.before is not None:
            self.before(place, change)
        if fault is None or place < fault.at:
            return _CONT
        if fault.kind == "kill" or (fault.kind == "tear" and change.size < 2):
            _kill(self.process)
            return _CONT
        size = _RULES[change.call].size
        half = change.size > 1 and size is not None and place == fault.at
        if half and size is not None and fault.kind in ("tear", "full"):
            registers[_ARGUMENTS[size]] = change.size // 2
            _ptrace(_SETREGS, thread, ctypes.addressof(registers))
            if fault.kind == "tear":
                self._tearing.add(thread)
                return _SYSCALL
        elif fault.kind == "refuse" or change.call in _GROWING:
            registers[_CALL], registers[_RESULT] = 2**64 - 1, 2**64 - fault.number
            _ptrace(_SETREGS, thread, ctypes.addressof(registers))
        return _CONT

    def _change(self, thread: int, registers: ctypes.Array[ctypes.c_ulonglong]) -> Change | None:
        """Return what a call changes in the folder, or ``None``."""
        name = _NAMES[registers[_CALL]]
        rule = _RULES[name]
        values = [registers[place] for place in _ARGUMENTS]
        path = _path(thread, rule, values)
        if not path.startswith(self.folder) and f"{path}{os.sep}" != self.folder:
            return None
        size = 0 if rule.size is None else values[rule.size]
        renamed = name.startswith("rename")
        # The source is named like the target, in the arguments before it.
        before = rule._replace(argument=rule.argument - (2 if rule.by == "path at" else 1))
        source = _path(thread, before, values)[len(self.folder) :] if renamed else ""
        return Change(name, path[len(self.folder) :], size, source)


def _path(thread: int, rule: _Rule, values: list[int]) -> str:
    """Return the path in the arguments of a call."""
    first = ctypes.c_int(values[rule.argument] & 0xFFFFFFFF).value
    if rule.by == "file":
        return str(Path(f"/proc/{thread}/fd/{first}").readlink()).removesuffix(" (deleted)")
    at = first if rule.by == "path at" else _AT_CWD
    base = Path(f"/proc/{thread}/cwd" if at == _AT_CWD else f"/proc/{thread}/fd/{at}")
    place = rule.argument + (rule.by == "path at")
    return os.path.normpath(base.readlink() / _text(thread, values[place]))


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _text(thread: int, address: int) -> str:
    """Return the text at an address of another process."""
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(4096).split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
