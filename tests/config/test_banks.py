"""Which pad a note of a bank presses."""

from midifrag.pad_key import PadKey
from tests.support.shows import bank


def test_a_pad_on_one_channel_wins_over_one_on_any():
    one = bank(pads={"36": {"prompt": "any"}, "36/10": {"prompt": "ten"}})
    assert one.find(36, 10, "x") == (PadKey(36, 10), one.pads[PadKey(36, 10)])
    assert one.find(36, 9, "x") == (PadKey(36), one.pads[PadKey(36)])


def test_a_pad_bound_to_a_port_is_deaf_to_others():
    one = bank(pads={"36": {"prompt": "x", "port": "pads"}})
    assert one.find(36, 1, "live") is None
    assert one.find(36, 1, "pads") is not None
