"""Renders a few prompts into WAV files, without ports, slots or a show.

python examples/render_from_python.py FOLDER [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import soundfile

import midifrag

PROMPTS = ("short dark kick", "low bowed drone", "bright glass bell")


def main(folder: Path, name: str = "pocket") -> None:
    """Write one file for each prompt."""
    folder.mkdir(parents=True, exist_ok=True)
    model = midifrag.load_model(name, device="cpu")
    for number, prompt in enumerate(PROMPTS, 1):
        take = midifrag.render(model, prompt, seconds=2, seed=number)
        target = folder / f"{number:02d} {prompt}.wav"
        # midifrag has (channels, samples), soundfile wants (samples, channels).
        soundfile.write(target, take.audio.T, take.sample_rate)
        print(f"{target}: {take.used}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
