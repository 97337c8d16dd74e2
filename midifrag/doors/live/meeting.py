"""Where show, script and commands find each other: a file that only its owner can read, with a port and a token."""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from midifrag.config.folders import HOME
from midifrag.config.osc import FIRST_FREE, LOOPBACK
from midifrag.errors import StorageError
from midifrag.fragment.files import discard, read_json, replace_file, storage_error
from midifrag.fragment.plain_json import is_count

#: Seconds that a port of this machine has to take a connection.
PATIENCE = 1.0
_FILE = "ableton.json"


def meeting_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The file that says where a running show is found."""
    folder = environment.get(HOME) or Path("~").expanduser() / ".midifrag"
    return Path(folder) / _FILE


@dataclass(frozen=True, slots=True)
class Meeting:
    """A port of this machine, what to say there first, and whose it is. The token is no part of its ``repr``."""

    port: int
    token: str = field(repr=False)
    pid: int = field(default_factory=os.getpid)

    @classmethod
    def new(cls, port: int) -> Meeting:
        """One of this process, with a token that nobody can guess."""
        return cls(port, secrets.token_urlsafe(24))

    @classmethod
    def read(cls, path: Path) -> Meeting | None:
        """What a file holds; None where there is none, or nothing that could be meant."""
        told = read_json(path)
        if not isinstance(told, dict):
            return None
        port, token, pid = told.get("port"), told.get("token"), told.get("pid")
        if not (is_count(port) and port <= 65535 and isinstance(token, str) and token.isascii() and is_count(pid)):
            return None
        return cls(port, token, pid)

    def write(self, path: Path) -> None:
        """Put it in the place of what is there, readable for its owner alone from the first moment on.

        Raises `StorageError`.
        """
        problem = problem_of(path)
        if problem is not None:
            raise StorageError(problem)
        aside = path.with_name(f"{path.name}.{self.pid}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            discard(aside)
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                json.dump({"port": self.port, "token": self.token, "pid": self.pid}, file)
        except OSError as error:
            discard(aside)
            raise _with_way_out(storage_error("write", path, error), path) from error
        try:
            replace_file(aside, path)
        except StorageError as error:
            raise _with_way_out(error, path) from error

    def remove(self, path: Path) -> None:
        """Take the file away, if it is this one still."""
        if Meeting.read(path) == self:
            discard(path)

    def keep(self, path: Path) -> None:
        """Write it where there is none, or one of a show that is gone: that of another show stays."""
        there = Meeting.read(path)
        if there is None or not there.is_alive:
            with suppress(StorageError):
                self.write(path)

    @property
    def is_alive(self) -> bool:
        """Whether its process is there still."""
        return bool(psutil.pid_exists(self.pid))

    @property
    def answers(self) -> bool:
        """Whether another process has it, and somebody listens at its port.

        The number alone may be another process's by now.
        """
        if self.pid == os.getpid() or not self.is_alive:
            return False
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE):
                return True
        except OSError:
            return False


def problem_of(path: Path) -> str | None:
    """What lies in the place of the file and is none, and the way out; None where nothing is in its way."""
    if not path.is_dir():
        return None
    return f"{path} is a folder, and the place of a file: move it away"


def _with_way_out(error: StorageError, path: Path) -> StorageError:
    return StorageError(f"{error}; {HOME} names another folder than {path.parent}, for midifrag and for Live")


def why_refused(port: int, error: OSError) -> str:
    """Why nobody can listen at a port of this machine, and the way out."""
    reason = error.strerror or error
    if error.errno == errno.EACCES and port < FIRST_FREE:
        return f"port {port}: {reason}; set ableton.port to one above {FIRST_FREE - 1}, or to 0 for any that is free"
    return f"port {port}: {reason}; end the program that has it, or set ableton.port to 0 for any that is free"
