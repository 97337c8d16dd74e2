from midifrag.doors.live import wire
from midifrag.doors.live.answers import Used
from midifrag.doors.live.used_files import LONGEST, PATIENCE, UsedFiles


def files(*paths, more=False, unread=0):
    return wire.Files(paths=paths, set="/a.als", more=more, unread=unread)


def test_all_who_wait_get_what_is_told_in_several_lines():
    used, answers, asked = UsedFiles(lambda: ["0001 x.wav"]), [], []
    for _ in range(2):
        used.ask(answers.append, 100.0, lambda: asked.append(1) or True)
    assert len(asked) == 1
    used.told(files("/a", more=True), 100.0)
    assert answers == []
    used.told(files("/b", unread=2), 100.0)
    whole = Used(files=("/a", "/b"), set="/a.als", unread=2, in_slots=("0001 x.wav",))
    assert answers == [whole, whole]
    used.ask(answers.append, 101.0, lambda: True)
    used.told(files(), 101.0)
    assert answers[2].files == ()


def test_where_nobody_is_there_to_tell_that_is_the_answer():
    used, answers = UsedFiles(list), []
    used.ask(answers.append, 100.0, lambda: False)
    assert answers == [Used(files=None, set="", unread=0, in_slots=())]
    used.left()
    used.look(1000.0)
    assert len(answers) == 1


def asked():
    """One who waits since 100 s, and what they are answered."""
    used, answers = UsedFiles(list), []
    used.ask(answers.append, 100.0, lambda: True)
    return used, answers


def test_who_tells_a_little_now_and_then_is_waited_for():
    used, answers = asked()
    for second in range(104, 140, 4):
        used.told(files(f"/{second}", more=True), second)
        used.look(second + PATIENCE)
    assert answers == []
    used.told(files("/last"), 141.0)
    assert (len(answers[0].files), answers[0].complete) == (10, True)


def test_who_does_not_end_is_told_as_not_complete():
    part = Used(files=("/a",), set="", unread=0, in_slots=(), complete=False)
    used, answers = asked()
    used.told(files("/a", more=True), 101.0)
    used.look(101.1 + PATIENCE)
    assert answers == [part]
    used, answers = asked()
    for second in range(101, int(102 + LONGEST)):
        used.told(files("/a", more=True), second)
        used.look(second)
    assert answers == [part]
    used, answers = asked()
    used.told(files("/a", more=True), 101.0)
    used.left()
    assert answers == [part]


def test_the_end_of_an_answer_that_nobody_waited_for_does_not_stand_for_all_of_it():
    used, answers = asked()
    used.told(files("/a", more=True), 101.0)
    used.look(101.1 + PATIENCE)
    used.ask(answers.append, 110.0, lambda: True)
    used.told(files("/b"), 110.0)
    assert (answers[1].files, answers[1].complete) == (("/a", "/b"), True)
    used.ask(answers.append, 111.0, lambda: True)
    used.told(files("/c"), 111.0)
    assert answers[2].files == ("/c",)
