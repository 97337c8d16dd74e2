"""The live parameter values: what controls, the page and the command line have set over the presets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from midifrag.bridge.takeover import Takeover
from midifrag.config.banks import Bank
from midifrag.config.controls import Control
from midifrag.config.loras import PREFIX, merged, strengths_of
from midifrag.config.parameter_values import LENGTHS, layered, values_of
from midifrag.config.settings import Settings
from midifrag.events import ControlChanged
from midifrag.pad_key import PadKey

#: Whose a value is: every bank's (""), a bank's, or a pad's of it.
Place: TypeAlias = tuple[str, PadKey | None]
_EVERYWHERE: Place = ("", None)


class StoredValues:
    """All live values, by place, and which of them controls have set: several performers share them."""

    def __init__(self) -> None:
        self.values: dict[Place, dict[str, float]] = {_EVERYWHERE: {}}
        #: The parameters that controls have set: their values go with the last control that sets them.
        self.moved: dict[Place, set[str]] = {}
        #: The tempo as it is, which is nobody's value: what controls make of it is up to who keeps the time.
        self.tempo: Callable[[], float | None] = lambda: None


class LiveValues:
    """Values by parameter: global ones, over them those of the active bank, and over these those of single pads.

    A control writes where its scope says. A bank's values rest while another bank is active. A control that has not
    been moved sets nothing. Of lengths in seconds, bars and beats the one that was set last counts. ``banks`` are all
    of the set list.
    """

    def __init__(
        self, settings: Settings, bank: Bank, banks: Sequence[Bank] = (), stored: StoredValues | None = None
    ) -> None:
        stored = StoredValues() if stored is None else stored
        self._values, self._moved = stored.values, stored.moved
        self._stored = stored
        #: Controls that wait to be picked up, and where they would set what.
        self._waiting: dict[str, tuple[Place, str]] = {}
        self.configure(settings, bank, banks)

    def configure(self, settings: Settings, bank: Bank, banks: Sequence[Bank] = ()) -> None:
        """Use the controls of ``show`` and ``bank``; soft takeover starts over."""
        self._bank, self._settings = bank, settings
        everywhere = (*settings.all_controls, *(control for one in (bank, *banks) for control in one.all_controls))
        shared = {control.value_name for control in settings.all_controls if control.scope in (None, "global")}
        #: What some bank's control sets for every bank stays in all of them.
        self._shared = shared | {control.value_name for control in everywhere if control.scope == "global"}
        self._waiting.clear()
        self._defaults = layered(values_of(settings.defaults), values_of(bank.defaults))
        self._values.setdefault((bank.slug, None), {})
        self._controls: dict[str, tuple[str, Control]] = {c.id: (c.scope or "global", c) for c in settings.all_controls}
        self._controls |= {c.id: (c.scope or "bank", c) for c in bank.all_controls}
        for place in [one for one in self._moved if one[0] in ("", bank.slug)]:
            self._let_go_of(place, set(self._set_at(place)))
        self._takeovers = {
            key: Takeover.for_range(control.takeover, control) for key, (_, control) in self._controls.items()
        }

    def _set_at(self, place: Place) -> Iterator[str]:
        """The values that controls set at a place; none of a pad that is there no more."""
        bank, pad = place
        if not bank:
            yield from self._shared
            return
        wanted = "pad" if pad is not None else "bank"
        if pad is None or pad in self._bank.pads:
            yield from (control.value_name for scope, control in self._controls.values() if scope == wanted)

    def _let_go_of(self, place: Place, stays: set[str]) -> None:
        for name in self._moved[place] - stays:
            self._values[place].pop(name, None)
            self._moved[place].discard(name)

    # --- what counts -------------------------------------------------------------------------------------------------

    @property
    def effective(self) -> dict[str, float]:
        """The values that hold for every pad of the active bank that has none of its own."""
        has_own = any(scope == "bank" for scope, _ in self._controls.values())
        return layered(self._values[_EVERYWHERE], self._values[self._bank.slug, None] if has_own else {})

    def effective_on(self, pad: PadKey | None, bank: str | None = None) -> dict[str, float]:
        """The values that a press of a pad snapshots now; of a ``bank`` that rests, as it stands."""
        slug = self._bank.slug if bank is None else bank
        shared = (
            self.effective
            if bank in (None, self._bank.slug)
            else layered(self._values[_EVERYWHERE], self._values.get((slug, None), {}))
        )
        return layered(shared, self._values.get((slug, pad), {})) if pad is not None else shared

    def of_pads(self) -> dict[tuple[PadKey, str], float]:
        """The values of single pads of the active bank."""
        return {
            (pad, name): value
            for (bank, pad), values in self._values.items()
            if bank == self._bank.slug and pad is not None
            for name, value in values.items()
        }

    @property
    def told(self) -> set[str]:
        """The parameters that something is told of: that have a value, or that a control waits for."""
        return {*self.effective, *(name for (_, pad), name in self._waiting.values() if pad is None)}

    def controls(self) -> Iterator[tuple[Control, str]]:
        """The controls that count now, each with its scope."""
        yield from ((control, scope) for scope, control in self._controls.values())

    def position(self, control: Control, scope: str, pad: PadKey | None) -> float | None:
        """Where on its way, 0–1, what a control sets stands, for ``pad`` if it sets a pad's; None if nobody says."""
        pad = pad if scope == "pad" else None
        if scope == "pad" and pad is None:
            return None
        return self._position(control, self._current(control, pad), pad)

    def _current(self, control: Control, pad: PadKey | None) -> float | None:
        """What a control sets as it is now; None where the presets count."""
        return self._stored.tempo() if control.sets.keeps_time else self.effective_on(pad).get(control.value_name)

    # --- what moves --------------------------------------------------------------------------------------------------

    def move(self, key: str, position: float, pad: PadKey | None = None) -> ControlChanged | None:
        """A control stands at ``position`` 0–1: the change it makes, or that it waits to be picked up.

        ``pad`` is the one in hand, for a control that sets a pad's value; without one such a control does nothing. Of
        a tempo it is what the control asks for, and nothing is changed yet.
        """
        place, control = self._place(key, pad)
        if place is None or control is None:
            return None
        name = control.value_name
        current = self._current(control, place[1])
        taken = self._takeovers[key].move(position, self._position(control, current, place[1]))
        if taken is None:
            if control.sets.keeps_time:
                return None
            self._waiting[key] = place, name
            return ControlChanged(name, current, waiting=True, bank=_told_bank(place), pad=place[1])
        waited = self._waiting.pop(key, None) is not None
        if control.sets.keeps_time:
            return ControlChanged(name, control.value(taken))
        return self._put(place, name, control.value(taken), current, news=waited)

    def turn(self, key: str, clicks: int, pad: PadKey | None = None) -> ControlChanged | None:
        """An encoder was turned by so many clicks, from where its value stands; where nobody says, from the middle."""
        place, control = self._place(key, pad)
        if place is None or control is None:
            return None
        name = control.value_name
        current = self._current(control, place[1])
        stands = self._takeovers[key].exact(self._position(control, current, place[1]))
        position = min(max((0.5 if stands is None else stands) + clicks / control.clicks, 0.0), 1.0)
        self._takeovers[key].settle(position)
        if control.sets.keeps_time:
            return ControlChanged(name, control.value(position))
        return self._put(place, name, control.value(position), current)

    def _place(self, key: str, pad: PadKey | None) -> tuple[Place | None, Control | None]:
        """Where a control writes; None for one that is not there, or whose pad is not."""
        scope, control = self._controls.get(key, ("", None))
        places: dict[str, Place] = {"global": _EVERYWHERE, "bank": (self._bank.slug, None)}
        if scope == "pad" and pad in self._bank.pads:
            places["pad"] = (self._bank.slug, pad)
        return places.get(scope), control

    def _position(self, control: Control, current: float | None, pad: PadKey | None) -> float | None:
        # Before the first move, where pad, bank or set begins; what single pads say differs from pad to pad.
        presets = self._defaults if pad is None else layered(self._defaults, values_of(self._bank.pads[pad]))
        stands = current if current is not None else self._begins(presets, control.value_name)
        return control.position(stands) if isinstance(stands, int | float) else None

    def _begins(self, presets: Mapping[str, Any], name: str) -> Any:
        """Where a value begins; of a LoRA's strength, in the list of those that play."""
        if not name.startswith(PREFIX):
            return presets.get(name)
        own = self._settings.loras(presets.get("model") or self._settings.model)
        return strengths_of(merged(own, presets.get("loras"))).get(name)

    def _put(
        self, place: Place, name: str, value: float, current: float | None, *, news: bool = False
    ) -> ControlChanged | None:
        # That it no longer waits is news, also where it was picked up at the very value.
        if value == current and not news:
            return None
        pads = [] if place[1] is None else [place]
        self._give_way(name, pads or [_EVERYWHERE, (self._bank.slug, None)])
        self._values.setdefault(place, {})[name] = value
        self._moved.setdefault(place, set()).add(name)
        return ControlChanged(name, value, bank=_told_bank(place), pad=place[1])

    def set(self, name: str, value: float | None) -> ControlChanged:
        """Set a parameter outright for every pad; None gives it back to the presets, for every pad too."""
        self._waiting = {key: waits for key, waits in self._waiting.items() if waits[1] != name}
        places = [_EVERYWHERE, *(place for place in self._values if place[0] == self._bank.slug)]
        for place in places:
            self._values[place].pop(name, None)
        if value is not None:
            self._give_way(name, places)
            setters = [scope for scope, control in self._controls.values() if control.value_name == name]
            owner = (self._bank.slug, None) if setters[:1] == ["bank"] else _EVERYWHERE
            self._values[owner][name] = value
        return ControlChanged(name, value)

    def reset(self) -> list[ControlChanged]:
        """Give all values back to the presets."""
        names = {*self.told, *(name for _, name in self.of_pads())}
        return [self.set(name, None) for name in sorted(names)]

    def _give_way(self, name: str, places: Iterable[Place]) -> None:
        """A length is set: whatever set another one counts no more."""
        for place in places:
            for other in set(LENGTHS) - {name} if name in LENGTHS else ():
                self._values.get(place, {}).pop(other, None)

    def changes(self) -> list[ControlChanged]:
        """All values as changes, and what waits to be picked up, for someone who starts watching."""
        effective = self.effective
        waiting = {name for (_, pad), name in self._waiting.values() if pad is None}
        names = [*effective, *sorted(waiting - set(effective))]
        shared = [ControlChanged(name, effective.get(name), waiting=name in waiting) for name in names]
        return shared + [
            ControlChanged(name, value, bank=self._bank.slug, pad=pad) for (pad, name), value in self.of_pads().items()
        ]


def _told_bank(place: Place) -> str:
    """The bank that a change names: only that of a single pad's value is told."""
    return "" if place[1] is None else place[0]
