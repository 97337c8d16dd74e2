import json
import signal

import pytest
import torch
from torch import nn

from training.loop import LOG_EVERY, Average, Loop, learning_rate


class Run:
    """A model, its optimiser and its average, trained on random numbers."""

    def __init__(self, path, total, **options):
        torch.manual_seed(5)
        self.model = nn.Linear(3, 3)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=0.1)
        self.average = Average(self.model)
        parts = {"model": self.model, "optimiser": self.optimiser, "average": self.average}
        self.loop = Loop(path, total, 1, parts, **options)

    def go(self, stop_at=None):
        for step in self.loop.steps():
            loss = self.model(torch.randn(4, 3)).square().mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.loop.share(list(self.model.parameters()))
            self.optimiser.step()
            self.average.update(self.model)
            self.loop.log(loss=loss)
            if step == stop_at:
                signal.raise_signal(signal.SIGTERM)
        return self


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path):
    whole = Run(tmp_path / "whole.pt", 12).go()
    with pytest.raises(SystemExit, match="stopped at step 5"):
        Run(tmp_path / "parts.pt", 12).go(stop_at=4)
    parts = Run(tmp_path / "parts.pt", 12)
    assert parts.loop.step == 5
    parts.go()
    for one, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.equal(one, other)
    for name, value in whole.average.values.items():
        assert torch.equal(value, parts.average.values[name])


def test_a_finished_run_is_not_trained_again(tmp_path):
    Run(tmp_path / "run.pt", 3).go()
    again = Run(tmp_path / "run.pt", 3)
    assert list(again.loop.steps()) == []


def test_a_run_that_its_minutes_ended_stays_ended_until_it_is_extended(tmp_path):
    run = Run(tmp_path / "run.pt", 100, minutes=1e-4).go()
    steps = run.loop.step
    assert Run(tmp_path / "run.pt", 100, minutes=60).go().loop.step == steps
    longer = Run(tmp_path / "run.pt", 7, extend=True).go()
    assert longer.loop.step == steps + 7


def test_an_extended_run_can_be_stopped_too(tmp_path):
    Run(tmp_path / "run.pt", 3).go()
    with pytest.raises(SystemExit):
        Run(tmp_path / "run.pt", 4, extend=True).go(stop_at=4)
    assert Run(tmp_path / "run.pt", 4, extend=True).go().loop.step == 7


def test_a_half_written_checkpoint_does_not_replace_the_last_one(tmp_path, monkeypatch):
    run = Run(tmp_path / "run.pt", 3).go()
    before = (tmp_path / "run.pt").read_bytes()

    def broken(_state, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        run.loop.save()
    assert (tmp_path / "run.pt").read_bytes() == before


def test_the_log_holds_means(tmp_path):
    Run(tmp_path / "run.pt", LOG_EVERY).go()
    rows = [json.loads(line) for line in (tmp_path / "run.log").read_text().splitlines()]
    assert [row["step"] for row in rows] == [LOG_EVERY]
    assert 0 < rows[0]["loss"] < 10


def test_the_minutes_end_a_run_too(tmp_path):
    loop = Loop(tmp_path / "run.pt", 10**9, 1, {}, minutes=1e-9)
    assert list(loop.steps()) == []


def test_the_learning_rate_rises_then_falls(tmp_path):
    loop = Loop(tmp_path / "run.pt", 1000, 1, {})
    rates = []
    for step in range(0, 1000, 20):
        loop.step, loop.progress = step, step / 1000
        rates.append(learning_rate(loop, 1.0))
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) > 0.9
    assert rates[-1] < 0.1


def test_the_average_is_lent_and_taken_back(tmp_path):
    run = Run(tmp_path / "run.pt", 6).go()
    own = run.model.weight.detach().clone()
    with run.average.in_place_of(run.model):
        assert torch.equal(run.model.weight, run.average.values["weight"])
    assert torch.equal(run.model.weight, own)
