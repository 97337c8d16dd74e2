import unicodedata

import pytest

from midifrag.doors.live.copies import Copies, copies_in, copy_name, remembered
from midifrag.doors.live.copy_record import Facts
from midifrag.errors import StorageError
from midifrag.fragment.files import OWN_FOLDER
from tests.doors.live.fragments import put

OPEN: list[Copies] = []


@pytest.fixture(autouse=True)
def closing():
    yield
    while OPEN:
        OPEN.pop().close()


def begun(folder):
    OPEN.append(Copies(folder))
    return OPEN[-1]


def none(_content):
    return Facts()


RAIN = Facts(name="rain on tin", colour="#FF0000", loop=True, quarters=4.0)


@pytest.fixture
def folders(tmp_path):
    slots = tmp_path / "fragments"
    slots.mkdir()
    return slots, slots / "ableton"


def test_a_copy_holds_what_landed_and_its_number_rises_over_shows(folders):
    slots, folder = folders
    path = put(slots, 3, job=7)
    copies = begun(folder)
    copy = copies.of_landing(3, path, 7, RAIN)
    assert (copy.file, copy.slot, copy.seconds, copy.facts) == ("0001 rain on tin.wav", 3, 0.01, RAIN)
    assert (folder / copy.file).read_bytes() == path.read_bytes()
    copies.close()
    path = put(slots, 3, job=1, landing=2)
    assert begun(folder).of_landing(3, path, 1, Facts()).file == "0002 rain.wav"
    assert [one.name for one in copies_in(folder)] == ["0001 rain on tin.wav", "0002 rain.wav"]
    assert {slot: one.file for slot, one in remembered(folder).items()} == {3: "0002 rain.wav"}


def test_no_number_comes_back_whatever_is_deleted(folders):
    slots, folder = folders
    path = put(slots, 1, job=1)
    for number in range(1, 4):
        copy = begun(folder).of_landing(1, path, 1, RAIN)
        assert copy.file.startswith(f"{number:04d} ")
        (folder / copy.file).unlink()
    (folder / "0041 x.wav").write_bytes(b"")
    (folder / "2024.wav").write_bytes(b"")
    (folder / OWN_FOLDER / "copies.jsonl").write_text("rubbish")
    assert begun(folder).of_landing(1, path, 1, RAIN).file == "0042 rain on tin.wav"


def test_two_shows_in_one_folder_give_no_number_twice(folders):
    slots, folder = folders
    path = put(slots, 1, job=1)
    shows = [begun(folder), begun(folder)]
    names = [show.of_landing(1, path, 1, RAIN).file for _ in range(3) for show in shows]
    assert [name[:4] for name in names] == ["0001", "0002", "0003", "0004", "0005", "0006"]


def test_a_name_that_is_taken_is_left_alone(folders, monkeypatch):
    slots, folder = folders
    copies = begun(folder)
    copies.of_landing(1, put(slots, 1, job=1), 1, RAIN)
    (folder / "0002 rain on tin.wav").write_bytes(b"mine")
    assert copies.of_landing(1, put(slots, 1, job=2), 2, RAIN).file == "0003 rain on tin.wav"
    assert (folder / "0002 rain on tin.wav").read_bytes() == b"mine"


def test_what_landed_since_is_another_landing_s_to_copy(folders):
    slots, folder = folders
    assert begun(folder).of_landing(1, put(slots, 1, job=2), 1, RAIN) is None
    assert copies_in(folder) == []
    assert not list((folder / OWN_FOLDER).glob("work-*/*.wav"))


def test_what_another_program_changed_or_took_away_is_told_and_nothing_is_left(folders):
    slots, folder = folders
    path = put(slots, 1, job=1)
    whole = bytearray(path.read_bytes())
    path.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
    copies = begun(folder)
    with pytest.raises(StorageError, match=r"output01.wav was changed by another program .* press its pad again"):
        copies.of_landing(1, path, 1, RAIN)
    path.unlink()
    with pytest.raises(StorageError, match=r"cannot copy output01.wav into .*ableton: the folder or file is gone"):
        copies.of_landing(1, path, 1, RAIN)
    assert copies_in(folder) == []
    assert not list((folder / OWN_FOLDER).glob("work-*/*.wav"))


def test_a_folder_that_is_gone_is_not_made_anew_with_those_above_it(folders, tmp_path):
    slots, _ = folders
    with pytest.raises(StorageError, match="the folder or file is gone: connect its drive again"):
        begun(tmp_path / "drive" / "ableton").of_landing(1, put(slots, 1, job=1), 1, RAIN)
    assert not (tmp_path / "drive").exists()


def test_at_the_start_the_folder_is_made_and_what_was_left_half_done_goes(tmp_path):
    folder = tmp_path / "a" / "b"
    left = folder / OWN_FOLDER / "work-0123"
    begun(folder).begin()
    left.mkdir(parents=True)
    (left / "alive").write_bytes(b"")
    (left / "1-copy.wav").write_bytes(b"half")
    begun(folder).begin()
    assert not left.exists()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot make"):
        begun(tmp_path / "file").begin()


def test_what_lies_in_a_slot_is_copied_once_with_what_was_known_of_it(folders):
    slots, folder = folders
    path = put(slots, 2, job=1)
    copy = begun(folder).of_landing(2, path, 1, RAIN)
    again = begun(folder).of_slot(2, path, none)
    assert again == copy
    (folder / copy.file).unlink()
    new = begun(folder).of_slot(2, path, lambda content: Facts(loop=content.job == 1))
    assert (new.file, new.facts) == ("0002 rain.wav", Facts(name="rain", loop=True))
    path.write_bytes(b"a recording of mine")
    assert begun(folder).of_slot(2, path, none) is None
    assert begun(folder).of_slot(2, slots / "none.wav", none) is None


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("rain on tin", "0012 rain on tin.wav"),
        ('a<b>c:d"e/f\\g|h?i*j', "0012 a b c d e f g h i j.wav"),
        ("R&B 'n' \"soul\"", "0012 R B n soul.wav"),
        ("../../etc/passwd", "0012 etc passwd.wav"),
        ("", "0012 fragment.wav"),
        (" ... ", "0012 fragment.wav"),
        ("con", "0012 con.wav"),
        ("雨の音 дождь", "0012 雨の音 дождь.wav"),
        (unicodedata.normalize("NFD", "Glöckchen"), "0012 Glöckchen.wav"),
        ("tab\tand\nbreak\x00\u202e\ud800", "0012 tab and break.wav"),
        ("x" * 500, f"0012 {'x' * 60}.wav"),
        ("雨" * 500, f"0012 {'雨' * 50}.wav"),
        ("ends with. ", "0012 ends with.wav"),
    ],
)
def test_a_name_is_one_that_every_system_can_have(prompt, name):
    assert copy_name(12, prompt) == name


def test_the_record_of_another_landing_of_the_slot_is_not_taken_for_this_one(folders):
    slots, folder = folders
    copies = begun(folder)
    first = copies.of_landing(1, put(slots, 1, job=1, landing=1), 1, RAIN)
    second = copies.of_slot(1, put(slots, 1, job=2, landing=2), lambda _: Facts(name="wind"))
    assert (first.file, second.file) == ("0001 rain on tin.wav", "0002 wind.wav")
    assert copies.of_slot(1, put(slots, 1, job=1, landing=1), none) == first
    assert remembered(folder)[1].file == "0001 rain on tin.wav"
    assert copies.of_slot(1, put(slots, 1, job=3, landing=3), none).file == "0003 rain.wav"
