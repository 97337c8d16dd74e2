"""``midifrag serve`` as a process of its own on Ray, with a real model or the timed engine, and what it costs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

#: Times that it is started before that is given up: Ray gives up on a machine that is busy.
STARTS = 3
#: Seconds that its end may take.
END = 90.0
#: The name of the plug-in, which its processes find on their path.
PLUG_IN = "timed"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is up."""

    url: str
    token_file: Path
    process: psutil.Process

    def processor_seconds(self) -> dict[str, float]:
        """Of each of its processes until now, by a name."""
        found: dict[str, float] = {}
        for one in (self.process, *self.process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                name = " ".join(one.cmdline()[:1])[:60] or one.name()
                found[f"{name} {one.pid}"] = times.user + times.system
        return found


@contextlib.contextmanager
def served(folder: Path, model: str, replicas: int = 1, times: str = "", *, on_ray: bool = True) -> Iterator[Served]:
    """A server of ``model``; with ``times``, of an engine that takes those of `benchmarks.crowd.step_times`.

    Not ``on_ray``, it is `benchmarks.crowd.rayless`.
    """
    entry = f"{{engine: {PLUG_IN}, times: {times}}}" if times else ""
    _write_set(folder, model, entry)
    for start in range(STARTS):
        process, is_up, url = _started(folder, model, replicas, "" if on_ray else times)
        if is_up:
            break
        _end(process)
        assert start < STARTS - 1, "midifrag serve does not come up"
    try:
        yield Served(url, folder / "token", psutil.Process(process.pid))
    finally:
        _end(process)


def _write_set(folder: Path, model: str, entry: str) -> None:
    models = f"models: {{{model}: {entry}}}\n" if entry else ""
    (folder / "presets").mkdir(parents=True, exist_ok=True)
    engine = "engine: {host: thread}\n" if entry else ""
    (folder / "presets.yaml").write_text(f"model: {model}\n{models}{engine}set_list: [bench]\n", encoding="utf-8")
    (folder / "presets" / "bench.yaml").write_text('name: Bench\npads:\n  36: {prompt: "x"}\n', encoding="utf-8")
    # What an installed package has, as far as plug-ins are found by it.
    package = folder / "plug_in" / "midifrag_timed-1.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: midifrag-timed\nVersion: 1\n", encoding="utf-8")
    (package / "entry_points.txt").write_text(
        f"[midifrag.engines]\n{PLUG_IN} = benchmarks.crowd.timed_engine:plugged\n", encoding="utf-8"
    )


def _started(folder: Path, model: str, replicas: int, rayless: str) -> tuple[subprocess.Popen[str], bool, str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = os.pathsep.join((str(folder / "plug_in"), str(Path.cwd()), os.environ.get("PYTHONPATH", "")))
    command = [sys.executable, "-m", "midifrag", "serve", str(folder / "presets.yaml"), "--model", model]
    command += ["--port", str(port), "--token-file", str(folder / "token"), "--replicas", str(replicas)]
    if rayless:
        command = [sys.executable, "-m", "benchmarks.crowd.rayless", str(port), str(folder / "token"), str(replicas)]
        command += [rayless]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    url, said = f"ws://127.0.0.1:{port}", []
    for line in process.stdout:
        said.append(line)
        if f"at {url}" in line:
            # Nobody waits for who does not read what it says.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, True, url
    print("".join(said), file=sys.stderr, flush=True)
    return process, False, url


def _end(process: subprocess.Popen[str]) -> None:
    """End it and whatever it has started."""
    started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END)
    for one in started:
        with contextlib.suppress(psutil.Error):
            one.kill()
    if process.poll() is None:
        process.kill()
        process.wait()
