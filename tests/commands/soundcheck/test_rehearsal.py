"""Every pad once, into a folder of its own."""

from __future__ import annotations

import pytest

from midifrag.commands.soundcheck.rehearsal import rehearse, rehearsed
from midifrag.errors import EngineError
from midifrag.states import JobState
from tests.support.runtimes import NeverRenders
from tests.support.shows import bank, loaded


def show(folder, *banks, **settings):
    engine = {"host": "thread", "spares": {"enabled": False}}
    return loaded(*banks, fragments={"folder": str(folder / "own")}, engine=engine, **settings)


def test_each_pad_of_every_bank_lands_once_and_nothing_of_the_performers_is_touched(tmp_path):
    pads = {36: {"prompt": "rain", "seconds": 1}, "37/10": {"prompt": "kick", "seconds": 1, "press": "gate", "slot": 3}}
    banks = (bank("one", pads), bank("two", {36: {"prompt": "wind", "seconds": 1, "port": "midifrag"}}))
    takes = list(rehearse(show(tmp_path, *banks), tmp_path / "aside"))
    assert [take.name for take in takes] == ["one 36", "one 37/10", "two 36"]
    for take in takes:
        assert take.job.state is JobState.LANDED
        assert 0 <= take.after("queued") <= take.after("rendered") <= take.after("landed")
        assert take.audio is not None
        assert take.audio.any()
        assert take.heard is None
    assert [file.name for file in tmp_path.iterdir()] == ["aside"]


def test_a_hold_is_rendered_at_its_longest_when_it_is_pressed(tmp_path):
    held = bank("one", {36: {"prompt": "rain", "bars": 1, "hold": {"sets": "seconds", "range": [1, 2]}}})
    (take,) = rehearse(show(tmp_path, held, defaults={"land": "4 bars"}), tmp_path / "aside")
    assert take.asked.preset.seconds == 2
    assert take.asked.length is None
    assert take.asked.landing.land == "now"


def test_doors_ports_and_spares_of_the_set_stay_out_of_it(tmp_path):
    whole = show(tmp_path, osc={"listen": 7400}, ableton={}, instruments={"sfz": True}, notify={"port": "midifrag"})
    alone = rehearsed(whole, tmp_path / "aside").settings
    assert not alone.osc.is_on
    assert not alone.ableton.enabled
    assert not alone.instruments.sfz
    assert not alone.page.enabled
    assert alone.notify is None
    assert list(alone.ports) == ["soundcheck"]


def test_a_pad_that_never_lands_is_an_error_with_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.show.runtime._create", lambda _choice, _host: NeverRenders())
    with pytest.raises(EngineError, match=r"opening 36.*did not land"):
        list(rehearse(show(tmp_path), tmp_path / "aside", patience=0.05))
