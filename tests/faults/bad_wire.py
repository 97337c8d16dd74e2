"""A show whose engine is at the other end of a bad line: what becomes of each press, and who played it how soon.

    uv run python -m tests.faults.bad_wire [--presses 300] [--cuts 100] [--seed 1]

The line has 20 ms of delay each way, 5 ms of jitter, 2 % loss and 5 Mbit/s, as two TUN devices where root is; elsewhere
as a proxy, whose packets are late and never lost. It is cut for 0.1 to 30 s while somebody plays on, one cut in ten
presses; then for 0.1 to 10 s in the middle of a render, ``--cuts`` times. The engine there takes half a second for a
take of one second; ``sketch`` stands in. Prints a Markdown table; ends with 1 where the law is broken:

- each press has one outcome, it has landed, and the archive holds it once;
- the last press, for which the line stays after one more cut, is rendered there.

A line is back when a byte of the server has come since, and the model is ready. What the show was told last is not
enough: of a cut shorter than its patience it hears nothing, until what was lost in it is sent again too late.

How long after a press, or after the cut, who stands in was asked for it is a figure of the table, and no law.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.crowd.step_times import StepTimes
from benchmarks.crowd.timed_engine import TimedWorker
from midifrag.clock import monotonic
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.protocol import EngineChoice
from midifrag.events import EngineChanged, JobChanged
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.states import EngineState, JobState
from tests.faults import tun_wire
from tests.serving.puppet import TOKEN, Server, until
from tests.serving.wire import Wire
from tests.support.runtimes import landed, played_show

MODEL, STAND_IN = "studio/timed", "sketch"
#: Half a second for a second of stereo.
TIMES = StepTimes("timed", "", 20, 0.0, {1: 0.024, 8: 0.04}, {1: 0.02}, 8, 4 * 2 * 44100)
LINE = {"delay": 0.02, "jitter": 0.005, "rate": 5e6 / 8}
LOSS = 0.02
#: Seconds of cuts, each power of ten as often: while somebody plays, amid a render, and before the last press.
PLAYING, RENDERING, SHORT = (0.1, 30.0), (0.1, 10.0), (0.2, 2.0)
#: Seconds between two presses, and of silence after which who stands in plays.
GAP, PATIENCE_MS = (0.1, 1.0), 800


def timed(_model):
    return ThreadHost(lambda _choice: TimedWorker(TIMES), EngineChoice("timed"))


class Proof:
    """A show at one end, an engine at the other, and the line between them."""

    def __init__(self, show, wire, seed):
        self.show, self.wire, self.dice = show, wire, random.Random(seed)
        self.pressed, self.is_back = 0, False
        self.cut_at, self.back_after = [], []
        #: When each press was handed over, by its job.
        self.handed_over = {}
        show.runtime.watch(self.hear, "proof")

    def hear(self, change):
        if isinstance(change, JobChanged) and change.model == STAND_IN:
            self.handed_over.setdefault(change.job, monotonic())

    def press(self):
        self.pressed += 1
        self.show.note(36 + self.pressed % 2)

    def seconds(self, limits):
        low, high = limits
        return low * (high / low) ** self.dice.random()

    def cut(self):
        self.cut_at.append(monotonic())
        self.wire.cut()

    def play_through_cuts(self, presses):
        """Somebody plays on while the line is cut, and is back."""
        while self.pressed < presses:
            if self.pressed % 10 == 5:
                self.cut()
                until = monotonic() + self.seconds(PLAYING)
                while monotonic() < until and self.pressed < presses:
                    self.press()
                    time.sleep(min(self.dice.uniform(0.3, 3.0), max(0.0, until - monotonic())))
                self.mend()
            self.press()
            time.sleep(self.dice.uniform(*GAP))
        self.show.seen.wait_for(landed(self.pressed))

    def mend(self):
        mended, engine = monotonic(), self.show.runtime.engines._engines[MODEL]._engine
        self.wire.mend()
        until(lambda: engine._heard_at > mended and not engine._talk.is_away)
        self.show.seen.wait_for(lambda changes: state_of(changes) is EngineState.READY)
        self.back_after.append(monotonic() - mended)

    def cut_renders(self, cuts):
        """One press at a time, whose render or audio is cut in the middle."""
        for _ in range(cuts):
            self.press()
            time.sleep(self.dice.uniform(0.05, 1.2))
            self.cut()
            time.sleep(self.seconds(RENDERING))
            self.mend()
            self.show.seen.wait_for(landed(self.pressed))

    def come_back(self):
        """A cut, maybe one that a show does not notice; the line stays, and the press after it is rendered there."""
        self.cut()
        time.sleep(self.seconds(SHORT))
        self.mend()
        self.press()
        [end, *_] = self.show.seen.wait_for(landed(self.pressed))
        self.is_back = end.model == MODEL


def state_of(changes):
    """How the server's model stands, as the show was told last."""
    return next((c.state for c in reversed(changes) if isinstance(c, EngineChanged) and c.model == MODEL), None)


