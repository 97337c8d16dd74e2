"""A campaign: acts of random moves under one seed, the law after each scene, and figures at the end."""

from __future__ import annotations

import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from midifrag.states import JobState
from tests.faults import setting
from tests.faults.act import PATIENCE, Act, ActError
from tests.faults.browsers import load
from tests.faults.disk import Disk
from tests.faults.law import Evidence, shown_pads, violations
from tests.faults.moves import MOVES, Move
from tools.jack_server import Server

#: How acts end, and whether the program must then end well.
ENDS = {"SIGINT": True, "SIGTERM": True, "SIGHUP": True, "SIGKILL": False}
SCENES = (1, 3)
MOVES_A_SCENE = (10, 40)
#: Seconds within which everything says the same, once nothing is under way any more.
SETTLED_WITHIN = 20.0


@dataclass
class Figures:
    """What was done and what was found."""

    seed: int
    seconds: float = 0.0
    acts: int = 0
    scenes: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def presses(self) -> int:
        """Jobs that presses began."""
        return sum(self.outcomes.values())

    @property
    def faults(self) -> int:
        """Moves that were more than playing."""
        harmless = {move.name for move in MOVES if move.harmless}
        return sum(count for name, count in self.moves.items() if name not in harmless)

    def line(self) -> str:
        """A row for the reliability table."""
        outcomes = ", ".join(f"{self.outcomes[state.value]} {state.value}" for state in JobState if state.ended)
        return (
            f"| {self.seconds / 3600:.2f} h, seed {self.seed} | {self.acts} shows, {self.scenes} scenes "
            f"| {self.faults} faults | {self.presses} presses: {outcomes} | {len(self.violations)} violations |"
        )


class Campaign:
    """Plays acts in one set's folder, so that what one leaves is what the next begins with.

    ``jack`` may be another one at the end (`jack`).
    """

    def __init__(self, seed: int, model: str, jack: Server, tell: Callable[[str], object] = print) -> None:
        self.figures = Figures(seed)
        self._jack = jack
        self._tell = tell
        self._dice = random.Random(seed)
        self._model = model
        self._trace: list[str] = []

    @property
    def jack(self) -> Server:
        """The server that runs now."""
        return self._jack

    def play(self, seconds: float, folder: Path | None = None) -> Figures:
        """Play for about so long, in ``folder`` or a temporary one that is kept after a violation."""
        workplace = folder or Path(tempfile.mkdtemp(prefix="midifrag-faults-"))
        disk = Disk(workplace / "set", workplace)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            self._act(workplace, disk, began + seconds)
            self.figures.seconds = time.monotonic() - began
        if folder is None and not self.figures.violations:
            shutil.rmtree(workplace)
        return self.figures

    def _act(self, workplace: Path, disk: Disk, until: float) -> None:
        dice = random.Random(self._dice.random())
        self.figures.acts += 1
        model = dice.choice([self._model, "sketch"])
        setting.write_set(workplace / "set", dice, model, spares=dice.random() < 0.5, queue=dice.choice([8, 64]))
        act = Act(workplace / "set", disk, self._jack, dice, setting.models(model))
        self._trace = [f"{model}, {act.terminal_kind}, {act.locale}"]
        try:
            act.wait_until_playable()
            for _ in range(dice.randint(*SCENES)):
                self._scene(act)
                if time.monotonic() > until:
                    break
            how = dice.choice(list(ENDS))
            self._trace.append(how)
            if dice.random() < 0.5:
                act.play(*setting.NOTES)
            code = act.end(signal.Signals[how])
            self._judge(act, Evidence(act.fragments, printed=act.terminal.text))
            if ENDS[how] and code != 0:
                self._violated(act, f"{how}: it ended with {code}")
        except ActError as error:
            self._violated(act, str(error))
        finally:
            act.leave()
            self._jack = act.jack
            self._count(act)

    def _scene(self, act: Act) -> None:
        self.figures.scenes += 1
        for _ in range(act.dice.randint(*MOVES_A_SCENE)):
            move: Move = act.dice.choices(MOVES, [move.weight for move in MOVES])[0]
            self._trace.append(move.name)
            self.figures.moves[move.name] += 1
            move.do(act)
            time.sleep(act.dice.choice([0.0, 0.02, 0.1, 0.4]))
        act.heal()
        act.wait_until_quiet()
        # Lights may be held for a moment after what looked like a loop, and spares come while it is looked.
        deadline = time.monotonic() + SETTLED_WITHIN
        while violations(_evidence(act)) and time.monotonic() < deadline:
            time.sleep(1.0)
        self._judge(act, _evidence(act))

    def _judge(self, act: Act, evidence: Evidence) -> None:
        self._violated(act, *violations(evidence))

    def _violated(self, act: Act, *texts: str) -> None:
        self.figures.violations += texts
        if texts:
            self._tell(f"seed {self.figures.seed}, act {self.figures.acts}, in {act.folder}: {' '.join(self._trace)}")
        for text in texts:
            self._tell(f"  {text}")
        if any(text.startswith("lights") for text in texts):
            self._tell(f"  {act.controller_stands()}")

    def _count(self, act: Act) -> None:
        ends = {line["job"]: line["state"] for line in act.log().lines if line["event"] == "JobChanged"}
        self.figures.outcomes.update(ends.values())


def _evidence(act: Act) -> Evidence:
    """How everything stands at one moment: while it is looked at, spares come, and their pads change."""
    deadline = time.monotonic() + PATIENCE
    while True:
        before = _look(act, act.log().lines)
        if shown_pads(before) == shown_pads(Evidence(act.fragments, act.log().lines)) or time.monotonic() > deadline:
            return before


def _look(act: Act, lines: list[dict[str, Any]]) -> Evidence:
    shown = load(act.address) if act.address else None
    return Evidence(
        act.fragments,
        lines,
        lights={m.note: m.velocity for m in act.controller.received if m.type == "note_on"},
        page=shown.states if shown else {},
        printed=act.terminal.text,
        sent=None if act.lossy else act.sent,
        touched=frozenset(act.touched),
    )
