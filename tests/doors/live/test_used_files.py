from midifrag.doors.live import wire
from midifrag.doors.live.answers import Used
from midifrag.doors.live.used_files import PATIENCE, UsedFiles


def files(*paths, more=False, unread=0):
    return wire.Files(paths=paths, set="/a.als", more=more, unread=unread)


def test_all_who_wait_get_what_is_told_in_several_lines():
    used, answers, asked = UsedFiles(lambda: ["0001 x.wav"]), [], []
    for _ in range(2):
        used.ask(answers.append, 100.0, lambda: asked.append(1) or True)
    assert len(asked) == 1
    used.told(files("/a", more=True))
    assert answers == []
    used.told(files("/b", unread=2))
    whole = Used(files=("/a", "/b"), set="/a.als", unread=2, in_slots=("0001 x.wav",))
    assert answers == [whole, whole]
    used.ask(answers.append, 101.0, lambda: True)
    used.told(files())
    assert answers[2].files == ()


def test_where_nobody_tells_that_is_the_answer():
    used, answers = UsedFiles(list), []
    nobody = Used(files=None, set="", unread=0, in_slots=())
    used.ask(answers.append, 100.0, lambda: False)
    assert answers == [nobody]
    used.ask(answers.append, 100.0, lambda: True)
    used.told(files("/a", more=True))
    used.look(100.0 + PATIENCE)
    assert len(answers) == 1
    used.look(100.1 + PATIENCE)
    assert answers == [nobody, nobody]
    used.ask(answers.append, 200.0, lambda: True)
    used.give_up()
    assert answers[2] == nobody
    used.look(1000.0)
    assert len(answers) == 3
