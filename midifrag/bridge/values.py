"""The live parameter values: what controls, the page and the command line have set over the presets."""

from __future__ import annotations

from midifrag.bridge.takeover import Takeover
from midifrag.config.banks import Bank
from midifrag.config.controls import Control
from midifrag.config.parameters import LENGTHS, layered, values_of
from midifrag.config.settings import Settings
from midifrag.events import ControlChanged


class LiveValues:
    """Values by parameter: those of the show's controls and, over them, those of the active bank's own controls.

    A bank's values rest while another bank is active. A control that has not been moved sets nothing. Of lengths in
    seconds, bars and beats the one that was set last counts.
    """

    def __init__(self, settings: Settings, bank: Bank) -> None:
        self._values: dict[str, dict[str, float]] = {"": {}}
        #: By scope, the parameters that controls have set: their values go with the last control that sets them.
        self._moved: dict[str, set[str]] = {}
        #: Controls that wait to be picked up, and what they set.
        self._waiting: dict[str, str] = {}
        self.configure(settings, bank)

    def configure(self, settings: Settings, bank: Bank) -> None:
        """Use the controls of ``show`` and ``bank``; soft takeover starts over."""
        self._bank = bank.slug
        self._waiting.clear()
        self._defaults = layered(values_of(settings.defaults), values_of(bank.defaults))
        self._values.setdefault(bank.slug, {})
        self._controls: dict[str, tuple[str, Control]] = {c.id: ("", c) for c in settings.controls}
        self._controls |= {c.id: (bank.slug, c) for c in bank.controls}
        for scope, controls in (("", settings.controls), (bank.slug, bank.controls)):
            for name in self._moved.get(scope, set()) - {control.value_name for control in controls}:
                self._values[scope].pop(name, None)
                self._moved[scope].discard(name)
        self._takeovers = {
            key: Takeover.for_range(control.takeover, control) for key, (_, control) in self._controls.items()
        }

    @property
    def effective(self) -> dict[str, float]:
        """The values that a press snapshots now."""
        scopes = {scope for scope, _ in self._controls.values()}
        return layered(self._values[""], self._values[self._bank] if self._bank in scopes else {})

    @property
    def told(self) -> set[str]:
        """The parameters that something is told of: that have a value, or that a control waits for."""
        return {*self.effective, *self._waiting.values()}

    def move(self, key: str, position: float) -> ControlChanged | None:
        """A control stands at ``position`` 0–1: the change it makes, or that it waits to be picked up."""
        if key not in self._controls:
            return None
        scope, control = self._controls[key]
        name = control.value_name
        current = self.effective.get(name)
        # Before the first move, where the bank or the set begins; what single pads say differs from pad to pad.
        stands = current if current is not None else self._defaults.get(name)
        at = control.position(stands) if isinstance(stands, int | float) else None
        taken = self._takeovers[key].move(position, at)
        if taken is None:
            self._waiting[key] = name
            return ControlChanged(name, current, waiting=True)
        waited = self._waiting.pop(key, None) is not None
        value = control.value(taken)
        # That it no longer waits is news, also where it was picked up at the very value.
        if value == current and not waited:
            return None
        self._give_way(name)
        self._values[scope][name] = value
        self._moved.setdefault(scope, set()).add(name)
        return ControlChanged(name, value)

    def set(self, name: str, value: float | None) -> ControlChanged:
        """Set a parameter outright; None gives it back to the presets."""
        self._waiting = {key: waits for key, waits in self._waiting.items() if waits != name}
        for scope in ("", self._bank):
            self._values[scope].pop(name, None)
        if value is not None:
            self._give_way(name)
            owner = next((scope for scope, control in self._controls.values() if control.value_name == name), "")
            self._values[owner][name] = value
        return ControlChanged(name, value)

    def _give_way(self, name: str) -> None:
        """A length is set: whatever set another one counts no more."""
        for scope in ("", self._bank):
            for other in set(LENGTHS) - {name} if name in LENGTHS else ():
                self._values[scope].pop(other, None)

    def changes(self) -> list[ControlChanged]:
        """All values as changes, and what waits to be picked up, for someone who starts watching."""
        effective, waiting = self.effective, set(self._waiting.values())
        names = [*effective, *sorted(waiting - set(effective))]
        return [ControlChanged(name, effective.get(name), waiting=name in waiting) for name in names]