def broken(proof, folder):
    """What of the law is broken, in sentences."""
    ends = [c for c in proof.show.seen.changes if isinstance(c, JobChanged) and c.state.ended]
    outcomes = Counter(one.job for one in ends)
    if sorted(outcomes) != list(range(1, proof.pressed + 1)) or set(outcomes.values()) != {1}:
        yield f"{proof.pressed} presses have outcomes {[one for one in outcomes.items() if one[1] != 1]}"
    if others := Counter(str(one.state) for one in ends if one.state is not JobState.LANDED):
        yield f"not landed: {dict(others)}"
    with closing(ArchiveReader(folder / "archive")) as archive:
        if archive.count() != proof.pressed:
            yield f"{archive.count()} takes of {proof.pressed} presses"
    if not proof.is_back:
        yield "the last press, with the line up, was not rendered there"


def figures(proof, kind):
    """A row of what was measured."""
    ends = [c for c in proof.show.seen.changes if isinstance(c, JobChanged) and c.state is JobState.LANDED]
    by_server = [one.times.landed - one.times.pressed for one in ends if one.model == MODEL]
    home = [one.times.landed - proof.handed_over[one.job] for one in ends if one.model == STAND_IN]
    lost = f"{proof.wire.dropped} of {proof.wire.packets}" if kind == "TUN" else "none"
    columns = (kind, proof.pressed, len(proof.cut_at), told(by_server), told(taken_over(proof)))
    columns += (told(home), told(proof.back_after))
    return f"| {' | '.join(map(str, columns))} | {lost} |"


def taken_over(proof):
    """Seconds until who stands in was asked for a press: since the press, or the cut where that came later."""
    pressed = {c.job: c.times.pressed for c in proof.show.seen.changes if isinstance(c, JobChanged)}
    for job, moment in proof.handed_over.items():
        cut_at = max((at for at in proof.cut_at if at <= moment), default=0.0)
        yield moment - max(pressed[job], cut_at)


def told(seconds):
    found = sorted(seconds)
    return f"{len(found)}: p50 {statistics.median(found):.2f} s, at most {found[-1]:.2f} s" if found else "0"


def played(folder, presses, cuts, seed=1, *, tun=None):
    """Play it; a row of figures, and what of the law is broken."""
    tun = tun_wire.is_possible() if tun is None else tun
    with ExitStack() as stack:
        if tun:
            wire = stack.enter_context(tun_wire.TunWire(**LINE, loss=LOSS, seed=seed))
            with wire.at(tun_wire.FAR):
                server = Server(timed, models=("timed",), host=tun_wire.FAR)
            stack.enter_context(wire.at(tun_wire.NEAR))
            stack.enter_context(server)
            url = server.url
        else:
            server = stack.enter_context(Server(timed, models=("timed",)))
            wire = stack.enter_context(Wire(server.port, **LINE, seed=seed))
            url = wire.url
        token = folder / "token"
        token.write_text(TOKEN)
        servers = {"studio": {"url": url, "token_file": str(token), "patience_ms": PATIENCE_MS}}
        engine = {"host": "thread", "spares": {"enabled": False}, "stand_in": STAND_IN}
        show = stack.enter_context(
            played_show(
                folder / "fragments",
                model=MODEL,
                servers=servers,
                engine=engine,
                queue={"size": 1000},
                defaults={"seconds": 1.0},
            )
        )
        for model in (MODEL, STAND_IN):
            show.seen.wait_for_kind(EngineChanged, model=model, state=EngineState.READY)
        proof = Proof(show, wire, seed)
        proof.play_through_cuts(presses)
        proof.cut_renders(cuts)
        proof.come_back()
        row = figures(proof, "TUN" if tun else "proxy")
        problems = list(broken(proof, folder / "fragments"))
    return row, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--proxy", action="store_true", help="the proxy, though root is there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        row, problems = played(Path(folder), asked.presses, asked.cuts, asked.seed, tun=False if asked.proxy else None)
    columns = ("line", "presses", "cuts", "server: press to landed", "handed over after", "then landed after")
    print(f"| {' | '.join((*columns, 'back after', 'packets lost'))} |")
    print("|---|---|---|---|---|---|---|---|")
    print(row)
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
