"""The real Hydrogen over JACK, in a home of its own; it is ended whatever happens."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import PATIENCE

#: What Debian's package writes for who starts it first.
DEFAULTS = Path("/usr/share/hydrogen/data/hydrogen.default.conf")
AUDIO = "Hydrogen:out_L"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _configure(home: Path, osc: int) -> None:
    settings = DEFAULTS.read_text(encoding="utf-8")
    for key, value in {
        "audio_driver": "JACK",
        "driverName": "JACK-MIDI",
        "oscEnabled": "true",
        "oscServerPort": str(osc),
        "discard_note_after_action": "false",
        "jack_connect_defaults": "false",
    }.items():
        settings, found = re.subn(rf"<{key}>[^<]*</{key}>", f"<{key}>{value}</{key}>", settings)
        assert found == 1, key
    (home / ".hydrogen").mkdir(parents=True)
    (home / ".hydrogen/hydrogen.conf").write_text(settings, encoding="utf-8")


@contextmanager
def hydrogen(folder: Path, osc: int) -> Iterator[str]:
    """Run it on the JACK server of this process's environment, its OSC on a port; gives the name of its MIDI input."""
    if shutil.which("hydrogen") is None:
        pytest.skip("hydrogen is not installed (Debian: apt install hydrogen)")
    home = folder / "home"
    _configure(home, osc)
    environment = os.environ | {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(home)}
    log = folder / "hydrogen.txt"
    with log.open("wb") as output:
        # As its own child, without the parent that would outlive or survive it.
        command = ["hydrogen", "--child", "-d", "jack", "-n"]
        program = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            yield _midi_input(program, log)
        finally:
            program.kill()
            program.wait()


def _midi_input(program: subprocess.Popen[bytes], log: Path) -> str:
    # Not where there is no JACK, and this module is imported all the same.
    import jack

    client = jack.Client("looks-for-hydrogen", no_start_server=True)
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            midi = client.get_ports("Hydrogen", is_midi=True, is_input=True)
            if midi and client.get_ports(AUDIO, is_audio=True) and _rests(program, log):
                return str(midi[0].name)
            assert program.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.05)
    finally:
        client.close()


def _rests(program: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether it has shown its windows: told to load a kit before, it dies."""
    if log.read_text(errors="replace").count("propagateSizeHints") < 2:
        return False
    state = Path(f"/proc/{program.pid}/task/{program.pid}/stat")
    seen = []
    for _ in range(20):
        # It sleeps, but for what its windows do many times a second; who waits for a core does not sleep.
        seen.append(state.read_text().rpartition(")")[2].split()[0])
        time.sleep(0.02)
    return seen.count("S") > 16
