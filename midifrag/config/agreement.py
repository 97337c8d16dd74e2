"""Whether a show and its banks agree: what one names, the other must have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import reduce
from typing import NamedTuple

from midifrag.config.ableton import copies_folder
from midifrag.config.banks import Bank
from midifrag.config.folders import archive_folder, fragments_folder
from midifrag.config.instruments import HYDROGEN_SLOTS
from midifrag.config.loras import merged
from midifrag.config.names import none_of
from midifrag.config.osc import Endpoint, comes_back
from midifrag.config.pads import Parameters
from midifrag.config.performers import name_of, performers, slots_of
from midifrag.config.problems import Sources, problem_at
from midifrag.config.settings import Settings
from midifrag.errors import Problem
from midifrag.fragment.file_names import clashes, writers


class BankSource(NamedTuple):
    """A bank, and where its values came from."""

    bank: Bank
    sources: Sources


def disagreements(settings: Settings, banks: Sequence[BankSource], sources: Sources) -> Iterator[Problem]:
    """What the show, whose values came from ``sources``, and its banks name and do not have."""
    for bank in banks:
        yield from _foreign_names(bank.bank, settings, bank.sources)
        yield from _loras_together(bank.bank, settings, bank.sources)
    yield from _own_names(settings, sources)
    yield from _files_that_meet(settings, sources)


def shared_programs(banks: Sequence[BankSource]) -> Iterator[Problem]:
    """Banks that the same program change selects."""
    programs: dict[tuple[int, int | None], str] = {}
    for bank, sources in banks:
        if bank.program is None:
            continue
        place = (bank.program, bank.bank_select)
        if place in programs:
            message = f"{bank.program} already selects {programs[place]}; each bank has its own"
            yield problem_at(sources, ("program",), message)
        programs[place] = bank.slug


def _foreign_names(bank: Bank, settings: Settings, sources: Sources) -> Iterator[Problem]:
    """What a bank says that only the show can confirm: its models, ports and slots."""
    for key, pad in bank.pads.items():
        yield from _unknown_model(sources, ("pads", str(key), "model"), pad.model, settings)
        yield from _unknown(sources, ("pads", str(key), "port"), pad.port, settings.ports)
        for number, one in enumerate(pad.also):
            yield from _unknown(sources, ("pads", str(key), "also", str(number), "port"), one.port, settings.ports)
        if pad.slot is not None and pad.slot > settings.fragments.count:
            yield problem_at(sources, ("pads", str(key), "slot"), f"{pad.slot} is above {settings.fragments.count}")
    for index, control in enumerate(bank.controls):
        if control.slot is not None and control.slot > settings.fragments.count:
            above = f"{control.slot} is above {settings.fragments.count}"
            yield problem_at(sources, ("controls", str(index), "slot"), above)
        yield from _unknown(sources, ("controls", str(index), "port"), control.port, settings.ports)
    yield from _unknown_model(sources, ("defaults", "model"), bank.defaults.model, settings)


def _loras_together(bank: Bank, settings: Settings, sources: Sources) -> Iterator[Problem]:
    """Lists of LoRAs that are right, and too long with those of farther levels."""
    places: list[tuple[tuple[str, ...], Parameters | None]] = [(("defaults", "loras"), None)]
    places += [(("pads", str(key), "loras"), pad) for key, pad in bank.pads.items() if pad.loras or pad.model]
    for place, pad in places:
        levels = [bank.defaults, settings.defaults] if pad is None else [pad, bank.defaults, settings.defaults]
        model = next((level.model for level in levels if level.model is not None), settings.model)
        try:
            reduce(merged, [settings.loras(model), *(level.loras for level in reversed(levels))])
        except ValueError as error:
            yield problem_at(sources, place, f"{error}, those of farther levels among them")
            return


def _own_names(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """What the show says about its own models, ports, slots and banks."""
    yield from _unknown_model(sources, ("model",), settings.model, settings)
    yield from _unknown_model(sources, ("defaults", "model"), settings.defaults.model, settings)
    # As it is written: fallback is the key's older name.
    written = sources.data.get("engine") if isinstance(sources.data, dict) else None
    key = "fallback" if isinstance(written, dict) and "fallback" in written else "stand_in"
    if settings.engine.stand_in != "none":
        yield from _unknown_model(sources, ("engine", key), settings.engine.stand_in, settings, "none")
    if settings.notify is not None:
        yield from _unknown(sources, ("notify", "port"), settings.notify.port, settings.ports)
    yield from _unknown(sources, ("time", "source"), settings.time.port, settings.ports)
    yield from _clock_out(settings, sources)
    yield from _ableton(settings, sources)
    yield from _unknown(sources, ("program_changes", "port"), settings.program_changes.port, settings.ports)
    for name in ("controls", "actions"):
        for index, item in enumerate(getattr(settings, name)):
            yield from _unknown(sources, (name, str(index), "port"), item.port, settings.ports)
    yield from _same_ports(settings, sources)
    yield from _several(settings, sources)
    instruments, slots = settings.instruments, settings.fragments.count
    if instruments.sfz and not instruments.reaches(slots):
        few = f"{instruments.first_note} leaves no note for the last of {slots} slots; begin lower"
        yield problem_at(sources, ("instruments", "first_note"), few)
    if instruments.hydrogen is not None and slots > HYDROGEN_SLOTS:
        many = f"a kit of Hydrogen's has notes for {HYDROGEN_SLOTS} slots, and there are {slots}; have fewer, or no kit"
        yield problem_at(sources, ("instruments", "hydrogen"), many)
    for slot in settings.playback.outputs:
        if slot > settings.fragments.count:
            above = f"{slot} is above {settings.fragments.count}"
            yield problem_at(sources, ("playback", "outputs", str(slot)), above)
    for name in ("controls", "actions"):
        for index, item in enumerate(getattr(settings, name)):
            if item.slot is not None and item.slot > settings.fragments.count:
                above = f"{item.slot} is above {settings.fragments.count}"
                yield problem_at(sources, (name, str(index), "slot"), above)
    for index, action in enumerate(settings.actions):
        place = ("actions", str(index))
        if isinstance(action.bank, str):
            yield from _unknown(sources, (*place, "bank"), action.bank, settings.set_list)
    repeated = sorted({slug for slug in settings.set_list if settings.set_list.count(slug) > 1})
    if repeated:
        yield problem_at(sources, ("set_list",), f"{', '.join(repeated)} stands there more than once")


def _several(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """What ports say of each other, and performers of their slots."""
    for name, port in settings.ports.items():
        place = ("ports", name, "thru")
        for other in port.thru:
            yield from _unknown(sources, place, other, settings.ports)
            there = settings.ports.get(other)
            if there is not None and there.output is None and not there.is_found_by_family:
                yield problem_at(sources, place, f"{other} has no out: name one, so that it has somewhere to go")
        if way := _way_back(settings, name):
            yield problem_at(sources, place, f"goes round: {' → '.join(way)}; messages would never end")
    players = [port.performer for port in settings.ports.values() if port.performer is not None]
    taken: dict[int, str] = {}
    for name, performer in settings.performers.items():
        yield from _unknown(sources, ("performers", name), name, players)
        place = ("performers", name, "slots")
        first, last = performer.slots or (1, 0)
        if performer.slots is not None and not first <= last <= settings.fragments.count:
            yield problem_at(sources, place, f"[{first}, {last}] is no part of slots 1 to {settings.fragments.count}")
            continue
        shared = [slot for slot in range(first, last + 1) if taken.setdefault(slot, name) != name]
        if shared:
            yield problem_at(sources, place, f"slot {shared[0]} is {taken[shared[0]]}'s already; each has their own")
    for performer_name in performers(settings.ports) if taken else ():
        if not slots_of(settings.performers, settings.ports, settings.fragments.count, performer_name):
            who = name_of(settings.ports, performer_name) or "ports without a performer"
            yield problem_at(
                sources, ("performers",), f"no slot is left for {who}; leave one, or add to fragments.count"
            )


def _way_back(settings: Settings, name: str) -> list[str] | None:
    """The ports along which what comes in on a port would come to it again."""
    ways = [[name, other] for other in settings.ports[name].thru]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == name:
            return way
        if way[-1] in settings.ports and way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, other] for other in settings.ports[way[-1]].thru]
    return None


def _clock_out(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """Why no clock can go out of the port that is to get one."""
    place, name = ("time", "send"), settings.time.send
    yield from _unknown(sources, place, name, settings.ports)
    port = settings.ports.get(name) if name is not None else None
    if port is None:
        return
    if name == settings.time.port:
        yield problem_at(sources, place, f"{name} already keeps the time; it cannot be told it")
    elif port.output is None and not port.is_found_by_family:
        yield problem_at(sources, place, f"{name} has no out: name one, so that the clock has somewhere to go")


def _ableton(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """What of the door into Live cannot be: slots that are not there, two in one place, a clock behind a shut door."""
    count, live = settings.fragments.count, settings.ableton
    for slot in live.targets:
        if slot > count:
            yield problem_at(sources, ("ableton", "targets", str(slot)), f"{slot} is above {count}")
    for one, other in live.alike(count):
        at = other if other in live.targets else one
        message = f"slots {one} and {other} would have the same place in Live; each has its own"
        yield problem_at(sources, ("ableton", "targets", str(at)), message)
    if settings.time.source == "ableton" and not live.enabled:
        yield problem_at(sources, ("time", "source"), "ableton is heard through its script: write ableton: {} as well")


def _same_ports(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """Ports of this machine that two would listen on."""
    listen, hydrogen, live, page = settings.osc.listen, settings.instruments.hydrogen, settings.ableton, settings.page
    if listen is not None and hydrogen is not None and comes_back(Endpoint(hydrogen.host, hydrogen.port), listen):
        message = f"{hydrogen.port} is where Hydrogen listens (instruments.hydrogen.port); take another port"
        yield problem_at(sources, ("osc", "listen"), message)
    if live.enabled and page.enabled and live.port == page.port != 0:
        message = f"{live.port} is the page's port too; take another one, or 0 for any that is free"
        yield problem_at(sources, ("ableton", "port"), message)


def _files_that_meet(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """Files of the show's own that would replace each other."""
    fragments, archive = settings.fragments, settings.archive
    folder = fragments_folder(fragments.folder)
    takes = archive_folder(fragments.folder, archive.folder)
    copies = copies_folder(fragments.folder, settings.ableton.folder) if settings.ableton.enabled else None
    for place, message in clashes(writers(folder, fragments.name, takes, copies)):
        yield problem_at(sources, place, message)


def _unknown_model(
    sources: Sources, loc: tuple[str, ...], name: str | None, settings: Settings, *others: str
) -> Iterator[Problem]:
    if name is not None and not settings.knows(name):
        yield problem_at(sources, loc, none_of(name, [*settings.known_models, *others]))


def _unknown(sources: Sources, loc: tuple[str, ...], name: str | None, known: Collection[str]) -> Iterator[Problem]:
    if name is not None and name not in known:
        yield problem_at(sources, loc, none_of(name, known))
