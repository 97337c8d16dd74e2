"""``midifrag render``: one prompt into one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import Progress

from midifrag.commands.common import explained
from midifrag.commands.console import out
from midifrag.config.catalogue import too_long
from midifrag.config.loading import Loaded
from midifrag.engine import api
from midifrag.engine.registry import engine_choice
from midifrag.errors import RequestError, StorageError
from midifrag.fragment.audio_files import write_wav
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.options import FragmentOptions


def render(prompt: str, target: Path, loaded: Loaded, parameters: Mapping[str, Any], raw: bool) -> None:
    """Render one prompt with the model of a show into a file, cleaned like a fragment unless ``raw``."""
    with explained(), Progress(transient=True) as progress:
        # Said before a model is loaded, which takes a while.
        if not target.absolute().parent.is_dir():
            raise StorageError(f"{target} cannot be written: there is no folder {target.parent}. Make it first.")
        name = loaded.settings.model
        trouble = too_long(parameters.get("seconds"), name, loaded.source(name))
        if trouble is not None:
            raise RequestError(f"{trouble}: ask for less.")
        task = progress.add_task(f"loading {name}", total=None)
        model = api.open_model(engine_choice(loaded, name))
        progress.update(task, description="rendering")
        take = api.perform(model, api.request(prompt, **parameters))
        options = FragmentOptions()
        audio = take.audio if raw else make_fragment(take.audio, take.sample_rate, options).audio
        comment = json.dumps({"prompt": prompt, "model": name, **take.used})
        write_wav(target, audio, take.sample_rate, 24 if raw else options.bits, {"title": prompt, "comment": comment})
    out.print(f"{target}  {audio.shape[1] / take.sample_rate:.2f} s, seed {take.used.get('seed')}", markup=False)
    for note in take.notes:
        out.print(f"note: {note}", markup=False)
