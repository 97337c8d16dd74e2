import typing

import pytest

from midifrag.config.controls import Relative
from midifrag.midi.encoders import ENCODERS


def test_every_coding_is_read():
    assert set(ENCODERS) == set(typing.get_args(Relative))


@pytest.mark.parametrize(
    ("coding", "clicks"),
    [
        ("twos", {1: 1, 2: 2, 63: 63, 127: -1, 126: -2, 64: -64, 0: 0}),
        ("signed", {1: 1, 63: 63, 65: -1, 66: -2, 127: -63, 0: 0, 64: 0}),
        ("offset", {65: 1, 66: 2, 63: -1, 62: -2, 64: 0, 127: 63, 0: -64}),
        ("mackie", {1: 1, 15: 15, 0x41: -1, 0x4F: -15}),
    ],
)
def test_a_byte_is_so_many_clicks(coding, clicks):
    assert {byte: ENCODERS[coding](byte) for byte in clicks} == clicks


@pytest.mark.parametrize("coding", ENCODERS)
def test_every_byte_is_a_way_within_64_clicks(coding):
    assert all(abs(ENCODERS[coding](byte)) <= 64 for byte in range(128))
