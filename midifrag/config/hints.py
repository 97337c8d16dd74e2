"""What a right set says and will hardly do as meant: engines that are not there, bindings that are never heard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.util import find_spec

from midifrag.config.actions import Action
from midifrag.config.banks import Bank
from midifrag.config.catalogue import engine_names
from midifrag.config.clashes import clashes
from midifrag.config.controls import Control
from midifrag.config.guidance_hints import guidance_hints
from midifrag.config.lengths import told_bars
from midifrag.config.loading import Loaded
from midifrag.config.loras import PREFIX
from midifrag.config.lost_words import lost_words_in
from midifrag.config.model_inputs import said_of, unheard
from midifrag.config.names import closest, none_of
from midifrag.config.osc import is_loopback
from midifrag.config.pads import PLACEHOLDERS, Pad
from midifrag.config.parameter_values import LENGTHS
from midifrag.config.parameters import shown
from midifrag.config.places_on_ports import hidden_places
from midifrag.config.press_request import ANY_KEY, press_request
from midifrag.config.samplers import SAMPLER_KINDS
from midifrag.config.sound_hints import sound_hints
from midifrag.config.unplayable import FactsOf, sampler_kind, too_many, troubles
from midifrag.config.used_loras import names_in
from midifrag.fragment.file_names import HYDROGEN

#: What a control may set that a model cannot render though it is within the parameter's limits.
_MAY_BE_TOO_MUCH = (*LENGTHS, "sigma_min", "sigma_max")
#: The slowest tempo that is expected of a clock, in beats a minute.
SLOW = 60.0
_NO_GUIDANCE = "does nothing here; {} hears nothing that guidance could follow"
_IN_BRACES = re.compile(r"\{[^{}]*\}")


def hints(loaded: Loaded, facts: FactsOf | None = None) -> Iterator[str]:
    """A line for each, with its file and key; ``facts`` are those of its models, where more is known than usual."""
    yield from _engines(loaded)
    yield from map(str, lost_words_in(loaded.files))
    yield from _doors(loaded)
    facts = facts or FactsOf(loaded.source)
    yield from _unused_defaults(loaded, facts)
    for bank in loaded.banks:
        file = f"presets/{bank.slug}.yaml"
        for key, pad in bank.pads.items():
            for line in _placeholders(loaded, bank, pad):
                yield f"{file}: pads.{key}.prompt: {line}"
        yield from _hidden_pads(loaded, bank, file)
        yield from hidden_places(loaded, bank, file)
        yield from _unused(loaded, bank, file, facts)
        yield from _too_far(loaded, bank, file, facts)
        yield from _unheard(loaded, bank, file, facts)
        yield from _unguided(loaded, bank, file, facts)
        yield from _lengths(loaded, bank, file, facts)
        yield from sound_hints(loaded, bank, file)
    yield from guidance_hints(loaded, facts)
    yield from _lost_loras(loaded)
    yield from clashes(loaded)
    for file, controls in _control_lists(loaded):
        yield from _hidden_controls(loaded, controls, file)
        yield from _taken_fine_halves(loaded, controls, file)
        for name, times in Counter(control.id for control in controls).items():
            if times > 1:
                yield f"{file}: {name}: stands there {times} times, and only the last counts"


def _lost_loras(loaded: Loaded) -> Iterator[str]:
    """Controls of LoRAs that no pad plays which they could be meant for."""
    played = {bank.slug: set(names_in(loaded.settings, bank)) for bank in loaded.banks}
    every = set().union(*played.values())
    places = [(loaded.path.name, loaded.settings.controls, every)]
    places += [(f"presets/{bank.slug}.yaml", bank.controls, played[bank.slug]) for bank in loaded.banks]
    for file, controls, known in places:
        for index, control in enumerate(controls):
            name = str(control.sets)
            if name.startswith(PREFIX) and name not in known:
                there = none_of(name, sorted(known)) if known else "no pad here has a LoRA"
                yield f"{file}: controls.{index}.sets: {there}"


def _doors(loaded: Loaded) -> Iterator[str]:
    """What is said of doors that does nothing as it stands."""
    file, live, instruments = loaded.path.name, loaded.settings.ableton, loaded.settings.instruments
    if live.enabled and live.start_transport and not live.fire:
        yield f"{file}: ableton.start_transport: does nothing without fire: true, as nothing is launched"
    for address, times in Counter(loaded.settings.osc.send).items():
        if times > 1:
            yield f"{file}: osc.send: {address} stands there {times} times, and is told all as often"
    for slot, target in live.targets.items() if live.enabled else ():
        if target.note is not None and target.scene is not None:
            yield f"{file}: ableton.targets.{slot}.scene: does nothing, as a drum pad is in no scene"
    if "first_note" in instruments.model_fields_set and not instruments.sfz:
        yield f"{file}: instruments.first_note: does nothing without sfz: true; Hydrogen's kit begins at note 36"
    hydrogen = instruments.hydrogen
    if hydrogen is not None and not is_loopback(hydrogen.host):
        kit = loaded.fragments_folder / HYDROGEN
        yield f"{file}: instruments.hydrogen.host: {hydrogen.host} reads {kit}, which has to be there too"


def _placeholders(loaded: Loaded, bank: Bank, pad: Pad) -> Iterator[str]:
    """What of a prompt stays as it is, or has nothing behind it."""
    asked = press_request(loaded.settings, bank, pad)
    for found in _IN_BRACES.findall(pad.prompt):
        if found not in PLACEHOLDERS:
            near = closest(found.replace(" ", ""), PLACEHOLDERS)
            yield f"{found} stays as it is; what is replaced is {near or ', '.join(PLACEHOLDERS)}"
        elif found == "{key}" and not (bank.key or loaded.settings.key):
            yield f"{found} has nothing behind it, and says {ANY_KEY!r}; name one: key: A minor"
        elif found == "{bars}" and asked.length is None and not _sets_music(loaded, bank, pad):
            says = told_bars(asked.preset, loaded.settings.tempo, loaded.settings.time.signature)
            yield f"{found} has nothing behind it, as the length is none in music, and says {says!r}; say bars: 2"


def _sets_music(loaded: Loaded, bank: Bank, pad: Pad) -> bool:
    """Whether a control or the velocity may give a pad a length in bars or beats."""
    ranges = (*loaded.settings.controls, *bank.controls, *([pad.velocity] if pad.velocity else []))
    return any(str(one.sets) in ("bars", "beats") for one in ranges)


def _lengths(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """Bars and beats that only a slow tempo makes too long, and what a length in seconds does nothing with."""
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        if asked.length is None:
            if pad.fragment.stretch and not _sets_music(loaded, bank, pad):
                yield f"{file}: pads.{key}.fragment.stretch: does nothing, as the length is none in bars or beats"
            continue
        if asked.options.stretch and find_spec("python_stretch") is None:
            yield f"{file}: pads.{key}: is not stretched here: python-stretch has no wheel for this machine"
        about = facts(asked.model)
        slow = replace(asked.length, bpm=min(SLOW, asked.length.bpm))
        trouble = None if too_many(asked.length, about) else too_many(slow, about)
        if trouble is not None:
            yield f"{file}: pads.{key}.{slow.unit}: {trouble}"


def _engines(loaded: Loaded) -> Iterator[str]:
    """Engines that models' entries name and that are not there."""
    for name, entry in loaded.settings.models.items():
        if entry.engine is not None and entry.engine not in engine_names():
            yield f"{loaded.path.name}: models.{name}.engine: {none_of(entry.engine, engine_names())}"


