"""What is warmed before the first press: every prompt of the set list, every length, and what hears beats."""

from __future__ import annotations

from midifrag.banks import resolve
from midifrag.config import Loaded
from midifrag.engine.messages import Render
from midifrag.tempo import Tempo


def warm_renders(loaded: Loaded) -> dict[str, tuple[Render, ...]]:
    """The renders that presses may ask for, by model: one per preset of every bank, without repetitions."""
    tempo = Tempo(loaded.show.tempo)
    renders: dict[str, dict[Render, None]] = {loaded.show.model: {}}
    for bank in loaded.banks:
        for pad in bank.pads.values():
            preset = resolve(pad, bank.defaults, loaded.show.defaults)
            render = Render(
                job=0,
                prompt=tempo.write_into(preset.prompt),
                seconds=preset.seconds,
                seed=0,
                steps=preset.steps,
                cfg_scale=preset.cfg_scale,
                negative_prompt=preset.negative_prompt,
                sampler=preset.sampler,
                sigma_min=preset.sigma_min,
                sigma_max=preset.sigma_max,
            )
            renders.setdefault(preset.model or loaded.show.model, {})[render] = None
    return {model: tuple(wanted) for model, wanted in renders.items()}


def aligns_loops(loaded: Loaded) -> bool:
    """Whether some pad's fragments are cut on their beats: librosa takes seconds the first time it listens."""
    fragments = loaded.show.fragments
    pads = [pad for bank in loaded.banks for pad in bank.pads.values()]
    return any((own := fragments.options(pad.fragment)).loop and own.loop_align for pad in pads)
