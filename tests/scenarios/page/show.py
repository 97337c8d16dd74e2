"""A real `midifrag run` in its own process, with its page, for tests in a browser."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

#: For what hangs: a busy machine may take many times as long as a healthy one.
PATIENCE = 300.0
#: Would run if a page ever took a prompt for markup.
ATTACK = '<img src="/no" onerror="window.hacked=1">'
SHOW = """\
model: sketch
set_list: [opening, second]
fragments: {count: 4}
engine: {spares: {enabled: false}}
client: page
# Not Link: other shows on this machine are in its session.
time: {source: midi}
ports:
  pads: {in: "page-peer out", out: "page-peer in"}
controls:
  - {cc: 21, sets: cfg_scale, range: [1, 12]}
"""
BANKS = {
    "opening": f"""\
# The bank that tests play.
name: Opening
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
    (folder / "presets").mkdir(parents=True, exist_ok=True)
    (folder / "presets.yaml").write_text(SHOW)
    for slug, text in BANKS.items():
        (folder / "presets" / f"{slug}.yaml").write_text(text)
    return folder / "presets.yaml"


class RunningShow:
    """`midifrag run` on the set in ``folder``; ``output`` is where it prints."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.fragments = folder / "fragments"
        self.output = folder / "output.txt"
        # An engine that is made to rest shows no progress, and slow browsers take longer than its host would wait.
        limits = " = ".join(f"w.{limit}_SECONDS" for limit in ("STALLED", "HUNG", "FIRST"))
        patience = f"import midifrag.engine.hosting.hang_watch as w; {limits} = {PATIENCE}"
        start = f"import sys; {patience}; from midifrag.__main__ import main; sys.exit(main())"
        command = [sys.executable, "-c", start, "run", str(write_set(folder)), "--fragments", str(self.fragments)]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "--page-port", "0", *flags],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "COLUMNS": "200"},
            )
        self.port = self._wait_until_served()
        self.address = f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask for exactly this path."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.putrequest("GET", path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()

    @contextlib.contextmanager
    def engine_at_rest(self) -> Iterator[None]:
        """The engine's process does nothing, so that what is asked of it stays queued."""
        engine = next(one for one, is_page in self._started() if not is_page)
        engine.suspend()
        try:
            yield
        finally:
            engine.resume()

    @contextlib.contextmanager
    def page_at_rest(self) -> Iterator[None]:
        """The page's process does nothing, as if the network were gone: what is sent to it waits on the way."""
        page = next(one for one, is_page in self._started() if is_page)
        page.suspend()
        try:
            yield
        finally:
            page.resume()

    def _started(self) -> Iterator[tuple[psutil.Process, bool]]:
        """Its engine and its page, and whether it is the page, which listens. Multiprocessing's tracker is neither."""
        for child in psutil.Process(self.process.pid).children():
            # Others come and go.
            with contextlib.suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(child.cmdline()):
                    yield child, bool(child.net_connections("tcp"))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def _wait_until_served(self) -> int:
        """The port that the page listens on, as it is printed."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            printed = re.search(r"page +http://[^:]+:(\d+)/", self.output.read_text())
            if printed is not None:
                return int(printed[1])
            time.sleep(0.05)
        self.process.kill()
        self.process.wait()
        raise RuntimeError(self.output.read_text())
