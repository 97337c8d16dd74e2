from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest

from midifrag.fragment import preparing as module
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import encode_fragment, encode_take
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import SHARE, Ahead
from tests.fragment.sounds import RATE, noise

OPTIONS = FragmentOptions()


@pytest.fixture
def ahead(opened):
    return opened(Ahead, 24)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def prepared(ahead, audio, options=OPTIONS):
    ahead.prepare(audio, RATE, options)
    until(lambda: ahead.find(audio, options))
    return ahead.find(audio, options)


def test_what_was_prepared_is_what_a_landing_would_make(ahead):
    audio = noise(level=2.0)

    made = prepared(ahead, audio)

    assert made.take == encode_take(audio, RATE, 24)
    assert made.fragment == encode_fragment(make_fragment(audio, RATE, OPTIONS), OPTIONS.bits)


def test_only_this_array_with_these_options(ahead):
    audio = noise()
    prepared(ahead, audio)

    assert ahead.find(audio.copy(), OPTIONS) is None
    assert ahead.find(audio, FragmentOptions(bits=24)) is None


def test_it_goes_with_its_array(ahead):
    audio = noise()
    prepared(ahead, audio)

    del audio
    gc.collect()

    until(lambda: ahead._made == {})


def test_what_was_prepared_can_be_forgotten(ahead):
    audio = noise()
    prepared(ahead, audio)

    ahead.forget(audio)

    assert ahead._made == {}


def test_a_take_that_is_gone_is_not_prepared(ahead, monkeypatch):
    go_on, made = threading.Event(), []

    def slow(audio, *given):
        go_on.wait(20)
        made.append(audio.shape[1])
        return make_fragment(audio, *given)

    monkeypatch.setattr(module, "make_fragment", slow)
    first, stale, wanted = noise(0.1), noise(0.2), noise(0.3)
    for audio in (first, stale, wanted):
        ahead.prepare(audio, RATE, OPTIONS)
    del audio, stale
    gc.collect()
    go_on.set()
    until(lambda: ahead.find(wanted, OPTIONS))

    assert made == [first.shape[1], wanted.shape[1]]


def test_nothing_is_prepared_after_the_end(ahead):
    audio = noise()
    ahead.close()

    ahead.prepare(audio, RATE, OPTIONS)

    assert ahead.find(audio, OPTIONS) is None


@pytest.mark.parametrize("audio", [np.zeros((2, 100), np.float32), np.full((2, 100), np.nan, np.float32)])
def test_what_cannot_land_is_left_to_its_press(ahead, audio):
    ahead.prepare(audio, RATE, OPTIONS)
    prepared(ahead, noise())

    assert ahead.find(audio, OPTIONS) is None


def test_a_fault_does_not_end_it(ahead, monkeypatch, caplog):
    audio, second = noise(), noise(seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(module, "make_fragment", lambda *_: 1 / 0)
        ahead.prepare(audio, RATE, OPTIONS)
        until(lambda: "ahead" in caplog.text)

    prepared(ahead, second)

    assert ahead.find(audio, OPTIONS) is None


def test_the_share_of_memory_that_it_takes_at_most(ahead):
    audio = noise(2.0)
    most = Ahead(32)
    made = prepared(most, audio, FragmentOptions(bits=24))
    most.close()

    whole = audio.nbytes + len(made.take.content) + len(made.fragment.content)
    assert 0.95 * SHARE < whole / audio.nbytes < 1.01 * SHARE
