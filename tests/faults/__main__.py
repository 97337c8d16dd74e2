"""The long form: ``python -m tests.faults --hours 1``."""

from __future__ import annotations

import argparse
import random
import signal
import sys

from tests.faults.campaign import Campaign
from tools.jack_server import Server, realtime_allowed


def main() -> int:
    """Play, print the figures; 1 if the law was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--model", default="pocket", help="beside sketch")
    given = parser.parse_args()
    # So that the show that is played ends with the campaign: by itself it survives whatever becomes of its terminal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    campaign = Campaign(given.seed, given.model, Server(realtime=realtime_allowed()))
    try:
        campaign.play(given.hours * 3600)
    finally:
        campaign.jack.stop()
        # Also of a campaign that was cut short.
        print(campaign.figures.line())
        print(", ".join(f"{count} {name}" for name, count in sorted(campaign.figures.moves.items())))
    return 1 if campaign.figures.violations else 0


if __name__ == "__main__":
    sys.exit(main())
