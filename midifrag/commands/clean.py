"""``midifrag clean``: any file, trimmed and faded like a fragment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from midifrag.commands.common import explained
from midifrag.commands.console import out
from midifrag.config.problems import Sources, problems_in
from midifrag.errors import ConfigurationError
from midifrag.fragment.audio_files import read_wav, write_wav
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.options import FragmentOptions


def clean(source: Path, target: Path, options: FragmentOptions) -> None:
    """Do to any file what a take goes through to become a fragment."""
    with explained():
        audio, sample_rate = read_wav(source)
        fragment = make_fragment(audio, sample_rate, options)
        write_wav(target, fragment.audio, sample_rate, options.bits)
    before, after = audio.shape[1] / sample_rate, fragment.audio.shape[1] / sample_rate
    out.print(f"{target}  {before:.2f} s → {after:.2f} s", markup=False)
    for note in fragment.notes:
        out.print(f"note: {note}", markup=False)


def options_of(values: Mapping[str, Any]) -> FragmentOptions:
    """Fragment options from flags. Raises `ConfigurationError` with the flag's name."""
    try:
        return FragmentOptions.model_validate(values)
    except ValidationError as error:
        problems = problems_in(error, FragmentOptions, Sources("command line", {}, values))
        raise ConfigurationError(problems) from error
