"""A fake Live in its process, and midifrag's side of the wire, both as the tests hold them."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import PATIENCE, unmeasured

ROOT = Path(__file__).parents[3]
#: Ticks after which what is sure to come has come: three seconds of Live's.
TICKS = 300
#: Of these, how many come at once. Others leave the machine time to hand on what was sent, if it is busy.
TICKS_AT_ONCE = 50
PAUSE = 0.004


class FakeLive:
    """``python`` is another interpreter than ours, where that is asked for."""

    def __init__(self, home: Path, *arguments: str, python: str = sys.executable) -> None:
        measured = dict(os.environ) if python == sys.executable else unmeasured()
        self._process = subprocess.Popen(
            [python, "-m", "tests.doors.live.fake", *arguments],
            cwd=ROOT,
            env={**measured, "MIDIFRAG_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, command: str, **named: Any) -> Any:
        """What it answers to one command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **named}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    def tick(self, count: int = 1, random: float = 0.0) -> None:
        self.tell("tick", count=count, random=random)

    def do(self, what: str, **named: Any) -> None:
        self.tell("do", what=what, **named)

    def state(self) -> dict[str, Any]:
        return self.tell("state")

    def track(self, name: str) -> dict[str, Any]:
        return next(track for track in self.state()["tracks"] if track["name"] == name)

    def close(self) -> None:
        """End it; what the script did against the rules fails here."""
        out, _ = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0
        assert json.loads(out.splitlines()[-1])["answer"] == []

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


class ShowSide:
    """A listening midifrag, which writes its file into ``home``."""

    def __init__(self, home: Path, token: str | None = None) -> None:
        self.home = home
        self.token = token or secrets.token_hex(8)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(PATIENCE)
        self._line: socket.socket | None = None
        self._came_in = b""
        self._synced = 0
        self.heard: list[dict[str, Any]] = []
        self.write(self._listening.getsockname()[1], self.token)

    def write(self, port: int, token: str) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        aside = self.home / "ableton.json.new"
        aside.write_text(json.dumps({"port": port, "token": token, "pid": os.getpid()}), encoding="utf-8")
        aside.replace(self.home / "ableton.json")

    def accept(self, live: FakeLive) -> dict[str, Any]:
        """Let it tick until it has come; returns its hello."""
        self.drop()
        self._listening.settimeout(0)
        for _ in ticks(live):
            try:
                self._line, _ = self._listening.accept()
            except BlockingIOError:
                continue
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._came_in = b""
            return self.wait(live, "hello")
        raise AssertionError("nobody has come")

    def join(
        self, live: FakeLive, slots: int = 8, targets: dict[int, dict[str, Any]] | None = None, **options: Any
    ) -> None:
        """Let it in, with the set's usual table but for what is said."""
        assert self.accept(live)["token"] == self.token
        self.welcome(slots, targets, **options)
        self.sync(live)

    def welcome(self, slots: int = 8, targets: dict[int, dict[str, Any]] | None = None, **options: Any) -> None:
        usual = {"way": "auto", "note": None, "track": None, "scene": None}
        table = {slot: {**usual, "name": f"midifrag {slot}"} for slot in range(1, slots + 1)}
        for slot, target in (targets or {}).items():
            table[slot] = {**table[slot], **target}
        chosen = {"fire": False, "start_transport": False, "occupied": "wait", **options}
        self.send({"type": "welcome", "version": 1, "slots": slots, "targets": table, "options": chosen})

    def land(self, serial: int, slot: int, path: Path | str, **named: Any) -> None:
        self.send(landing(serial, slot, path, **named))

    def send(self, *messages: dict[str, Any]) -> None:
        """All at once, so that they come in at once."""
        self.send_bytes(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def send_bytes(self, data: bytes) -> None:
        assert self._line is not None
        self._line.settimeout(PATIENCE)
        self._line.sendall(data)

    def hear(self) -> list[dict[str, Any]]:
        """What has come in since the last time, pings' answers and time left out; `heard` keeps all."""
        assert self._line is not None
        self._line.setblocking(False)
        try:
            while read := self._line.recv(1 << 16):
                self._came_in += read
        except BlockingIOError:
            pass
        except ConnectionResetError:
            pass
        *lines, self._came_in = self._came_in.split(b"\n")
        assert all(len(line) < 1 << 16 for line in lines)
        new = [json.loads(line) for line in lines]
        self.heard += new
        return new

    def wait(self, live: FakeLive, kind: str, **fields: Any) -> dict[str, Any]:
        """Let it tick until it says this; returns the line. What came before it counts, unless it was waited for."""
        for _ in ticks(live):
            self.hear()
            for index, message in enumerate(self.heard):
                if message["type"] == kind and all(message[name] == value for name, value in fields.items()):
                    return self.heard.pop(index)
        raise AssertionError(f"no {kind} {fields} but {self.heard[-20:]}, log: {live.tell('log')}")

    def sync(self, live: FakeLive) -> None:
        """Let it tick until it has taken all that was sent."""
        self._synced += 1
        self.send({"type": "ping", "sent": float(self._synced)})
        self.wait(live, "pong", sent=float(self._synced))

    def has_left(self, live: FakeLive) -> bool:
        """Let it tick until it closes the line; False if it does not."""
        assert self._line is not None
        for _ in ticks(live):
            self._line.setblocking(False)
            try:
                if not self._line.recv(1 << 16):
                    return True
            except BlockingIOError:
                continue
            except ConnectionResetError:
                return True
        return False

    def drop(self) -> None:
        """Close the line, and listen on."""
        if self._line is not None:
            self._line.close()
        self._line = None

    def close(self) -> None:
        """As a midifrag that was killed: the file stays."""
        self.drop()
        self._listening.close()


def ticks(live: Any) -> Iterator[None]:
    """So many ticks, with a turn of ours before each."""
    for number in range(TICKS):
        yield
        if number > TICKS_AT_ONCE:
            time.sleep(PAUSE)
        live.tick()


def landing(serial: int, slot: int, path: Path | str, **named: Any) -> dict[str, Any]:
    """A fragment without a tempo, for once, but for what is said."""
    usual = {"colour": None, "seconds": 2.0, "loop": False, "bpm": None, "beats": None, "again": False}
    told = {**usual, "name": Path(path).stem[5:], **named}
    return {"type": "land", "serial": serial, "slot": slot, "path": str(path), **told}


def sound(folder: Path, name: str, seconds: float = 2.0) -> Path:
    """A file as the fake Live takes it for a sound."""
    path = folder / "ableton" / f"{name}.wav"
    path.parent.mkdir(exist_ok=True)
    path.write_text(str(seconds), encoding="utf-8")
    return path


def simpler_track(slot: int) -> dict[str, Any]:
    return {"name": f"midifrag {slot}", "devices": [{"effect": "Arpeggiator"}, {"simpler": "Simpler"}]}


def audio_track(slot: int, scenes: int = 8) -> dict[str, Any]:
    return {"name": f"midifrag {slot}", "audio": True, "scenes": scenes}
