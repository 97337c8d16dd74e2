from midifrag.doors.osc.faults import Faults
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


def test_what_is_no_message_s_fault_is_told_as_it_is():
    told = []
    Faults(told.append).tell(NoticeLevel.ERROR, "cannot listen")
    assert told == [Notice(NoticeLevel.ERROR, "OSC: cannot listen")]
