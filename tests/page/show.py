"""A real `midifrag run` in its own process, with its page, for tests in a browser."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

#: Generous: a loaded machine may take long, a healthy one needs a fraction.
PATIENCE = 60.0
#: Would run if a page ever took a prompt for markup.
ATTACK = '<img src="/no" onerror="window.hacked=1">'
SHOW = """\
model: sketch
set_list: [stage, second]
fragments: {count: 4}
engine: {spares: {enabled: false}}
ports:
  pads: {in: "page-peer out", out: "page-peer in"}
controls:
  - {cc: 21, sets: cfg_scale, range: [1, 12]}
"""
BANKS = {
    "stage": f"""\
# The bank that tests play.
name: Stage
program: 1
pads:
  36: {{prompt: "short dark kick", seconds: 0.5, colour: red}}      # the kick
  37: {{prompt: '{ATTACK}', seconds: 0.5}}
  38: {{prompt: "slow rain", seconds: 90, on_repress: ignore}}
  51: {{prompt: "very slow rain", seconds: 40}}
""",
    "second": "name: Second\nprogram: 2\npads: {36: {prompt: glass bell, seconds: 0.5}}\n",
}


def write_set(folder: Path) -> Path:
    (folder / "presets").mkdir(parents=True)
    (folder / "presets.yaml").write_text(SHOW)
    for slug, text in BANKS.items():
        (folder / "presets" / f"{slug}.yaml").write_text(text)
    return folder / "presets.yaml"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningShow:
    """`midifrag run` on the set in ``folder``; ``output`` is where it prints."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.fragments = folder / "fragments"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output.txt"
        start = "import sys; from midifrag.__main__ import main; sys.exit(main())"
        command = [sys.executable, "-c", start, "run", str(write_set(folder)), "--fragments", str(self.fragments)]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "--page-port", str(self.port), *flags],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "COLUMNS": "200"},
            )
        self._wait_until_served()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask for exactly this path."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.putrequest("GET", path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def _wait_until_served(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                self.get("/page.css")
                # Everything that is printed at the start has been.
                if "page  " in self.output.read_text():
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise RuntimeError(self.output.read_text())
            time.sleep(0.05)