def _unused(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """σ that a pad's sampler does not use."""
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        kind = sampler_kind(asked.preset, facts(asked.model))
        if kind is None or kind.uses_sigma_min:
            continue
        name = asked.preset.sampler or f"the usual sampler of {asked.model}"
        if asked.preset.sigma_max is not None and asked.preset.sigma_max > 1:
            yield f"{file}: pads.{key}: sigma_max {shown(asked.preset.sigma_max)} is more than {name} uses, 1"
        if asked.preset.sigma_min is not None:
            yield f"{file}: pads.{key}: sigma_min does nothing here; {name} ends at 0"


def _unheard(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """What a model is told that it has no input for, or does not hear as it is said."""
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        about = facts(asked.model)
        if about.inputs is not None:
            text = about.told(asked.preset)
            for sentence in unheard(about.inputs, text, said_of(about.inputs, text)[0]):
                yield f"{file}: pads.{key}.conditioning: {sentence}"


def _unguided(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """Guidance and negative prompts where a model has no use for them."""
    moved = {str(one.sets) for one in (*loaded.settings.controls, *bank.controls)}
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        about, preset = facts(asked.model), asked.preset
        if not about.guides and preset.cfg_scale not in (None, 1):
            yield f"{file}: pads.{key}: cfg_scale {_NO_GUIDANCE.format(asked.model)}"
        usual = None if about.defaults is None else about.defaults.cfg_scale
        scale = usual if preset.cfg_scale is None else preset.cfg_scale
        if preset.negative_prompt and not (about.guides and about.hears_negative):
            yield f"{file}: pads.{key}: negative_prompt does nothing here; {asked.model} reads none"
        elif preset.negative_prompt and scale == 1 and "cfg_scale" not in moved:
            yield f"{file}: pads.{key}: negative_prompt does nothing at cfg_scale 1, which is without guidance"


def _unused_defaults(loaded: Loaded, facts: FactsOf) -> Iterator[str]:
    """What models' entries say of σ and guidance that their sampler, or they, have no use for."""
    for name, entry in loaded.settings.models.items():
        about, said = facts(name), entry.defaults
        if said is None or about.defaults is None:
            continue
        place, kind = f"{loaded.path.name}: models.{name}.defaults", SAMPLER_KINDS.get(about.defaults.sampler)
        if kind is not None and not kind.uses_sigma_min:
            if said.sigma_max is not None and said.sigma_max > 1:
                yield f"{place}: sigma_max {shown(said.sigma_max)} is more than {about.defaults.sampler} uses, 1"
            if said.sigma_min is not None:
                yield f"{place}: sigma_min does nothing here; {about.defaults.sampler} ends at 0"
        if not about.guides and said.cfg_scale not in (None, 1):
            yield f"{place}: cfg_scale {_NO_GUIDANCE.format(name)}"


def _too_far(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """Velocities and controls that ask for what a pad's model cannot render, at an end of their range."""
    lists = ((loaded.path.name, loaded.settings.controls), (file, bank.controls))
    controls = [(where, one) for where, found in lists for one in found if str(one.sets) in _MAY_BE_TOO_MUCH]
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        about = facts(asked.model)
        known = set(troubles(asked.preset, about, asked.length))
        ranges = (
            [(f"{file}: pads.{key}.velocity", pad.velocity)]
            if pad.velocity is not None and not pad.velocity.sets.mixes
            else []
        )
        for place, one in (*ranges, *((f"{where}: {control.id}", control) for where, control in controls)):
            for end in one.range:
                moved = press_request(loaded.settings, bank, pad, values={str(one.sets): end})
                for trouble in troubles(moved.preset, about, moved.length):
                    if trouble not in known:
                        yield f"{place}: at {shown(end)}: {trouble.sentence} (pad {key} of {bank.slug})"


def _hidden_pads(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """What of a bank's messages an action takes."""
    ports = loaded.settings.ports
    for action in loaded.settings.actions:
        for key, pad in bank.pads.items():
            by_notes = [name for name, port in ports.items() if not port.grids and pad.port in (None, name)]
            plays = action.note == key.note and bool(by_notes) and action.takes_presses
            if plays and (action.port in (None, pad.port) or by_notes == [action.port]):
                if action.channel in (None, key.channel):
                    yield f"{file}: pads.{key}: its note does {action.does} (actions of {loaded.path.name})"
                elif key.channel is None:
                    on = f"on channel {action.channel} its note does {action.does}"
                    yield f"{file}: pads.{key}: {on} (actions of {loaded.path.name})"
        if action.program is not None and action.program == bank.program and _meet(action, None, None):
            yield f"{file}: program: {bank.program} does {action.does} instead (actions of {loaded.path.name})"


def _hidden_controls(loaded: Loaded, controls: Iterable[Control], file: str) -> Iterator[str]:
    """Controls whose messages an action takes."""
    for action in loaded.settings.actions:
        for control in controls:
            if control.cc is not None and control.cc == action.cc and _meet(action, control.channel, control.port):
                yield f"{file}: {control.id}: does {action.does} instead (actions of {loaded.path.name})"


def _taken_fine_halves(loaded: Loaded, controls: Iterable[Control], file: str) -> Iterator[str]:
    """14-bit controls whose fine CC something else names: there it is that one's."""
    taken: list[tuple[Action | Control, str]] = [(action, f"does {action.does}") for action in loaded.settings.actions]
    taken += [(other, f"sets {other.sets}") for _, others in _control_lists(loaded) for other in others]
    for control in controls:
        for other, what in taken if control.bits == 14 and control.cc is not None else ():
            ports, channels = {control.port, other.port} - {None}, {control.channel, other.channel} - {None}
            if other.cc == (control.cc or 0) + 32 and len(ports) <= 1 and len(channels) <= 1:
                yield f"{file}: {control.id}: its fine half, cc {other.cc}, {what}; only the coarse half counts there"


def _meet(action: Action, channel: int | None, port: str | None) -> bool:
    """Whether everything that comes on ``channel`` of ``port`` is the action's."""
    return action.channel in (None, channel) and action.port in (None, port)


def _control_lists(loaded: Loaded) -> Iterator[tuple[str, tuple[Control, ...]]]:
    yield loaded.path.name, loaded.settings.all_controls
    for bank in loaded.banks:
        yield f"presets/{bank.slug}.yaml", bank.all_controls
