from tests.doors.live.lives import audio_track, simpler_track, sound


def answer(show, live):
    """All lines of one answer."""
    show.send({"type": "files"})
    lines = [show.wait(live, "files")]
    while lines[-1]["more"]:
        lines.append(show.wait(live, "files"))
    return lines


def test_all_files_of_the_set_are_told_each_once(start, show, tmp_path):
    files = [str(sound(tmp_path, f"000{number} rain")) for number in range(5)]
    live = start()
    live.tell(
        "open",
        path="/sets/night.als",
        tracks=[
            simpler_track(1),
            {"name": "beats", "devices": [{"drums": "D", "pads": {"40": {"a": [{"simpler": "x"}, {"sampler": "y"}]}}}]},
            {**audio_track(3), "devices": [{"effect": "EQ"}, {"max": "Looper"}]},
        ],
    )
    show.join(live, 3, {2: {"name": None, "note": 40}})
    show.land(1, 1, files[0])
    show.land(2, 2, files[1])
    show.land(3, 3, files[2])
    for serial in (1, 2, 3):
        show.wait(live, "landed", serial=serial)
    for scene, path in ((4, files[3]), (5, files[3])):
        live.do("clip", track="midifrag 3", scene=scene, path=path)
    live.do("clip", track="midifrag 3", scene=6, path="", audio=False)
    live.do("arrange", track="midifrag 3", path=files[4])
    [line] = answer(show, live)
    assert sorted(line.pop("paths")) == files
    # The sampler and the Max device do not tell their samples.
    assert line == {"type": "files", "set": "/sets/night.als", "more": False, "unread": 2}


def test_an_empty_set_has_an_answer(start, show):
    live = start()
    live.tell("open", tracks=[])
    show.join(live, 1)
    assert answer(show, live) == [{"type": "files", "paths": [], "set": "", "more": False, "unread": 0}]


def test_many_files_come_in_lines_that_are_not_too_long(start, show, tmp_path):
    deep = tmp_path / ("ü" * 60)
    deep.mkdir()
    files = []
    live = start()
    live.tell("open", tracks=[audio_track(1, scenes=300)])
    for number in range(300):
        files.append(str(sound(deep, f"{number:04d} {'ü' * 60}")))
        live.do("clip", track="midifrag 1", scene=number, path=files[-1])
    show.join(live, 1)
    lines = answer(show, live)
    assert len(lines) > 3
    assert [path for line in lines for path in line["paths"]] == files
    assert live.state()["worst"]["sent_bytes"] <= 16 * 1024


def test_what_changes_meanwhile_begins_the_answer_anew(start, show, tmp_path):
    live = start()
    live.tell("open", tracks=[audio_track(number) for number in range(1, 30)])
    show.join(live, 1)
    path = str(sound(tmp_path, "0001 rain"))
    live.do("clip", track="midifrag 29", scene=0, path=path)
    show.send({"type": "files"})
    show.sync(live)
    live.do("delete_track", track="midifrag 4")
    live.tick(2)
    assert show.wait(live, "files")["paths"] == [path]


def test_where_something_cannot_be_read_the_rest_is_told_and_that_it_is_not_all(start, show, tmp_path):
    live = start()
    live.tell("open", tracks=[audio_track(1)])
    path = str(sound(tmp_path, "0001 rain"))
    live.do("clip", track="midifrag 1", scene=0, path=path)
    show.join(live, 1)
    live.tell("raise_in", what="return_tracks")
    [line] = answer(show, live)
    assert (line["paths"], line["unread"]) == ([path], 1)


def test_who_has_left_gets_no_answer(start, show, tmp_path):
    live = start()
    live.tell("open", tracks=[audio_track(number) for number in range(1, 60)])
    show.join(live, 1)
    show.send({"type": "files"})
    show.sync(live)
    show.drop()
    live.tick(100)
    show.join(live, 1)
    live.tick(200)
    show.hear()
    assert [message for message in show.heard if message["type"] == "files"] == []


def test_a_big_set_of_empty_slots_says_now_and_then_that_it_is_being_read(start, show):
    live = start()
    live.tell("open", tracks=[audio_track(number, scenes=100) for number in range(1, 13)])
    show.join(live, 1)
    lines = answer(show, live)
    assert len(lines) >= 4
    assert not any(line["paths"] for line in lines)
