"""Who deletes takes is told what of the show has to do with them."""

from midifrag.config.take_uses import begun_from, uses
from tests.support.shows import bank, loaded

SHOW = loaded(
    bank(
        pads={
            36: {"prompt": "rain", "from": "take 12"},
            37: {"prompt": "bell", "fallback": "last", "name": "Bell"},
            38: {"prompt": "hum", "from": "slot 1"},
        }
    ),
    bank("drift", {36: {"prompt": "wind"}}, defaults={"from": "take 7"}),
)


def newest(bank, preset):
    return {("opening", "Bell"): 5}.get((bank, preset))


def test_pads_that_begin_from_takes_are_known_by_take_and_name():
    assert list(begun_from(SHOW)) == [(12, "Opening: C1 “rain”"), (7, "Drift: C1 “wind”")]


def test_each_use_is_one_line():
    assert list(uses(SHOW, {5, 7}, {1: 7, 2: 3, 3: None}, newest)) == [
        "Drift: C1 “wind” begins from take 7; it does so until the trash is emptied",
        "Opening: C#1 “Bell” falls back on take 5 where a press fails; from now on it is the one before it",
        "slot 1 has a fragment of take 7, which stays there",
    ]
    assert list(uses(SHOW, {1, 2}, {1: 7}, newest)) == []
