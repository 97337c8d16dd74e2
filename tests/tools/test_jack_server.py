import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from unittest.mock import Mock

import psutil
import pytest

from tests.support import PATIENCE
from tools import jack_server
from tools.jack_server import Server, realtime_allowed


@pytest.fixture
def names(monkeypatch):
    """One name, which no other test's server has."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.setattr(jack_server, "_NAMES", ("midifrag-unguarded",))


def test_a_server_that_hangs_without_its_guard_is_ended_for_the_next_one(names):
    first = Server(realtime=realtime_allowed())
    hung = first.pid
    os.kill(hung, signal.SIGSTOP)
    os.kill(first.guard, signal.SIGKILL)
    first._guard.wait(PATIENCE)
    second = Server(realtime=realtime_allowed())
    try:
        assert second.name == first.name == "midifrag-unguarded"
        assert second.pid != hung
        deadline = time.monotonic() + PATIENCE
        while psutil.pid_exists(hung) and psutil.Process(hung).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        second.stop()
        assert first._guard.stdin is not None
        first._guard.stdin.close()


def test_one_that_is_guarded_is_left_alone(names, monkeypatch):
    first = Server(realtime=realtime_allowed())
    try:
        monkeypatch.setattr(jack_server, "PATIENCE", 1.0)
        with pytest.raises(RuntimeError, match="all of midifrag-unguarded are in use"):
            Server()
        assert subprocess.run(["jack_lsp"], capture_output=True, check=False).returncode == 0
    finally:
        first.stop()


@pytest.mark.parametrize(
    ("running", "starting", "cleared"),
    [((), False, True), (("jackd",), False, False), ((), True, False), (("a zombie",), False, True)],
)
def test_what_dead_servers_left_is_cleared_away_where_no_server_runs_or_starts(
    monkeypatch, tmp_path, running, starting, cleared
):
    for name in ("jack-shm-registry", "jack-0-1", "other"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(jack_server, "SHARED", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    processes = [
        Mock(info={"name": "jackd", "status": psutil.STATUS_ZOMBIE if name == "a zombie" else psutil.STATUS_SLEEPING})
        for name in running
    ]
    monkeypatch.setattr(psutil, "process_iter", lambda _attrs: processes)
    with jack_server._starting() if starting else contextlib.nullcontext():
        jack_server._forget_servers()
    left = {"jack-shm-registry", "jack-0-1"} & {one.name for one in tmp_path.iterdir()}
    assert left == (set() if cleared else {"jack-shm-registry", "jack-0-1"})
    assert (tmp_path / "other").exists()
