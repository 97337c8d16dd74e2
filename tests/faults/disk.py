"""A disk under one program's files that is full, slow or hangs when the campaign says so."""

from __future__ import annotations

import shutil
import subprocess
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")


class DiskState(IntEnum):
    """How the disk is; the numbers are those of disk.c."""

    WELL = 0
    FULL = 1
    SLOW = 2
    HANGING = 3


class Disk:
    """The switch of a disk below ``folder``, for programs that start in `environment`.

    Without a C compiler for Linux the disk is always well, and ``switchable`` False.
    """

    def __init__(self, folder: Path, workplace: Path) -> None:
        self._folder = folder
        self._switch = workplace / "disk-switch"
        self._library = workplace / "disk.so"
        compiler = shutil.which("cc")
        self.switchable = compiler is not None and Path("/proc/self/fd").is_dir()
        self.state = DiskState.WELL
        self.set(DiskState.WELL)
        if compiler is not None and self.switchable:
            command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE), "-ldl"]
            subprocess.run(command, check=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to have this disk."""
        if not self.switchable:
            return {}
        names = {"FAULTS_FOLDER": str(self._folder), "FAULTS_SWITCH": str(self._switch)}
        return {"LD_PRELOAD": str(self._library), **names}

    def set(self, state: DiskState) -> None:
        """Be like that from now on."""
        self.state = state
        with self._switch.open("r+b" if self._switch.exists() else "w+b") as switch:
            switch.write(bytes([state]))
