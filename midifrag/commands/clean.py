"""``midifrag clean``: any file, trimmed and faded like a fragment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from midifrag.commands.common import explained
from midifrag.commands.console import say
from midifrag.config.problems import Sources, problems_in
from midifrag.errors import AudioError, ConfigurationError, NonFiniteTakeError, SilentTakeError
from midifrag.fragment.audio_files import Sound, check_target, read_sound, write_wav
from midifrag.fragment.cutting import Fragment, make_fragment
from midifrag.fragment.file_names import is_one_place
from midifrag.fragment.options import FragmentOptions


def clean(source: Path, target: Path, options: FragmentOptions) -> None:
    """Do to any file what a take goes through to become a fragment."""
    with explained():
        check_target(target)
        sound = read_sound(source)
        if is_one_place(source, target):
            raise AudioError(f"{target} is the file that is read, and would be lost: give the result another name.")
        fragment = _fragment_of(source, sound, options)
        write_wav(target, fragment.audio, sound.sample_rate, options.bits)
    before = sound.audio.shape[1] / sound.sample_rate
    say(f"{target}  {before:.2f} s → {fragment.seconds:.2f} s")
    for note in (*sound.notes, *fragment.notes):
        say(f"note: {note}")


def _fragment_of(source: Path, sound: Sound, options: FragmentOptions) -> Fragment:
    """Cut a file's sound. Raises `AudioError`, in words that fit a file."""
    if not sound.audio.size:
        raise AudioError(f"{source} holds no sound: its header is followed by none. Record or export it again.")
    try:
        return make_fragment(sound.audio, sound.sample_rate, options)
    except SilentTakeError as error:
        raise AudioError(f"{source} is silent: {error.found}. Is it the right file?") from error
    except NonFiniteTakeError as error:
        raise AudioError(f"{source} is damaged: {error.found}. Export it again.") from error


def options_of(values: Mapping[str, Any]) -> FragmentOptions:
    """Fragment options from flags. Raises `ConfigurationError` with the flag's name."""
    try:
        return FragmentOptions.model_validate(values)
    except ValidationError as error:
        problems = problems_in(error, FragmentOptions, Sources("command line", {}, values))
        raise ConfigurationError(problems) from error
