"""Fixtures that tests of several rooms use, and how tests are shared out over the cores."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from midifrag.engine.loading.stock import leave_out_training
from tests.jack import jack_server, peer
from tests.support import forms, garbage, skips

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

__all__ = ["jack_server", "peer"]

# Before any test imports stable-audio-tools.
leave_out_training()

# No example fails because the machine is busy.
hypothesis.settings.register_profile("short", deadline=None, max_examples=20)
hypothesis.settings.register_profile("thorough", deadline=None)

#: Tests that share one show and one browser.
PAGE = "tests/scenarios/page"
#: What is played in real time, over JACK or Link: on the first worker, to which others give way.
REAL_TIME = (
    "tests/scenarios/test_clocks.py",
    "tests/scenarios/test_heard_on_the_bar.py",
    "tests/scenarios/test_input_on_jack.py",
    "tests/scenarios/test_joined.py",
    "tests/scenarios/test_link_show.py",
    "tests/scenarios/test_on_the_bar.py",
    "tests/scenarios/test_osc.py",
    "tests/scenarios/test_playback.py",
    "tests/scenarios/test_player_soak.py",
    "tests/scenarios/test_sound_in.py",
    "tests/doors/instruments/test_hydrogen.py",
    "tests/midi/test_jack",
)
#: Files that stay together on one worker: for their show and browser, for JACK, and for what takes each process seconds
#: to load (librosa, numba, stock inference, a text encoder), and on a new machine many to compile.
TOGETHER = {
    "real time": REAL_TIME,
    "page": (PAGE,),
    "librosa": ("tests/commands/soundcheck", "tests/commands/test_takes.py", "tests/fragment/test_analysis.py"),
    "player": ("tests/playback",),
    "models": (
        "tests/engine/diffusion",
        "tests/engine/loading",
        "tests/engine/network",
        "tests/training",
        "tests/cuda",
    ),
    "ray": ("tests/serving/test_ray_", "tests/serving/test_places.py", "tests/examples/test_serve.py"),
}
#: What takes longest is begun first, so that no core waits for one of them at the end. What waits for shows, clocks and
#: browsers stands beside what computes.
LONGEST = (
    *REAL_TIME,
    PAGE,
    "tests/test_exhaustive.py",
    "tests/faults/test_campaign.py",
    "tests/tools/test_jack_server.py",
    "tests/commands/soundcheck",
    "tests/engine/diffusion",
    "tests/scenarios/test_performing.py",
    "tests/training",
    "tests/cuda",
    "tests/playback/test_player.py",
    "tests/benchmarks/test_gpu.py",
    "tests/serving",
    "tests/test_new_parameter.py",
    "tests/scenarios",
    "tests/show",
    "tests/commands",
)
#: What needs a JACK server, Debian's Chromium, or signals and links as Linux has them; marked `linux`.
LINUX = (
    "tests/config/test_yaml_files.py::test_what_is_no_file_is_never_opened",
    "tests/config/test_pad_editing.py::test_a_linked_bank_stays_a_link",
    "tests/doors/instruments/test_hydrogen.py::test_a_pad_pressed_here_sounds_from_hydrogen_at_its_note",
    "tests/engine/hosting/test_process.py",
    "tests/faults/test_campaign.py",
    "tests/page/test_host.py",
    "tests/scenarios",
    "tests/show/test_reload.py::test_what_is_no_file_any_more_is_told_once",
    "tests/tools/test_jack_server.py",
)

# Where a shell says that no bytecode is to be kept, each worker and each of the hundreds of processes that tests start
# would compile whatever it imports once more, which takes three times as long as to run it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    # Before torch is imported, and for the processes that tests start: threads that share a core with another worker's
    # wait for each other in every operation.
    threads = (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, threads)))
    if os.environ["PYTEST_XDIST_WORKER"] != "gw0" and hasattr(os, "nice"):
        os.nice(5)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="all of what is long: campaigns, soaks, every combination")


def pytest_configure(config: pytest.Config) -> None:
    """Before test files are imported, whose parameters and numbers of examples go by it."""
    forms.is_whole = bool(config.getoption("--thorough"))
    hypothesis.settings.load_profile("thorough" if forms.is_whole else "short")


def pytest_report_header(config: pytest.Config) -> str:
    if config.getoption("--thorough"):
        return "form: whole"
    return "form: short (--thorough plays campaigns, soaks and combinations whole)"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: shows wait for browsers, clocks and disks for much of their time."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """A file's tests stay together, and so do those of several files that share what is dear."""
    from xdist.scheduler import LoadFileScheduling
    from xdist.workermanage import WorkerController

    class Scheduling(LoadFileScheduling):
        @property
        def nodes(self) -> list[WorkerController]:
            """The first worker, which is given what comes first, at the head; not whichever was ready first."""
            return sorted(super().nodes, key=lambda node: node.gateway.id)

        def _split_scope(self, nodeid: str) -> str:
            together = (name for name, starts in TOGETHER.items() if nodeid.startswith(starts))
            return next(together, None) or super()._split_scope(nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for named in (*LONGEST, *LINUX, *itertools.chain.from_iterable(TOGETHER.values())):
        if not any(config.rootpath.glob(f"{named.partition('::')[0]}*")):
            raise pytest.UsageError(f"tests/conftest.py: there is no {named} any more")

    def place(item: pytest.Item) -> int:
        return next((at for at, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))

    items.sort(key=place)
    for item in items:
        if item.nodeid.startswith(LINUX):
            item.add_marker("linux")
        # Fewer examples.
        if hypothesis.is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("shortened")
    if not config.getoption("--thorough"):
        thorough = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=thorough)
        left = set(thorough)
        items[:] = [item for item in items if item not in left]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    skips.judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    skips.judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected, and torch, are millions of objects that stay: they are not gone through meanwhile."""
    gc.disable()
    try:
        return (yield)
    finally:
        # What tests make is mostly gone by itself, and soon.
        gc.set_threshold(20_000, 10, 10)
        gc.enable()


@pytest.fixture(autouse=True, scope="module")
def garbage_is_looked_for_in_what_tests_make() -> None:
    """Engines collect whenever they free memory: leave out all that was there before; a test may have had it back."""
    garbage.leave_out()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """The command line sets logging up for its whole process; here other tests follow in the same one."""
    root, ours = logging.getLogger(), logging.getLogger("midifrag")
    before = (list(root.handlers), root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
