"""LoRAs on the card: another strength is no other recording, and a chord of strengths is one call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.messages import Render
from tests.cuda.card import Card
from tests.cuda.playing import TOLERANCE, furthest, one_after_the_other, play, playing, sounds, tiny
from tests.engine.lora_maker import save_stock_lora
from tests.engine.presses import press


def test_recordings_are_played_whatever_the_strengths(tmp_path: Path) -> None:
    on_cpu = tiny("v", "fp32")
    files = [save_stock_lora(on_cpu, tmp_path / f"{name}.safetensors", seed=seed) for seed, name in enumerate("ab")]

    def with_loras(job: int, *strengths: float) -> Render:
        line = "; ".join(f"{file.stem}={one} from {file}" for file, one in zip(files, strengths, strict=False))
        return replace(press(job, cfg_scale=3.0, steps=2), loras=line or None)

    presses = (with_loras(1), with_loras(2, 0.3), with_loras(3, -1.0, 2.0), with_loras(4, 1.7, 0.5))
    plain = one_after_the_other(DiffusionWorker.from_model(on_cpu), presses)
    with playing(Card(capability=(7, 5))) as card:
        worker = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=4)
        list(worker.warm((with_loras(0, 1.0, 1.0),)))
        captured = card.live_graphs
        assert captured > 0
        card.forget()
        alone = one_after_the_other(worker, presses)
        replays = card.replays
        assert replays >= 2 * len(presses)
        calls = worker.counters.denoiser_calls
        together = sounds(play(worker, presses))
        # Two steps for all of them together.
        assert worker.counters.denoiser_calls - calls == 2
        assert card.replays - replays == 2
        assert (card.live_graphs, tuple(card.violations)) == (captured, ())
    assert furthest(alone, plain) <= TOLERANCE["fp32"]
    assert furthest(together, plain) <= TOLERANCE["fp32"]


@pytest.mark.thorough
def test_one_that_comes_later_has_recordings_made_anew(tmp_path: Path) -> None:
    file = save_stock_lora(tiny("v", "fp32"), tmp_path / "a.safetensors")
    with playing(Card(capability=(7, 5))) as card:
        worker = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=1)
        first = press(1, steps=2)
        list(worker.warm((first,)))
        captured = card.live_graphs
        play(worker, [replace(first, loras=f"a=1 from {file}")])
        assert worker.busy
        while worker.busy:
            worker.tick()
        card.forget()
        play(worker, [replace(first, loras=f"a=0.5 from {file}"), press(2, steps=2)])
        assert (card.live_graphs, tuple(card.violations)) == (captured, ())
        assert card.replays >= 2


@pytest.mark.thorough
def test_one_whose_file_is_replaced_has_recordings_made_anew_without_the_one_before(tmp_path: Path) -> None:
    on_cpu = tiny("v", "fp32")
    file, other = (
        save_stock_lora(on_cpu, tmp_path / f"{name}.safetensors", seed=seed) for seed, name in enumerate("ab")
    )
    asks = replace(press(1, steps=2), loras=f"a=1 from {file}")
    with playing(Card(capability=(7, 5))) as card:
        worker = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=1)
        list(worker.warm((asks,)))
        captured, memory = card.live_graphs, worker.runner.parts.denoiser().memory
        first = sounds(play(worker, [asks]))
        file.write_bytes(other.read_bytes())
        second = sounds(play(worker, [asks]))
        while worker.busy:
            worker.tick()
        assert worker.runner.parts.denoiser().memory == memory
        card.forget()
        third = sounds(play(worker, [asks]))
        assert (card.live_graphs, tuple(card.violations)) == (captured, ())
        assert card.replays >= 2
    assert furthest(first, second) > TOLERANCE["fp32"]
    assert furthest(second, third) <= TOLERANCE["fp32"]
    plain = one_after_the_other(DiffusionWorker.from_model(on_cpu), (asks,))
    assert furthest(third, plain) <= TOLERANCE["fp32"]


@pytest.mark.thorough
def test_one_that_begins_at_nothing_is_turned_up_without_other_recordings(tmp_path: Path) -> None:
    file = save_stock_lora(tiny("v", "fp32"), tmp_path / "a.safetensors")
    with playing(Card(capability=(7, 5))) as card:
        worker = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=1)
        asks = replace(press(1, steps=2), loras=f"a=0 from {file}; gone=0 from {tmp_path / 'gone.safetensors'}")
        list(worker.warm((asks,)))
        captured = card.live_graphs
        assert captured > 0
        silent = sounds(play(worker, [asks]))
        heard = sounds(play(worker, [replace(asks, loras=f"a=0.7 from {file}")]))
        assert not worker.busy
        assert (card.live_graphs, tuple(card.violations)) == (captured, ())
    assert furthest(silent, heard) > TOLERANCE["fp32"]
