from midifrag.bridge.lost_programs import TOLD, WITHIN, LostPrograms
from midifrag.clock import ManualClock


def test_a_song_s_program_changes_are_a_few_lines():
    clock = ManualClock()
    programs = LostPrograms(clock)
    told = [programs.tell(program, "Opening") for program in range(70)]
    assert [line for line in told if line] == [f"no bank for program {n}; Opening stays" for n in range(TOLD)]
    assert programs.summary() is None
    clock.time += WITHIN
    assert programs.summary().startswith(f"{70 - TOLD} more program changes have no bank; program_changes")
    assert programs.summary() is None


def test_one_now_and_then_is_told_each_time():
    clock = ManualClock()
    programs = LostPrograms(clock)
    for program in range(5):
        assert f"program {program}" in programs.tell(program, "Opening")
        clock.time += WITHIN / TOLD
        assert programs.summary() is None


def test_one_more_is_one():
    clock = ManualClock()
    programs = LostPrograms(clock)
    for program in range(TOLD + 1):
        programs.tell(program, "Opening")
    clock.time += WITHIN
    assert programs.summary().startswith("1 more program change has no bank")
    assert programs.tell(9, "Opening") is None
    clock.time += WITHIN
    assert programs.summary() is not None
    clock.time += WITHIN
    assert programs.tell(9, "Opening") is not None
