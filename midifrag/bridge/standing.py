"""How everything stands, as the bridge last published it: pads, slots, engines, ports."""

from __future__ import annotations

from dataclasses import replace

from midifrag.config.banks import Bank
from midifrag.engine.messages import EngineInfo
from midifrag.events import EngineChanged, PadChanged, PadState, PortState, SlotsChanged, StateChange


def idle(bank: str, key: str, colour: str | None, port: str | None, now: float) -> PadChanged:
    """A pad at rest, where its key says that it lies (channel 1 where it lies on any)."""
    note, _, channel = key.partition("/")
    return PadChanged(bank, key, port, int(channel or 1), int(note), PadState.IDLE, colour, now)


def describe(info: EngineInfo) -> str:
    """One line of what is loaded: model, device, precision, what of its memory goes where, and what is warm."""
    sizes = [f"{what} {size / 1e6:.0f} MB" for what, size in info.memory.items()]
    what = [f"{info.model} on {info.device}, {info.precision}", ", ".join(sizes), info.warmed]
    return "; ".join(filter(None, what))


class Standing:
    """Remembers the last change of each thing."""

    def __init__(self) -> None:
        self.pads: dict[tuple[str, str], PadChanged] = {}
        self._slots = SlotsChanged(())
        self._engines: dict[str, EngineChanged] = {}
        self._ports: dict[tuple[str, str], PortState] = {}

    def note(self, change: StateChange) -> None:
        """Take in what was published."""
        match change:
            case PadChanged(bank, pad):
                self.pads[bank, pad] = change
            case SlotsChanged():
                self._slots = change
            case EngineChanged(model):
                before = self._engines.get(model)
                self._engines[model] = replace(change, info=change.info or (before.info if before else None))
            case PortState(port, direction):
                self._ports[port, direction] = change
            case _:
                pass

    def changes(self) -> list[StateChange]:
        """All of it but the pads, for someone who starts watching."""
        return [*([self._slots] if self._slots.slots else []), *self._engines.values(), *self._ports.values()]

    def pads_of(self, bank: Bank, now: float) -> tuple[PadChanged, ...]:
        """The pads of ``bank`` as they are shown; at rest where they are bound to, not where last pressed."""
        shown = []
        for key, pad in bank.pads.items():
            last = self.pads.get((bank.slug, key))
            if last is None or last.state is PadState.IDLE:
                last = idle(bank.slug, key, pad.colour, pad.port, now)
            elif last.state is PadState.READY:
                last = replace(last, port=pad.port)
            shown.append(last)
        return tuple(shown)

    def keep_pads(self, places: set[tuple[str, str]]) -> None:
        """Forget pads that are no longer anywhere."""
        self.pads = {place: pad for place, pad in self.pads.items() if place in places}

    @property
    def ready_models(self) -> frozenset[str]:
        """The models that are loaded and warm."""
        return frozenset(model for model, engine in self._engines.items() if engine.state == "ready")
