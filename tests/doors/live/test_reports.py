import pytest

from midifrag.doors.live import reports
from midifrag.doors.live.reports import Reports, numbers
from midifrag.states import NoticeLevel

NAMES = {slot: f"the track or chain midifrag {slot}" for slot in range(1, 5)}


class Told:
    def __init__(self):
        self.notices = []
        self.reports = Reports(lambda level, text: self.notices.append((level, text)))

    @property
    def texts(self):
        return [text for _, text in self.notices]


def test_a_failure_is_told_once_until_it_is_over_or_another_one():
    told = Told()
    for text in ("no Simpler", "slot 3: no Simpler", "frozen", "frozen"):
        told.reports.failed(3, text)
    told.reports.failed(4, "frozen")
    assert told.texts == ["slot 3 is not in Live: no Simpler", "slot 3 is not in Live: frozen",
                          "slot 4 is not in Live: frozen"]  # fmt: skip
    assert told.reports.troubles == {3: "frozen", 4: "frozen"}
    told.reports.landed(3)
    assert list(told.reports.troubles) == [4]
    told.reports.failed(3, "frozen")
    assert told.notices[-1] == (NoticeLevel.WARNING, "slot 3 is not in Live: frozen")
    told.reports.waits(1, "its clip sounds")
    told.reports.waits(1, "its clip sounds")
    assert told.notices[4:] == [(NoticeLevel.INFO, "slot 1 waits in Live: its clip sounds")]


def test_causes_do_not_gather_for_ever(monkeypatch):
    monkeypatch.setattr(reports, "MOST", 3)
    told = Told()
    for text in "abcda":
        told.reports.once(NoticeLevel.INFO, text, text)
    assert told.texts == ["a", "b", "c", "d", "a"]


def test_at_first_it_is_told_what_is_missing_and_then_what_changes():
    told = Told()
    told.reports.found({1: "midifrag 1 / Simpler", 2: "b"}, NAMES)
    told.reports.found({1: "midifrag 1 / Simpler", 2: "b"}, NAMES)
    told.reports.found({2: "c", 3: "d"}, NAMES)
    assert told.notices == [
        (NoticeLevel.INFO, "Live has nothing for slots 3–4 yet; there it would be the track or chain midifrag 3"),
        (NoticeLevel.INFO, "slot 2: c stands for it in Live, and not b"),
        (NoticeLevel.INFO, "slot 3: d stands for it in Live"),
    ]  # fmt: skip
    whole = Told()
    whole.reports.found(NAMES, NAMES)
    assert whole.notices == []


def test_what_is_deleted_is_told_once_each_time():
    told = Told()
    told.reports.found({1: "a"}, NAMES)
    told.notices.clear()
    for _ in range(2):
        told.reports.said(NoticeLevel.WARNING, "a was deleted")
        told.reports.said(NoticeLevel.WARNING, "a was deleted")
        told.reports.found({}, NAMES)
        told.reports.found({1: "a"}, NAMES)
    assert told.texts == ["Live: a was deleted", "slot 1: a stands for it in Live"] * 2


@pytest.mark.parametrize("change", [Reports.has_new_table, lambda reports: reports.came("12.4", 1.0)])
def test_after_another_table_and_in_another_set_it_is_told_what_is_missing(change):
    told = Told()
    told.reports.found({1: "a"}, NAMES)
    change(told.reports)
    told.notices.clear()
    told.reports.found({}, NAMES)
    told.reports.found({1: "a"}, NAMES)
    told.reports.found({}, NAMES)
    assert told.texts[1:] == ["slot 1: a stands for it in Live"]
    assert told.texts[:1] == ["Live has nothing for slot 1 yet; there it would be the track or chain midifrag 1"]


def test_a_live_that_comes_and_goes_all_the_time_is_told_once():
    told = Told()
    for second in range(20):
        told.reports.came("12.4", second)
        told.reports.left(second + 0.5)
    assert told.texts[:2] == ["Ableton Live 12.4 is connected",
                              "Ableton Live is not connected any more; it is waited for"]  # fmt: skip
    assert len(told.texts) == 2 * reports.OFTEN + 1
    assert told.texts[-1] == "Ableton Live comes and goes all the time; its Log.txt says why"
    told.reports.came("12.4", 20 + reports.WITHIN)
    assert told.texts[-1] == "Ableton Live 12.4 is connected"


def test_slots_are_told_in_runs():
    assert numbers([4, 1, 2, 3, 6, 9, 8]) == "1–4, 6, 8–9"


def test_what_others_call_things_cannot_control_a_screen():
    told = Told()
    told.reports.once(NoticeLevel.INFO, "x", "Live: \x1b[2J\nx" + "y" * 5000)
    told.reports.found({1: "a"}, NAMES)
    told.reports.found({1: "\x1b[31mb"}, NAMES)
    assert told.texts[0].startswith("Live: \\x1b[2J\\nxyyy")
    assert len(told.texts[0]) < 1000
    assert all(text.isprintable() for text in told.texts)


def test_what_was_wrong_with_what_is_not_looked_for_any_more_is_over():
    told = []
    reports = Reports(lambda _level, text: told.append(text))
    reports.found({1: "midifrag 1", 3: "Pad"}, {1: "a", 3: "the track or chain Pad"})
    reports.failed(3, "no drum pad of note 36 has a Simpler: load one")
    reports.failed(1, "Live is busy")
    reports.has_new_table([3])
    assert reports.troubles == {1: "Live is busy"}
    del told[:]
    reports.found({1: "midifrag 1"}, {1: "a", 3: "the track or chain midifrag 3"})
    assert told == ["Live has nothing for slot 3 yet; there it would be the track or chain midifrag 3"]
