"""``python -m training.all``: every step from nothing to an evaluated model, each going on where it was stopped.

A finished training takes no time when it is run again. ``--minutes`` is for the whole: the judge gets a twentieth
of what is left when it starts, the autoencoder 45 %, diffusion three quarters of the rest.
"""

from __future__ import annotations

import subprocess
import sys
import time

from training.loop import parser

#: Command → its share of the minutes left when it starts, or None when it takes what it takes.
STEPS: dict[str, float | None] = {
    "data": None,
    "judge": 0.05,
    "autoencoder": 0.45,
    "latents": None,
    "diffusion": 0.75,
    "export": None,
    "evaluate": None,
    "card": None,
}


def main() -> None:
    """Run the steps in order, stopping at the first that fails; a model that misses the gate still gets its card."""
    arguments = parser(__doc__).parse_args()
    common = ["--run", str(arguments.run), "--preset", arguments.preset, "--seed", str(arguments.seed)]
    began, verdict = time.monotonic(), 0
    for name, share in STEPS.items():
        command = [sys.executable, "-m", f"training.{name}", *common, "--device", arguments.device]
        if arguments.minutes is not None and share is not None:
            left = arguments.minutes - (time.monotonic() - began) / 60
            command += ["--minutes", f"{max(left * share, 0.1):.2f}"]
        print(f"== {name} after {(time.monotonic() - began) / 60:.1f} min", flush=True)
        status = subprocess.run(command, check=False).returncode
        if name == "evaluate":
            verdict = status
        elif status:
            raise SystemExit(status)
    raise SystemExit(verdict)


if __name__ == "__main__":
    main()
