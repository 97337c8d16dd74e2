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


def test_a_pad_is_called_by_its_note_its_name_or_prompt_and_its_key():
    one = bank(
        pads={
            "36/10": {"prompt": "ten"},
            "36": {"prompt": "any", "name": "Kick", "port": "pads"},
            "37/10": {"prompt": "snare"},
            "38": {"prompt": "rain", "name": "36"},
        }
    )

    def called(name):
        found = one.called(name)
        assert found is None or one.pads[found[0]] == found[1]
        return found and str(found[0])

    assert [called(name) for name in (36, 37, 38, 39)] == ["36", "37/10", "38", None]
    assert [called(name) for name in ("Kick", "ten", "any", "rain", "kick", "")] == [
        "36",
        "36/10",
        None,
        None,
        None,
        None,
    ]
    assert [called(name) for name in ("C1", "36/10", "37", "C#1", "37/9", "36")] == [
        "36",
        "36/10",
        "37/10",
        "37/10",
        None,
        "38",
    ]
