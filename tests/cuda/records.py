"""One tiny model, played on the card in all the ways that there are, and what was seen of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from midifrag.audio import Audio
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Precision
from midifrag.engine.messages import EngineEvent, Rendered
from tests.cuda.card import Card
from tests.cuda.playing import PRESSES, one_after_the_other, play, playing, sounds, tiny
from tests.engine.architectures import COVERED
from tests.engine.presses import press

#: How often memory runs out for one press, one call after the other: windows shrink, then recordings go.
SHORTAGES = 2
#: Models of variable length, by what they are (`tests.engine.sa3_models`).
STABLE_AUDIO_3 = {f"Stable Audio 3 {sort}": {"stable_audio_3": sort} for sort in ("small", "medium")}


@dataclass(frozen=True, slots=True)
class Case:
    """A tiny model: what its transformer has, its objective, and the number format of its weights.

    As many requests at once as ``most`` are in flight: recorded are one, two and four.
    """

    architecture: str
    objective: str
    precision: Precision
    most: int = 4

    def __str__(self) -> str:
        return f"{self.architecture}, {self.objective}, {self.precision}"


@dataclass(frozen=True, slots=True)
class Record:
    """What was heard: on the CPU, and on the card ``alone``, all at once, while memory was short, and afterwards.

    Recordings are counted after warm-up, while memory was short, and once they were made again. ``syncs`` are where
    the host waited for the card while known prompts were played, ``new_prompt_syncs`` those of one that was not known.
    ``locked`` counts the times that pinned memory was new then. ``anew`` are the jobs that were not finite and were
    rendered again in a wider precision.
    """

    case: Case
    plain: Mapping[int, Audio]
    alone: Mapping[int, Audio]
    together: Mapping[int, Audio]
    while_short: Mapping[int, Audio]
    afterwards: Mapping[int, Audio]
    captures: tuple[int, int, int]
    replays: tuple[int, int]
    syncs: Counter[tuple[str, str]]
    new_prompt_syncs: Counter[tuple[str, str]]
    locked: int
    anew: frozenset[int]
    violations: tuple[str, ...]


def play_case(case: Case) -> Record:
    """Play a model on a card that multiplies in no bf16, so that NaN leads where it leads on a CPU."""
    options = {**COVERED, **STABLE_AUDIO_3}[case.architecture]
    on_cpu = DiffusionWorker.from_model(tiny(case.objective, case.precision, **options), max_in_flight=case.most)
    plain = one_after_the_other(on_cpu, PRESSES)
    with playing(Card(capability=(7, 5))) as card:
        model = tiny(case.objective, case.precision, "cuda", **options)
        worker = DiffusionWorker.from_model(model, max_in_flight=case.most)
        list(worker.warm(PRESSES))
        captured = card.live_graphs
        card.forget()
        alone = one_after_the_other(worker, PRESSES)
        events = play(worker, PRESSES)
        together, anew = sounds(events), frozenset(filter(None, map(_anew, events)))
        syncs, locked, replays = card.syncs.copy(), card.host.locked, card.replays
        card.memory.fail_next(SHORTAGES)
        while_short = one_after_the_other(worker, PRESSES)
        left = card.live_graphs
        while worker.busy:
            worker.tick()
        made_again = card.live_graphs
        card.forget()
        afterwards = sounds(play(worker, PRESSES))
        replays_afterwards = card.replays
        card.forget()
        play(worker, [press(9, prompt="glass")])
        return Record(
            case,
            plain,
            alone,
            together,
            while_short,
            afterwards,
            (captured, left, made_again),
            (replays, replays_afterwards),
            syncs,
            card.syncs.copy(),
            locked,
            anew,
            tuple(card.violations),
        )


def _anew(event: EngineEvent) -> int | None:
    """The job of a take that was rendered once more in a wider precision."""
    is_anew = isinstance(event, Rendered) and any("rendered again in" in note for note in event.notes)
    return event.job if isinstance(event, Rendered) and is_anew else None
