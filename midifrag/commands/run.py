"""Commands that run a show: ``run`` with real ports, ``play`` with a MIDI file as the controller."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.commands.common import explained, stopping
from midifrag.commands.console import err, out
from midifrag.commands.sounding import is_heard, is_opening
from midifrag.commands.streams import aside
from midifrag.commands.terminal import StatusScreen
from midifrag.config.loading import Loaded
from midifrag.errors import PortError, StorageError
from midifrag.events import StateChange
from midifrag.show.clip import read_clip
from midifrag.show.ending import Ending
from midifrag.show.link import LibrarySession
from midifrag.show.playing import ClipPorts, wait_until_landed
from midifrag.show.playing import play as play_messages
from midifrag.show.replay import read_performance
from midifrag.show.runtime import Runtime

if TYPE_CHECKING:
    from midifrag.page import Page

#: The interpreter hands over between threads this often, so that busy Python never holds a MIDI callback for long.
SWITCH_INTERVAL = 0.0005
#: Seconds that a clip waits for the output, whose code is compiled the first time.
OPEN_PATIENCE = 60.0
#: Seconds that a clip waits for a server; whoever stands in for one that does not answer plays then.
LINE_PATIENCE = 10.0
#: Times a second that the status is drawn.
DRAWN_PER_SECOND = 8


def run(loaded: Loaded, *, new_page_token: bool = False) -> None:
    """Serve a show until Ctrl-C."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    # The screen stays until everything has ended: what is cancelled or still lands is shown as well.
    with aside(), explained(), stopping() as stopped, ExitStack() as screens:
        runtime = Runtime(loaded, open_link=LibrarySession)
        page = None
        try:
            page = _page(runtime, new_token=new_page_token)
            runtime.start()
            runtime.ports.watch()
            _rest_garbage_collector()
            screen = screens.enter_context(_on_screen(runtime, page.address if page else None))
            if page:
                page.start()
                out.print(page.invitation, markup=False, soft_wrap=True)
            runtime.configuration.start()
            while not stopped.wait(1 / DRAWN_PER_SECOND):
                screen.draw()
        finally:
            _end(runtime, page, screens)
        out.print(f"Stopped. The takes are in {loaded.archive_folder}", markup=False, soft_wrap=True)


def _rest_garbage_collector() -> None:
    """Leave what is loaded out of all later collections: a full one holds every thread for a tenth of a second."""
    gc.collect()
    gc.freeze()


def play(loaded: Loaded, path: Path, speed: float, port: str | None) -> None:
    """Play a MIDI file as if it came from ``port`` (the first one of the show), or a session log as it was played.

    Ends when all has landed.
    """
    with aside(), explained(), stopping() as stopped, ExitStack() as screens:
        name = port or next(iter(loaded.settings.ports), "")
        if name not in loaded.settings.ports:
            known = ", ".join(loaded.settings.ports)
            raise PortError(f"There is no port {name!r} in the configuration to play from; there is {known or 'none'}.")
        ports = ClipPorts(name)
        runtime = Runtime(loaded, ports)
        perform = _performer(runtime, ports, path, speed)
        try:
            runtime.start()
            screen = screens.enter_context(_on_screen(runtime, None))
            done = threading.Event()

            def act() -> None:
                try:
                    _wait_for_engine(runtime, stopped)
                    deadline = monotonic() + OPEN_PATIENCE
                    while not stopped.is_set() and is_opening(screen.view) and monotonic() < deadline:
                        time.sleep(0.05)
                    if not stopped.is_set():
                        perform()
                    while not stopped.is_set() and not wait_until_landed(runtime, 1.0):
                        pass
                    # What landed last has only begun to sound.
                    while not stopped.is_set() and is_heard(screen.view):
                        time.sleep(0.05)
                finally:
                    done.set()

            threading.Thread(target=act, name="clip", daemon=True).start()
            while not (stopped.is_set() or done.wait(1 / DRAWN_PER_SECOND)):
                screen.draw()
        finally:
            _end(runtime, None, screens)
        if not (stopped.is_set() or screen.view.finished):
            out.print(_nothing_matched(loaded, path), markup=False, soft_wrap=True)


def _performer(runtime: Runtime, ports: ClipPorts, path: Path, speed: float) -> Callable[[], None]:
    """Read ``path`` now, so that a broken file is told before anything starts; return what plays it."""
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        performance = read_performance(path)
        if performance.left_out:
            err.print(f"{path.name}: {performance.left_out} lines make no sense and are left out", markup=False)
        return lambda: play_messages(performance.at_speed(speed, runtime.clock.now()), runtime.put)
    clip = read_clip(path)
    for note in clip.notes:
        err.print(f"{path.name}: {note}", markup=False, soft_wrap=True)
    return lambda: play_messages(clip.at_speed(speed), ports.send)


def _nothing_matched(loaded: Loaded, path: Path) -> str:
    pads = ", ".join(map(str, loaded.banks[0].pads)) if loaded.banks else "none"
    return f"Nothing in {path.name} pressed a pad. The pads of the first bank are on notes {pads}."


@contextmanager
def _on_screen(runtime: Runtime, page: str | None) -> Iterator[StatusScreen]:
    view = View()
    screen = StatusScreen(view, out, page)

    def heard(change: StateChange) -> None:
        view.apply(change)
        screen.heard(change)

    with screen:
        runtime.watch(heard, "terminal")
        yield screen


def _wait_for_engine(runtime: Runtime, stopped: threading.Event) -> None:
    deadline, is_elsewhere = monotonic() + LINE_PATIENCE, runtime.begun.settings.is_elsewhere
    while (waiting := runtime.engines.waiting()) and not stopped.is_set():
        if monotonic() >= deadline and all(map(is_elsewhere, waiting)):
            return
        time.sleep(0.05)


def _page(runtime: Runtime, *, new_token: bool) -> Page | None:
    if not runtime.begun.settings.page.enabled:
        return None
    from midifrag.page import Page

    return Page(runtime, runtime.begun.settings.page, new_token=new_token)


def _end(runtime: Runtime, page: Page | None, screens: ExitStack) -> None:
    """End a show: all is kept that can be, and then it is told. Raises `StorageError` for what is not written."""
    with suppress(Exception):
        if page:
            page.close()
    ending = runtime.close()
    # A screen draws over what is printed below it.
    with suppress(Exception):
        screens.close()
    tell_ending(ending)
    if ending.unwritten:
        raise StorageError(f"{len(ending.unwritten)} of the takes could not be written before the end.")


def tell_ending(ending: Ending) -> None:
    """Say what is not where it belongs; of what was lost, how to render it again."""
    for held in ending.unwritten:
        err.print(f"not written: job {held.job}: {held.reason}", markup=False)
    for folder, count in ending.rescued.kept:
        err.print(f"raw takes kept in {folder}: {count}", markup=False, soft_wrap=True)
    if ending.rescued.lost:
        for reason in ending.rescued.reasons:
            err.print(f"lost: {reason}", markup=False, soft_wrap=True)
    for take in ending.rescued.lost:
        err.print(f"lost: {take.record.to_json()}", markup=False, soft_wrap=True)
