"""Many landings in a Live that is played at random, and whatever else a night may bring; one law is checked all along.

Each landing is done, or a newer one of its slot has overtaken it; none is done after a newer one, or answered twice.

``python -m tests.doors.live.proof --landings 1000000 --seed 3`` is the long form of what runs with the tests.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.doors.live.lives import FakeLive, ShowSide, audio_track, simpler_track, sound

SLOTS = range(1, 9)
#: The slots that are Simplers; the others are audio tracks.
SIMPLERS = range(1, 5)
#: Landings that are sent at once, and ticks that they have: enough for the newest of each slot, with time to spare.
BATCHES = (4, 8, 8, 25)
BATCH = max(BATCHES)
BUSY_TICKS = 10
QUIET_TICKS = 12
#: Batches between two disruptions.
DISRUPT_EVERY = 20
#: What may happen beside.
KINDS = ("dropped", "killed", "hung", "set", "away", "deleted", "renamed", "timer", "refused")
#: How likely a performer does something in a tick.
BUSY = 0.3


class Proof:
    """``occupied`` is the set's, ``chance`` decides everything else."""

    def __init__(self, folder: Path, occupied: str, seed: int) -> None:
        self._folder = folder
        self._occupied = occupied
        self._chance = random.Random(seed)
        self._show = ShowSide(folder / "home")
        self._live = FakeLive(folder / "home", "--seed", str(seed))
        self._serial = 0
        self._newest: dict[int, str] = {}
        #: The slot of each file that was sent, in their order.
        self._sent: dict[str, int] = {}
        #: How many had been sent before the newest that is done, of each slot.
        self._reached: dict[int, int] = {}
        self._numbers: dict[str, int] = {}
        self._answered: set[int] = set()
        #: What happens next, the last one first.
        self._kinds: list[str] = []
        self.done: Counter[str] = Counter()
        self.disrupted: Counter[str] = Counter()
        self.waited = 0

    def run(self, landings: int) -> None:
        self._live.tell("open", tracks=self._tracks())
        self._join()
        batches = 0
        while len(self._sent) < landings:
            self._send_batch(min(self._chance.choice(BATCHES), landings - len(self._sent)))
            self._show.sync(self._live)
            self._live.tick(BUSY_TICKS, BUSY)
            self._live.tick(QUIET_TICKS)
            self._check_batch()
            batches += 1
            if batches % DISRUPT_EVERY == 0 and landings - len(self._sent) >= BATCH:
                self._disrupt()
        self._finish()

    def close(self) -> None:
        self._show.close()
        self._live.kill()

    def _tracks(self) -> list[dict[str, Any]]:
        return [simpler_track(slot) if slot in SIMPLERS else audio_track(slot) for slot in SLOTS]

    def _join(self) -> None:
        self._show.drop()
        fires = {"fire": self._chance.random() < 0.5, "start_transport": self._chance.random() < 0.5}
        self._show.join(self._live, occupied=self._occupied, **fires)
        for slot, path in self._newest.items():
            self._land(slot, path, again=True)

    def _land(self, slot: int, path: str, **named: Any) -> None:
        self._serial += 1
        self._show.land(self._serial, slot, path, **named)

    def _send_batch(self, count: int) -> None:
        # Of few none overtakes another.
        few = self._chance.sample(SLOTS, count) if count <= len(SLOTS) else None
        for slot in few or self._chance.choices(SLOTS, k=count):
            path = str(sound(self._folder, f"{len(self._sent):04d} {self._chance.choice(['rain', 'tin', 'ünder'])}"))
            self._numbers[path] = len(self._sent)
            self._sent[path] = slot
            self._newest[slot] = path
            bpm = self._chance.choice([None, 92.5, 120.0])
            self._land(
                slot, path, loop=self._chance.random() < 0.5, bpm=bpm, colour=self._chance.choice([None, "#3366FF"])
            )

    def _check_batch(self) -> None:
        """The newest of each slot is in Live, or its clip's place sounds."""
        self._take_done()
        self._show.hear()
        for message in self._show.heard:
            assert message["type"] != "failed", message
            if message["type"] == "landed":
                assert message["serial"] not in self._answered, message
                self._answered.add(message["serial"])
        self._show.heard.clear()
        state = self._live.state()
        tracks = {track["name"]: track for track in state["tracks"]}
        for slot, path in self._newest.items():
            if path in self.done:
                continue
            assert slot not in SIMPLERS, f"{path} has not come into the Simpler of slot {slot}"
            sounds = [
                clip is not None and state["playing"] and (clip["playing"] or clip["triggered"])
                for clip in tracks[f"midifrag {slot}"]["clips"]
            ]
            first = sounds[0] if self._occupied == "wait" else all(sounds)
            assert first, f"{path} has not come into the silent clip slot of slot {slot}"
            self.waited += 1

    def _take_done(self) -> None:
        for path in self._live.tell("landed"):
            self.done[path] += 1
            slot, number = self._sent[path], self._numbers[path]
            assert number >= self._reached.get(slot, 0), f"{path} came after a newer one of slot {slot}"
            self._reached[slot] = number

    def overtaken(self) -> list[str]:
        """Those that are not done, and have a newer one of their slot that is."""
        return [
            path
            for path, slot in self._sent.items()
            if path not in self.done and self._numbers[path] < self._reached.get(slot, 0)
        ]

    def _disrupt(self) -> None:
        if not self._kinds:
            self._kinds = self._chance.sample(KINDS, len(KINDS))
        what = self._kinds.pop()
        self.disrupted[what] += 1
        getattr(self, f"_be_{what}")()
        self._show.sync(self._live)
        self._live.tick(50)

    def _be_dropped(self) -> None:
        self._send_batch(BATCH)
        self._join()

    def _be_killed(self) -> None:
        """Another midifrag, on another port and with another token, while landings of the last one still come in."""
        self._send_batch(BATCH)
        self._show.close()
        self._live.tick(self._chance.randrange(100))
        self._show = ShowSide(self._folder / "home")
        self._join()

    def _be_hung(self) -> None:
        self._live.tell("let_pass", seconds=60.0)
        self._join()

    def _be_set(self) -> None:
        self._send_batch(BATCH)
        self._live.tick(3)
        self._live.tell("open", tracks=self._tracks())
        self._join()

    def _be_away(self) -> None:
        self._live.tell("away")
        self._live.tick(50)
        self._live.tell("back")
        self._join()

    def _be_deleted(self) -> None:
        """What comes anew gets the newest of its slot."""
        slot = self._chance.choice(SLOTS)
        self._live.do("delete_track", track=f"midifrag {slot}")
        self._send_batch(BATCH)
        self._live.tick(50)
        self._live.do("add_track", **self._tracks()[slot - 1])
        self._live.tick(150)

    def _be_renamed(self) -> None:
        slot = self._chance.choice(SLOTS)
        self._live.do("rename", track=f"midifrag {slot}", name="drums")
        self._send_batch(BATCH)
        self._live.tick(150, BUSY)
        self._live.do("rename", track="drums", name=f"midifrag {slot}")

    def _be_timer(self) -> None:
        self._live.tell("stop_timers")
        self._live.tick(50)

    def _be_refused(self) -> None:
        """Live takes none of some files at first."""
        self._live.tell("refuse", count=3)
        self._send_batch(BATCH)
        self._live.tick(250)

    def _finish(self) -> None:
        """In silence, all of it comes."""
        self._live.do("play", on=False)
        for slot in SLOTS:
            self._live.do("stop", track=f"midifrag {slot}")
        self._live.tick(100)
        self._take_done()
        left = {slot: path for slot, path in self._newest.items() if path not in self.done}
        assert not left, left
        state = self._live.state()
        assert state["escaped"] == []
        assert state["breaches"] == []
        assert all(state["worst"][what] <= most for what, most in state["most"].items())
        assert state["timers"] == 1
        assert state["listeners"] < 40
        self.totals = state["totals"]
        self._live.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landings", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--occupied", choices=["wait", "next_scene"], default="next_scene")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(Path(folder), chosen.occupied, chosen.seed)
        try:
            proof.run(chosen.landings)
        finally:
            proof.close()
    print(f"{chosen.landings} landings, {len(proof.done)} done, {len(proof.overtaken())} overtaken")
    print(proof.totals, dict(proof.disrupted))


if __name__ == "__main__":
    main()
