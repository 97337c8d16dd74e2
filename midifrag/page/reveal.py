"""Shows a file of the show in the system's file manager, for who sits at this machine."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from midifrag.errors import MidifragError
from midifrag.page import texts

#: Seconds that a file manager has to answer; one that takes longer has been asked, and may still come.
PATIENCE = 5.0

#: Runs a command and returns its exit code; raises OSError where there is no such program.
Run: TypeAlias = Callable[[str | Sequence[str]], int]


class RevealError(MidifragError):
    """The file is gone, or no file manager shows it."""


def is_here(address: str) -> bool:
    """Whether a browser at this address runs on this machine."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def run(command: str | Sequence[str]) -> int:
    """Run a command, and wait for it a while."""
    none = subprocess.DEVNULL
    # In a session of its own, so that Ctrl-C in the show's terminal does not close what it has opened.
    asked = subprocess.Popen(command, stdin=none, stdout=none, stderr=none, start_new_session=True)
    try:
        return asked.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return 0


def reveal(path: Path, platform: str = sys.platform, run: Run = run) -> None:
    """Show ``path``, an absolute one, in its folder. Raises `RevealError`, which says where it is."""
    if not path.exists():
        raise RevealError(texts.FILE_GONE.format(path=path))
    for command in _commands(path, platform):
        try:
            code = run(command)
        except OSError:
            continue
        # Windows' Explorer ends with 1 whatever it has done.
        if code == 0 or platform == "win32":
            return
    raise RevealError(texts.NOT_REVEALED.format(path=path))


def _commands(path: Path, platform: str) -> Iterator[str | list[str]]:
    """What may show it, the best first."""
    if platform == "darwin":
        yield ["open", "-R", str(path)]
    elif platform == "win32":
        # As one line: in the quotes, which a name cannot have there, a comma does not end it.
        yield f'explorer /select,"{path}"'
    else:
        # https://www.freedesktop.org/wiki/Specifications/file-manager-interface; as an address, in which a comma, which
        # would end it here, is written otherwise.
        shows = "org.freedesktop.FileManager1"
        yield [
            "dbus-send", "--session", "--print-reply", "--reply-timeout=3000", f"--dest={shows}",
            "/org/freedesktop/FileManager1", f"{shows}.ShowItems", f"array:string:{path.as_uri()}", "string:",
        ]  # fmt: skip
        yield ["xdg-open", str(path.parent)]
