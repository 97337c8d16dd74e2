"""``midifrag check``: whether a set is right, what on this machine it cannot use, and what in it looks like a slip."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from midifrag.commands import servers
from midifrag.commands.check_doors import taken_ports, unusable_doors
from midifrag.commands.check_loras import lora_lines, missing_loras, unusable_loras
from midifrag.commands.console import say
from midifrag.config import loading
from midifrag.config.hints import hints
from midifrag.config.loading import Loaded
from midifrag.config.places_on_ports import readings
from midifrag.config.unplayable import FactsOf, place_in_entry
from midifrag.engine.loading.cards import FP8_CAPABILITY, FP8_NEEDS, Run, find_cards, run_tool
from midifrag.engine.loading.inventory import config_here, default_troubles, presence, why_refused
from midifrag.errors import (
    ConfigurationError,
    HubError,
    MidiGoneError,
    NoMidiError,
    PlaybackError,
    PortError,
    Problem,
    StorageError,
)
from midifrag.fragment.file_names import HYDROGEN, SFZ
from midifrag.fragment.files import storage_error
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.finding import find, meant
from midifrag.midi.port_names import PortList, list_ports
from midifrag.playback.inputs import find_input, list_inputs
from midifrag.playback.output_list import list_outputs
from midifrag.playback.outputs import DEFAULT, find_output

#: So many notes are told.
MOST_NOTES = 100


def check(loaded: Loaded) -> None:
    """Say what a right set holds, what in it looks like a slip, and which of its ports are not there now.

    Raises `ConfigurationError` for what `midifrag run` would refuse here, and for pads that can never be rendered.
    """
    ports, problems = ports_there(loaded)
    problems += (*loaded.unplayable, *unusable_models(loaded), *unusable_folders(loaded))
    problems += (*unusable_page(loaded), *unusable_doors(loaded), *unusable_precision(loaded), *unusable_loras(loaded))
    if problems:
        raise ConfigurationError(problems)
    settings = loaded.settings
    say(f"{loaded.path.name} is right: model {settings.model}, {settings.fragments.count} slots")
    for bank in loaded.banks:
        program = f"program {bank.program}" if bank.program else "no program"
        say(f"  {bank.slug:<12} {bank.name}: {len(bank.pads)} pads, {program}")
    for line in (*lora_lines(loaded), *readings(loaded)):
        say(f"  {line}")
    found = chain(hints(loaded, facts_here(loaded)), _long_prompts(loaded))
    for line in (
        *islice(found, MOST_NOTES),
        *missing_ports(loaded, ports),
        *missing_output(loaded),
        *missing_input(loaded),
        *taken_ports(loaded),
        *missing_models(loaded),
        *missing_loras(loaded),
        *(doubt for _model, doubt in servers.doubts(loaded, servers.looks(loaded)) if doubt),
    ):
        say(f"  note: {line}")
    if next(found, None) is not None:
        say(f"  note: there are more than these {MOST_NOTES}")


def facts_here(loaded: Loaded) -> FactsOf:
    """The facts of a set's models, those of the hub among them whose configuration is in its cache."""
    return FactsOf(loaded.source, lambda model: config_here(model, loaded.source(model)))


def _long_prompts(loaded: Loaded) -> Iterator[str]:
    from midifrag.engine.loading.prompt_room import long_prompts

    yield from long_prompts(loaded)


def ports_there(loaded: Loaded) -> tuple[PortList | str, list[Problem]]:
    """The ports of this machine, or why there are none; and a problem where the set asks for a backend in vain."""
    try:
        return list_ports(loaded.settings.backend), []
    except (NoMidiError, MidiGoneError) as error:
        return str(error), []
    except PortError as error:
        wrong = loading.show_problem(loaded, ("backend",), f"{error} `midifrag ports` says what there is")
        return str(error), [wrong] if loaded.settings.backend is not None else []


def missing_ports(loaded: Loaded, there: PortList | str) -> list[str]:
    """What `midifrag run` would wait for or refuse, as lines; a machine without MIDI is one line."""
    if isinstance(there, str):
        return [there]
    names = {"in": there.inputs, "out": there.outputs}
    lines = []
    for name, port in loaded.settings.ports.items():
        for endpoint in endpoints_of(name, port, loaded.settings.client):
            if endpoint.virtual is not None:
                continue
            try:
                if find(endpoint, names[endpoint.direction]) is None:
                    lines.append(
                        f"ports.{name}.{endpoint.direction}: {meant(endpoint)} is not plugged in; run waits for it"
                    )
            except PortError as error:
                lines.append(f"ports.{name}.{endpoint.direction}: {error}")
    return lines


