from midifrag.doors.osc.faults import MOST_TOLD, Faults, Trouble
from midifrag.events import Notice
from midifrag.states import NoticeLevel


def test_each_mistake_is_told_once_and_again_when_there_are_ten_times_as_many():
    told = []
    faults = Faults(told.append)
    for number in range(1, 1234):
        faults.add("malformed", f"rubbish {max(number, 3)}")
    faults.add("unknown", "/elsewhere is none of ours")
    first = ["3; left out", *(f"{number}; left out ({number} such messages so far)" for number in range(4, 11))]
    assert [notice.text for notice in told[:MOST_TOLD]] == [f"OSC: rubbish {text}" for text in first]
    assert told[MOST_TOLD:] == [
        Notice(NoticeLevel.WARNING, "OSC: rubbish 100; left out (100 such messages so far)"),
        Notice(NoticeLevel.WARNING, "OSC: rubbish 1000; left out (1000 such messages so far)"),
        Notice(NoticeLevel.WARNING, "OSC: /elsewhere is none of ours; left out"),
    ]
    assert faults.counts == {"malformed": 1233, "unknown": 1}


def test_what_does_not_work_is_told_once_and_that_it_works_again():
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
        ("warning", "OSC: is gone"),
        ("info", "OSC: works"),
        ("warning", "OSC: is gone"),
    ]
