"""How everything stands, folded from state changes: what the terminal, the page and the demo look at."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from midifrag.events import (
    BankChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    Notice,
    PadChanged,
    PadState,
    PortState,
    SlotsChanged,
    StateChange,
)
from midifrag.fragment.messages import SlotState

#: Landings that the latency figures look back on, and notices and finished jobs that are kept.
LANDINGS, NOTICES, FINISHED = 200, 50, 100
#: States after which a job changes no more.
FINAL = frozenset({PadState.LANDED, PadState.FAILED, PadState.REFUSED, "cancelled"})


@dataclass
class View:
    """Feed it changes with `apply` from one thread; read it under `lock` from another."""

    bank: BankChanged | None = None
    pads: dict[tuple[str, str], PadChanged] = field(default_factory=dict)
    slots: tuple[SlotState, ...] = ()
    jobs: dict[int, JobChanged] = field(default_factory=dict)
    finished: deque[JobChanged] = field(default_factory=lambda: deque(maxlen=FINISHED))
    engines: dict[str, EngineChanged] = field(default_factory=dict)
    ports: dict[tuple[str, str], PortState] = field(default_factory=dict)
    controls: dict[str, ControlChanged] = field(default_factory=dict)
    notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=NOTICES))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LANDINGS))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def apply(self, change: StateChange) -> None:
        """Take in one change."""
        with self.lock:
            match change:
                case BankChanged():
                    self.bank = change
                    self.pads |= {(pad.bank, pad.pad): pad for pad in change.pads}
                case PadChanged(bank, pad):
                    self.pads[bank, pad] = change
                case SlotsChanged(slots):
                    self.slots = slots
                case JobChanged():
                    self._job(change)
                case EngineChanged(model):
                    self._engine(model, change)
                case PortState(port, direction):
                    self.ports[port, direction] = change
                case ControlChanged(name):
                    self.controls[name] = change
                case Notice():
                    self.notices.append(change)

    def percentile(self, share: float) -> float | None:
        """The press-to-landed time, in seconds, that ``share`` (0–1) of the last landings stayed within."""
        with self.lock:
            ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None

    def _job(self, change: JobChanged) -> None:
        if change.state not in FINAL:
            self.jobs[change.job] = change
            return
        self.jobs.pop(change.job, None)
        self.finished.append(change)
        latency = landing_time(change.times)
        if change.state is PadState.LANDED and latency is not None:
            self.latencies.append(latency)

    def _engine(self, model: str, change: EngineChanged) -> None:
        before = self.engines.get(model)
        if change.info is None and before is not None and before.info is not None:
            change = EngineChanged(model, change.state, change.text, change.done, change.total, before.info)
        self.engines[model] = change


def landing_time(times: Mapping[str, float]) -> float | None:
    """Seconds from press to landed, None for what did not land."""
    if "landed" not in times or "pressed" not in times:
        return None
    return times["landed"] - times["pressed"]
