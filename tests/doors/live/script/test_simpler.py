from midifrag.doors.live.script.simpler import base_name, same_file
from tests.doors.live.lives import simpler_track, sound


def test_two_spellings_of_a_path_are_one_file():
    assert same_file("/a/b/../c.wav", "/a/c.wav")
    assert not same_file("/a/b.wav", "/a/c.wav")
    assert not same_file("", "/a/c.wav")


def test_a_sample_that_is_there_is_not_loaded_again(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    first, second = (sound(show.home.parent, name) for name in ("0001 rain", "0002 tin"))
    for serial, path, again in ((1, first, True), (2, first, True), (3, first, False), (4, second, True)):
        show.land(serial, 1, path, again=again)
        assert show.wait(live, "landed", serial=serial) == {
            "type": "landed",
            "serial": serial,
            "slot": 1,
            "way": "simpler",
            "where": "midifrag 1 / Simpler",
        }
    assert live.tell("landed") == [str(first), str(first), str(second)]


def test_a_name_is_the_same_in_whatever_folder_and_however_its_marks_are_written():
    assert base_name("/a/0001 ünder.wav") == base_name("/b/c/0001 u\u0308nder.wav")
    assert base_name("/a/0001 rain.wav") != base_name("/a/0002 rain.wav")


def test_a_sample_that_the_set_has_collected_is_not_pointed_back(start, show, tmp_path):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    (tmp_path / "Project").mkdir()
    collected = sound(tmp_path / "Project", "0001 rain")
    show.land(1, 1, collected)
    show.wait(live, "landed", serial=1)
    show.land(2, 1, sound(show.home.parent, "0001 rain"), again=True)
    show.wait(live, "landed", serial=2)
    assert live.track("midifrag 1")["simplers"][0]["sample"] == str(collected)


def test_a_file_that_live_refuses_waits_and_says_so(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    show.land(1, 1, show.home.parent / "0001 gone.wav")
    assert "Live refuses gone: Invalid file path" in show.wait(live, "waiting", serial=1)["text"]
    show.land(2, 1, sound(show.home.parent, "0002 rain"))
    show.wait(live, "landed", serial=2)
