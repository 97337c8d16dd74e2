from __future__ import annotations

import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import psutil
import pytest
import torch

from midifrag.engine.diffusion import cores
from midifrag.engine.diffusion.cores import CALM_LOOKS, FreeCores, taken_by_others


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("count", "most", "others", "expected"),
    [
        (2, 2, 0.0, 2),
        (2, 2, 0.2, 2),
        (2, 2, 0.4, 1),
        (2, 2, 1.0, 1),
        (2, 2, 2.0, 1),
        (8, 8, 1.5, 6),
        # Two threads to a core, of which torch uses one.
        (8, 4, 1.5, 4),
        (8, 4, 6.0, 2),
        (1, 1, 1.0, 1),
    ],
)
def test_as_many_threads_as_free_cores(count, most, others, expected):
    free = FreeCores(most, count)
    free.look(others)
    assert free.threads == expected


def test_a_thread_comes_back_when_it_has_been_calm_for_a_while():
    free = FreeCores(4, 4)
    free.look(3.0)
    for _ in range(CALM_LOOKS - 1):
        free.look(0.0)
    free.look(3.0)
    assert free.threads == 1
    for _ in range(CALM_LOOKS - 1):
        free.look(1.0)
    assert free.threads == 1
    free.look(1.0)
    assert free.threads == 3


def test_torch_follows(threads):
    free = FreeCores(2, 2)
    free.look(1.0)
    free.follow()
    assert torch.get_num_threads() == 1
    for _ in range(CALM_LOOKS):
        free.look(0.0)
    free.follow()
    assert torch.get_num_threads() == 2


def test_another_program_that_takes_a_core_is_seen(monkeypatch):
    monkeypatch.setattr(cores, "LOOK_EVERY", 0.05)
    # One thread more than cores: on a machine with a single one as well, there is something to give up.
    most = psutil.cpu_count() + 1
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    free = FreeCores(most, most)
    try:
        free.watch()
        deadline = time.monotonic() + 300
        while free.threads in (None, most):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        free.close()
        program.kill()
        program.wait()
    deadline = time.monotonic() + 300
    while any(thread.name == "midifrag-cores" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_own_work_is_not_counted_as_others(monkeypatch):
    class Process:
        spent = 0.0

        def cpu_times(self):
            self.spent += 1.5
            return SimpleNamespace(user=self.spent, system=0.0)

    clock, idle = iter(range(100)), iter([7.0, 7.0, 7.25])
    monkeypatch.setattr(cores.psutil, "Process", Process)
    monkeypatch.setattr(cores.psutil, "cpu_count", lambda: 2)
    monkeypatch.setattr(cores.psutil, "cpu_times", lambda: SimpleNamespace(idle=next(idle)))
    monkeypatch.setattr(cores, "monotonic", lambda: float(next(clock)))

    others = taken_by_others()
    assert others() == pytest.approx(0.5)
    assert others() == pytest.approx(0.25)


def test_a_system_that_does_not_tell_leaves_all_threads(monkeypatch, caplog):
    def refused():
        raise psutil.AccessDenied

    monkeypatch.setattr(cores, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(cores, "taken_by_others", lambda: refused)
    free = FreeCores(4, 4)
    free.look(3.0)

    free._run()

    assert free.threads == 4
    assert "cannot be seen" in caplog.text


def test_a_worker_that_is_loaded_on_a_cpu_follows(tmp_path, monkeypatch, threads):
    from midifrag.engine.diffusion.worker import DiffusionWorker
    from midifrag.engine.messages import Render
    from midifrag.engine.protocol import EngineChoice
    from tests.engine.tiny_models import tiny_model_folder

    monkeypatch.setattr(cores, "ALL_THREADS", 2)
    torch.set_num_threads(2)
    monkeypatch.setattr(FreeCores, "watch", lambda self: self.look(psutil.cpu_count()))
    folder = tiny_model_folder(tmp_path / "model", "rectified_flow")
    worker = DiffusionWorker(EngineChoice("mine", {"folder": str(folder)}, device="cpu"))
    for _ in worker.load():
        pass
    list(worker.warm((Render(1, "rain", 0.2, 1, steps=2),)))
    assert torch.get_num_threads() == 1
    torch.set_num_threads(2)
    worker.tick()
    assert torch.get_num_threads() == 1
    worker.close()
    assert worker._cores._closing.is_set()


def test_renders_look_while_they_last_and_leave_torch_as_it_was(threads, monkeypatch):
    monkeypatch.setattr(cores, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(cores, "taken_by_others", lambda: lambda: 1.0)
    torch.set_num_threads(2)
    free, looked = FreeCores(cores=2), threading.Event()
    monkeypatch.setattr(free, "look", lambda others: (FreeCores.look(free, others), looked.set()))
    with free.while_rendering(), free.while_rendering():
        assert looked.wait(300)
        free.follow()
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    # The next one begins with what was seen last.
    with free.while_rendering():
        free.follow()
        assert torch.get_num_threads() == 1
    for thread in threading.enumerate():
        if thread.name == "midifrag-cores":
            thread.join(300)
            assert not thread.is_alive()


def test_the_first_render_of_a_program_knows_what_others_took_while_its_model_was_loaded(
    tmp_path, monkeypatch, threads
):
    import midifrag
    from midifrag.engine.diffusion.worker import DiffusionWorker
    from tests.engine.tiny_models import tiny_model_folder

    used, tick = [], DiffusionWorker.tick

    def seen(worker):
        for event in tick(worker):
            used.append(torch.get_num_threads())
            yield event

    monkeypatch.setattr(cores, "OF_THIS_PROCESS", FreeCores(2, 2))
    monkeypatch.setattr(cores, "taken_by_others", lambda: lambda: 1.0)
    monkeypatch.setattr(FreeCores, "watch", lambda _self: None)
    monkeypatch.setattr(cores, "monotonic", lambda: 100.0)
    monkeypatch.setattr(DiffusionWorker, "tick", seen)
    torch.set_num_threads(2)
    model = midifrag.load_model(tiny_model_folder(tmp_path / "model", "rectified_flow"), device="cpu")
    monkeypatch.setattr(cores, "monotonic", lambda: 103.0)
    midifrag.render(model, "rain", seconds=0.2, steps=2)
    assert set(used) == {1}
    assert torch.get_num_threads() == 2


def test_what_was_seen_long_ago_does_not_count_when_the_machine_is_free_again(monkeypatch, threads):
    taken = iter([2.0, 0.0])
    monkeypatch.setattr(cores, "taken_by_others", lambda: lambda: next(taken))
    monkeypatch.setattr(FreeCores, "watch", lambda _self: None)
    torch.set_num_threads(2)
    free, now = FreeCores(cores=2), [0.0]
    monkeypatch.setattr(cores, "monotonic", lambda: now[0])
    free.begin()
    expected = []
    for now[0] in (0.1, 1.0, 2.0):
        with free.while_rendering():
            expected.append(free.threads)
    # The first comes too soon to know.
    assert expected == [None, 1, 2]


def test_a_system_that_does_not_tell_at_the_start_leaves_all_threads(monkeypatch, caplog):
    def refused():
        raise psutil.AccessDenied

    monkeypatch.setattr(cores, "taken_by_others", refused)
    free = FreeCores(4, 4)
    free.begin()
    assert free.threads == 4
    assert "cannot be seen" in caplog.text
