"""Folders of slots for the tests of this room: landing in them, and what lies there."""

from __future__ import annotations

import numpy as np

from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import encode_fragment
from midifrag.fragment.options import FragmentOptions
from tests.fragment.sounds import RATE, noise, record


def fragment(number):
    return make_fragment(noise(seed=number), RATE, FragmentOptions())


def land(slots, take, slot=None, bits=16):
    number = slots.choose(slot)
    state = slots.landings.land(
        number,
        encode_fragment(fragment(take), bits),
        record(take, number=take),
        now=1000.0 + take,
        turn=slot is None,
    )
    slots.save()
    return state


def holds(slots, number, take):
    """Whether a slot's file is this take's fragment."""
    read, _ = read_wav(slots.path(number))
    expected = fragment(take).audio
    return read.shape == expected.shape and np.abs(read - expected).max() < 1e-4


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".midifrag")


def takes(slots):
    return [state.take for state in slots.states]
