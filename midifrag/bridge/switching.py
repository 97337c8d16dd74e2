"""Banks, live values and configurations that take the place of others: each is told, and what gave way to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from midifrag.boundary import Land
from midifrag.bridge.lost_programs import LostPrograms
from midifrag.bridge.pads import PadsAtRest
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.sounding import Sounds
from midifrag.bridge.values import LiveValues
from midifrag.bridge.warmup import warm_renders
from midifrag.clock import Clock
from midifrag.config.loading import Loaded
from midifrag.config.loras import names_place
from midifrag.config.performers import MAIN
from midifrag.config.targets import TIME, named, value_name
from midifrag.engine.messages import Warm
from midifrag.engine.protocol import Engines
from midifrag.events import BankChanged, ConfigurationChanged, ControlChanged, Notice, StateChange
from midifrag.intents import SelectBank
from midifrag.pad_key import PadKey
from midifrag.states import NoticeLevel

#: What is said when an action sets where fragments land.
_LANDS: dict[Land | None, str] = {
    None: "as the presets say",
    "now": "when they are ready",
    "beat": "on the beat",
    "bar": "on the bar",
    "2 bars": "on every second bar",
    "4 bars": "on every fourth bar",
}


class Switching:
    """Changes what ``set_list`` holds, and tells ``publish``. ``lost`` are the programs that no bank is for."""

    def __init__(
        self,
        set_list: SetList,
        pads: PadsAtRest,
        renders: Renders,
        sounds: Sounds,
        engines: Engines,
        lost: LostPrograms,
        publish: Callable[[StateChange], None],
        clock: Clock,
    ) -> None:
        self._set_list = set_list
        self._pads = pads
        self._renders = renders
        self._sounds = sounds
        self._engines = engines
        self._lost = lost
        self._publish = publish
        self._clock = clock

    def bank_changed(self) -> BankChanged:
        """The active bank and its pads, as they are told."""
        bank = self._set_list.bank
        return BankChanged(bank.slug, bank.name, self._set_list.index, self._pads.shown(bank), self._set_list.who)

    def banks_changed(self) -> Iterator[BankChanged]:
        """Everybody's active bank, the main performer's first."""
        for name in self._set_list.performers:
            with self._set_list.as_performer(name):
                yield self.bank_changed()

    def set_value(self, name: str, value: float | None) -> None:
        """Set a live value by its name, or (None) give it back to the presets."""
        target, _slot = named(name) or (None, None)
        if target is not None and target.keeps_time and (value is None or target.parameter.problem(value) is None):
            self._set_tempo(value)
        elif target is not None and value is None:
            self._change(lambda values: values.set(name, None))
        elif target is not None and value is not None and target.parameter.problem(value) is None:
            rounded = target.parameter.rounded(value)
            self._change(lambda values: values.set(name, rounded))
        else:
            self._publish(Notice(NoticeLevel.WARNING, f"{name} cannot be set to {value}; nothing was changed"))

    def move(self, control: str, position: float, pad: PadKey | None) -> None:
        """A control is at another position; ``pad`` is the one in hand."""
        self._change(lambda values: values.move(control, position, pad))

    def turn(self, control: str, clicks: int, pad: PadKey | None) -> None:
        """An encoder was turned; ``pad`` is the one in hand."""
        self._change(lambda values: values.turn(control, clicks, pad))

    def reset(self, name: str | None) -> None:
        """Give a live value back to the presets, or (None) all of them."""
        if name is not None:
            self.set_value(name, None)
            return
        pads = self._set_list.values.of_pads()
        with self._telling_main():
            changes = self._set_list.values.reset()
        for change in changes:
            self._tell(change)
        self._tell_pads(pads)

    def mute(self, slot: int, muted: bool | None) -> None:
        """Mute a slot or not, or (None) the other of the two."""
        name = value_name("mute", slot)
        now = bool(self._set_list.values.effective.get(name))
        wanted = float(not now if muted is None else muted)
        self._change(lambda values: values.set(name, wanted))

    def set_land(self, land: Land | None) -> None:
        """Have fragments wait for this, whatever presets say, or (None) as they say."""
        self._set_list.land = land
        self._publish(Notice(NoticeLevel.INFO, f"fragments land {_LANDS[land]}"))

    def select(self, select: SelectBank) -> None:
        """Make another bank the active one; one that is not there is told, and nothing changes."""
        index = self._set_list.find(select)
        if index is None:
            stays = self._set_list.bank.name
            text = (
                self._lost.tell(select.program, stays)
                if select.slug is None
                else f"no bank for {select.slug}; {stays} stays"
            )
            if text is not None:
                self._publish(Notice(NoticeLevel.WARNING, text))
        elif index != self._set_list.index:
            before = self._set_list.values.told
            self._pads.leave(self._set_list.bank)
            self._set_list.activate(index)
            self._tell_bank(before)

    def reload(self, loaded: Loaded) -> None:
        """Use another configuration from now on; engines warm up for what is new in it."""
        known, before = warm_renders(self._set_list.loaded), self._set_list.values.told
        times = self._set_list.reload(loaded, self._clock.now())
        self._publish(ConfigurationChanged(loaded))
        self._sounds.use(loaded.settings)
        self._renders.spares.settings = loaded.settings.engine.spares
        if not loaded.settings.engine.spares.enabled:
            self._renders.spare_making.drop()
        for model, renders in warm_renders(loaded).items():
            new = tuple(render for render in renders if render not in known.get(model, ()))
            if new:
                self._engines.send(model, Warm(new))
        for change in times:
            self._publish(change)
        self._tell_bank(before)
        for name in self._set_list.performers[1:]:
            with self._set_list.as_performer(name):
                self._tell_bank(set())
        self._publish(Notice(NoticeLevel.INFO, "the changed configuration is in use"))

    def loras_replaced(self, places: Collection[str]) -> None:
        """The files of LoRAs, by where they lie, are others: spares made with them go, and engines read them now."""
        self._renders.spare_making.drop_with(places)
        for model, renders in warm_renders(self._set_list.loaded).items():
            with_them = tuple(render for render in renders if names_place(render.loras, places))
            if with_them:
                self._engines.send(model, Warm(with_them))

    def _change(self, change: Callable[[LiveValues], ControlChanged | None]) -> None:
        """Change a live value, and tell what it is now, and which others gave way to it."""
        values = self._set_list.values
        before, pads = set(values.effective), values.of_pads()
        with self._telling_main():
            told = change(values)
        if told is None:
            return
        if told.name in TIME:
            self._set_tempo(told.value)
            return
        self._tell(told)
        for name in sorted(before - set(values.effective) - {told.name}):
            self._tell(ControlChanged(name, None))
        self._tell_pads(pads)

    def _set_tempo(self, bpm: float | None) -> None:
        for change in self._set_list.time.turn(bpm, self._clock.now()):
            self._publish(change)

    def _tell(self, change: ControlChanged) -> None:
        """Tell a value of who plays now."""
        self._publish(replace(change, performer=self._set_list.who))

    @contextlib.contextmanager
    def _telling_main(self) -> Iterator[None]:
        """Tell what another performer's change has changed for the main one: they share values.

        Before that performer's own: of what is mixed, the last that is told is heard.
        """
        if self._set_list.who == MAIN:
            yield
            return
        before = self._of_main()
        yield
        after = self._of_main()
        for bank, pad, name in before:
            if (bank, pad, name) not in after:
                self._publish(ControlChanged(name, None, bank=bank, pad=pad))
        for place, change in after.items():
            if before.get(place) != change:
                self._publish(change)

    def _of_main(self) -> dict[tuple[str, PadKey | None, str], ControlChanged]:
        with self._set_list.as_performer(MAIN):
            return {(change.bank, change.pad, change.name): change for change in self._set_list.values.changes()}

    def _tell_pads(self, before: Mapping[tuple[PadKey, str], float]) -> None:
        """Tell which values of single pads went with a change."""
        bank = self._set_list.bank.slug
        for pad, name in sorted(set(before) - set(self._set_list.values.of_pads())):
            self._tell(ControlChanged(name, None, bank=bank, pad=pad))

    def _tell_bank(self, before: set[str]) -> None:
        """Tell the bank that is active now and its live values, when those named ``before`` were told of."""
        self._publish(self.bank_changed())
        who = self._set_list.who
        for name in sorted(before - set(self._set_list.values.effective)):
            self._publish(ControlChanged(name, None, performer=who))
        for change in self._set_list.values.changes():
            self._publish(replace(change, performer=who))
