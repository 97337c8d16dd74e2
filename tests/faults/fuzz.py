"""Look for inputs that a door neither takes nor refuses, guided by which lines of the code they reach.

    uv run --with atheris python -m tests.faults.fuzz midi [-max_total_time=600]

Further arguments are libFuzzer's; atheris has wheels for Linux. An input that fails is printed by hypothesis as a call.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Fuzz the door that is named first, until something fails or libFuzzer's time is over."""
    import atheris

    with atheris.instrument_imports(include=["midifrag"]):
        from tests.faults.doors import DOORS
    if sys.argv[1:2] == [] or sys.argv[1] not in DOORS:
        sys.exit(f"usage: python -m tests.faults.fuzz {{{','.join(DOORS)}}} [libFuzzer's options]")
    door = DOORS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], door.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
