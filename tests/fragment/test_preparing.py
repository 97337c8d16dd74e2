from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from midifrag.fragment import preparing as module
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import encode_fragment, encode_take
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import SHARE, Preparer
from tests.fragment.sounds import RATE, noise

OPTIONS = FragmentOptions()


@pytest.fixture
def preparer(opened):
    return opened(Preparer, 24)


def wait_for(preparer):
    """Wait until all that the preparer was given is done: its thread does one after the other."""
    preparer._worker.submit(lambda: None).result()


def prepared(preparer, audio, options=OPTIONS):
    preparer.prepare(audio, RATE, options)
    wait_for(preparer)
    return preparer.find(audio, options)


def test_what_was_prepared_is_what_a_landing_would_make(preparer):
    audio = noise(level=2.0)

    made = prepared(preparer, audio)

    assert made.take == encode_take(audio, RATE, 24)
    assert made.fragment == encode_fragment(make_fragment(audio, RATE, OPTIONS), OPTIONS.bits)


def test_only_this_array_with_these_options(preparer):
    audio = noise()
    prepared(preparer, audio)

    assert preparer.find(audio.copy(), OPTIONS) is None
    assert preparer.find(audio, FragmentOptions(bits=24)) is None


def test_it_goes_with_its_array(preparer):
    audio = noise()
    prepared(preparer, audio)

    del audio
    gc.collect()

    assert preparer._made == {}


def test_what_was_prepared_can_be_forgotten(preparer):
    audio = noise()
    prepared(preparer, audio)

    preparer.forget(audio)

    assert preparer._made == {}


def test_a_take_that_is_gone_is_not_prepared(preparer, monkeypatch):
    go_on, made = threading.Event(), []

    def slow(audio, *given):
        go_on.wait()
        made.append(audio.shape[1])
        return make_fragment(audio, *given)

    monkeypatch.setattr(module, "make_fragment", slow)
    first, stale, wanted = noise(0.1), noise(0.2), noise(0.3)
    for audio in (first, stale, wanted):
        preparer.prepare(audio, RATE, OPTIONS)
    del audio, stale
    gc.collect()
    go_on.set()
    wait_for(preparer)

    assert made == [first.shape[1], wanted.shape[1]]


def test_nothing_is_prepared_after_the_end(preparer):
    audio = noise()
    preparer.close()

    preparer.prepare(audio, RATE, OPTIONS)

    assert preparer.find(audio, OPTIONS) is None


@pytest.mark.parametrize("audio", [np.zeros((2, 100), np.float32), np.full((2, 100), np.nan, np.float32)])
def test_what_cannot_land_is_left_to_its_press(preparer, audio):
    preparer.prepare(audio, RATE, OPTIONS)
    prepared(preparer, noise())

    assert preparer.find(audio, OPTIONS) is None


def test_a_fault_does_not_end_it(preparer, monkeypatch, caplog):
    audio, second = noise(), noise(seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(module, "make_fragment", lambda *_: 1 / 0)
        preparer.prepare(audio, RATE, OPTIONS)
        wait_for(preparer)
    assert "made ahead" in caplog.text

    prepared(preparer, second)

    assert preparer.find(audio, OPTIONS) is None


def test_the_share_of_memory_that_it_takes_at_most(preparer):
    audio = noise(2.0)
    most = Preparer(32)
    made = prepared(most, audio, FragmentOptions(bits=24))
    most.close()

    whole = audio.nbytes + len(made.take.content) + len(made.fragment.content)
    assert 0.95 * SHARE < whole / audio.nbytes < 1.01 * SHARE


LENGTH = MusicalLength(1, "beats", 120)


def test_a_length_is_part_of_what_was_prepared(preparer):
    audio = noise(1.5)
    preparer.prepare(audio, RATE, OPTIONS, LENGTH)
    wait_for(preparer)

    made = preparer.find(audio, OPTIONS, LENGTH)
    assert made.fragment == encode_fragment(make_fragment(audio, RATE, OPTIONS, LENGTH), OPTIONS.bits)
    assert made.fragment.seconds == 0.5
    assert preparer.find(audio, OPTIONS) is None
    assert preparer.find(audio, OPTIONS, MusicalLength(1, "beats", 121)) is None


def test_of_what_waits_only_how_it_is_wanted_last_is_prepared(preparer, monkeypatch):
    go_on, made = threading.Event(), []

    def slow(audio, rate, options, length):
        go_on.wait()
        made.append(length.bpm)
        return make_fragment(audio, rate, options, length)

    monkeypatch.setattr(module, "make_fragment", slow)
    audio = noise(1.5)
    first, *later = [MusicalLength(1, "beats", 120 + step) for step in range(5)]
    preparer.prepare(audio, RATE, OPTIONS, first)
    for length in later:
        preparer.prepare(audio, RATE, OPTIONS, length)
    go_on.set()
    wait_for(preparer)

    assert made[-1] == 124
    assert len(made) <= 2
    assert preparer.find(audio, OPTIONS, later[-1]) is not None
    assert preparer._wanted == {}


def test_a_take_is_encoded_once_however_often_it_is_cut_anew(preparer, monkeypatch):
    audio = noise(1.5)
    preparer.prepare(audio, RATE, OPTIONS, LENGTH)
    wait_for(preparer)
    monkeypatch.setattr(module, "encode_take", lambda *_: pytest.fail("encoded again"))
    preparer.prepare(audio, RATE, OPTIONS, MusicalLength(1, "beats", 90))
    wait_for(preparer)

    assert preparer.find(audio, OPTIONS, MusicalLength(1, "beats", 90)) is not None
