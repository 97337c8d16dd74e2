"""The table of checks, row by row where it says something."""

from __future__ import annotations

import shutil
from collections import namedtuple

from midifrag.commands.soundcheck import checks
from midifrag.commands.soundcheck.checks import Check, Outcome, look_at
from midifrag.errors import PlaybackError
from tests.support.shows import loaded


def test_what_cannot_be_looked_at_is_a_fault_and_the_next_row_is_looked_at():
    def breaks(_loaded):
        raise PlaybackError("no sound system")
        yield

    found = list(look_at(loaded(), (Check("one", breaks), Check("two", lambda _loaded: iter(())))))
    assert [(name, finding.outcome) for name, finding in found] == [("one", Outcome.FAULT), ("two", Outcome.OK)]


def test_the_disk_is_timed_and_nothing_is_left(tmp_path, monkeypatch):
    show = loaded(fragments={"folder": str(tmp_path / "fragments")})
    moments = iter([1.0, 1.2, 5.0, 7.0])
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(10_000 * checks.TAKE_BYTES))
    quick = list(checks._disk(show, lambda: next(moments)))
    assert [one.outcome for one in quick] == [Outcome.OK, Outcome.OK]
    assert "in 200 ms" in quick[0].text
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(3 * checks.TAKE_BYTES))
    slow = list(checks._disk(show, lambda: next(moments)))
    assert [one.outcome for one in slow] == [Outcome.NOTE, Outcome.FAULT]
    assert list(tmp_path.iterdir()) == []


def test_a_sampler_that_does_not_listen_is_told():
    (found,) = checks._links(loaded(instruments={"hydrogen": {"port": 47_301}}))
    assert found.outcome is Outcome.NOTE
    assert "start Hydrogen" in found.text


def test_an_output_that_is_not_there_is_a_fault(monkeypatch):
    monkeypatch.setattr(checks, "list_outputs", list)
    assert [one.outcome for one in checks._playback(loaded(playback={"device": "Nowhere"}))] == [Outcome.FAULT]
    assert [one.outcome for one in checks._playback(loaded())] == [Outcome.OK]
