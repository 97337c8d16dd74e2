from midifrag.doors.osc.faults import Faults, Trouble
from midifrag.events import Notice
from midifrag.states import NoticeLevel


def test_each_kind_is_told_once_and_again_when_it_is_ten_times_as_many():
    told = []
    faults = Faults(told.append)
    for number in range(1, 1234):
        faults.add("malformed", f"rubbish {number}")
    faults.add("unknown", "/elsewhere is none of ours")
    assert told == [
        Notice(NoticeLevel.WARNING, "OSC: rubbish 1; left out"),
        Notice(NoticeLevel.WARNING, "OSC: rubbish 10; left out (10 such messages so far)"),
        Notice(NoticeLevel.WARNING, "OSC: rubbish 100; left out (100 such messages so far)"),
        Notice(NoticeLevel.WARNING, "OSC: rubbish 1000; left out (1000 such messages so far)"),
        Notice(NoticeLevel.WARNING, "OSC: /elsewhere is none of ours; left out"),
    ]
    assert faults.counts == {"malformed": 1233, "unknown": 1}


def test_what_does_not_work_is_told_twice_at_most_and_that_it_works_again_once():
    told = []
    trouble = Trouble(lambda notice: told.append((str(notice.level), notice.text)))
    trouble.end("works")
    for _ in range(5):
        trouble.meet(NoticeLevel.ERROR, "taken", "is taken")
    trouble.meet(NoticeLevel.WARNING, "gone", "is gone")
    trouble.end("works")
    trouble.end("works")
    trouble.meet(NoticeLevel.WARNING, "gone", "is gone")
    trouble.end()
    assert told == [
        ("error", "OSC: is taken"),
        ("error", "OSC: is taken"),
        ("warning", "OSC: is gone"),
        ("info", "OSC: works"),
        ("warning", "OSC: is gone"),
    ]