def missing_output(loaded: Loaded) -> Iterator[str]:
    """A line where the output that a set names is not there; the one that the system prefers may come later."""
    wanted = loaded.settings.playback
    if not wanted.is_on or wanted.device == DEFAULT:
        return
    try:
        find_output(list_outputs(), wanted.device)
    except PlaybackError as error:
        yield f"playback.device: {error}; run waits for it"


def missing_input(loaded: Loaded) -> Iterator[str]:
    """A line where the audio input that a set names is not there."""
    wanted = loaded.settings.input
    if not wanted.is_on or wanted.device == DEFAULT:
        return
    try:
        find_input(list_inputs(), wanted.device)
    except PlaybackError as error:
        yield f"input.device: {error}; run waits for it"


def unusable_models(loaded: Loaded) -> Iterator[Problem]:
    """A problem for each model of the set that will be refused when it is loaded, as far as its files here tell.

    Also for what no press can be played with that leaves it to the model, unless a pad has told that.
    """
    told = {str(problem) for problem in loaded.unplayable}
    for name in sorted({*loaded.limits, *loaded.settings.models}):
        source = loaded.source(name)
        place = ("models", name) if name in loaded.settings.models else ("model",)
        why = why_refused(name, source)
        if why is not None:
            yield loading.show_problem(loaded, place, why)
            continue
        for trouble in default_troubles(name, source):
            there = place_in_entry(loaded.settings, name, trouble.parameter) or place
            problem = loading.show_problem(loaded, there, trouble.sentence)
            if str(problem) not in told:
                yield problem


def missing_models(loaded: Loaded) -> Iterator[str]:
    """A line for each model that the set plays and that has to be fetched first."""
    for name in sorted(loaded.limits):
        try:
            here = presence(name, loaded.source(name))
        except HubError as error:
            place = f"models.{name}.hub" if "hub" in loaded.source(name) else name
            yield f"{place}: {error}"
            continue
        if here.is_fetched and not here.is_whole:
            how = "only in part" if here.is_begun else "not"
            yield f"{name} is {how} on this machine; run fetches it, and so does `midifrag fetch {name}`"


def unusable_folders(loaded: Loaded) -> Iterator[Problem]:
    """A problem for each folder that cannot be made, or not be written."""
    folders = [("fragments", loaded.fragments_folder), ("archive", loaded.archive_folder)]
    folders += [("ableton", loaded.copies_folder)] if loaded.settings.ableton.enabled else []
    instruments = loaded.settings.instruments
    folders += [("fragments", loaded.fragments_folder / SFZ)] if instruments.sfz else []
    folders += [("fragments", loaded.fragments_folder / HYDROGEN)] if instruments.hydrogen is not None else []
    for group, folder in folders:
        trouble = folder_trouble(folder)
        if trouble is not None:
            yield loading.show_problem(loaded, (group, "folder"), str(trouble))
            return


def folder_trouble(folder: Path) -> StorageError | None:
    """Why nothing can be written into ``folder``, or why it cannot be made; None where both can be."""
    try:
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if there is None:
            return StorageError(f"cannot make {folder}: there is no {folder.anchor}; connect its drive")
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file")
    except OSError as error:
        return storage_error("make", folder, error)
    if not os.access(there, os.W_OK | os.X_OK):
        return StorageError(f"{there} may not be written; change its permissions or choose another folder")
    try:
        # Whoever may do everything is let by all the same where nothing can be made, as in /proc.
        with tempfile.TemporaryDirectory(prefix=".midifrag-check-", dir=there):
            pass
    except OSError as error:
        if error.errno == errno.ENOENT:
            return StorageError(f"cannot make {folder}: nothing can be made in {there}; choose another folder")
        return storage_error("make" if there != folder else "write into", folder, error)
    return None


def unusable_precision(loaded: Loaded, run: Run = run_tool) -> Iterator[Problem]:
    """A problem where a set asks for fp8 and no card here is known to multiply in it."""
    if loaded.settings.precision != "fp8":
        return
    device = loaded.settings.engine.device
    if device in ("cpu", "mps"):
        what = f"engine.device is {device}"
    else:
        cards = find_cards(run)
        if any(card.capability is None or card.capability >= FP8_CAPABILITY for card in cards):
            return
        what = f"this machine has {', '.join(card.name for card in cards) or 'no NVIDIA card'}"
    yield loading.show_problem(loaded, ("precision",), f"{FP8_NEEDS}, and {what}; use auto")


def unusable_page(loaded: Loaded) -> Iterator[Problem]:
    """A problem where the page cannot listen; that its port is taken is none, since it takes another."""
    if not loaded.settings.page.enabled:
        return
    from midifrag.page.web.address import PageError, listen

    try:
        listen(loaded.settings.page.model_copy(update={"port": 0}))[0].close()
    except PageError as error:
        yield loading.show_problem(loaded, ("page", "host"), str(error))
