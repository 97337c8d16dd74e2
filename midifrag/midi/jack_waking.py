"""Whether JACK's programs know each other, as Linux tells by their memory: who is not known is never woken."""

from __future__ import annotations

from pathlib import Path

#: What JACK calls files by names that have these in them.
_AS_FILE = str.maketrans("/\\", "__")


def memory_maps(process: int | str = "self") -> str:
    """What files lie in a process's memory, as Linux tells; empty elsewhere, and of one that may not be looked at."""
    try:
        return Path(f"/proc/{process}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def clients_of(port: str) -> list[str]:
    """What the client of a port may be called, by the port's full name: both names may have colons in them."""
    return [port[:at] for at, letter in enumerate(port) if letter == ":"]


def wakes(maps: str, server: str, *clients: str) -> bool | None:
    """Whether a client on ``server``, called one of ``clients``, is known to a process with these memory ``maps``.

    None where that is not told. On Linux, JACK has a semaphore for each program, at which that waits and whoever plays
    to it wakes it. libjack 1.9 knows it by a small number. A program that left while a client of ours came may keep its
    number, and the one that gets it next, of ours or not, is never woken: it stands there connected, and hears and says
    nothing.
    """
    semaphores = [line for line in maps.splitlines() if "/jack_sem." in line and f"_{server}_" in line]
    ends = tuple(f"_{server}_{client.translate(_AS_FILE)}" for client in clients)
    return any(line.endswith(ends) for line in semaphores) if semaphores else None
