import errno
import gzip
import os
import unicodedata
from pathlib import Path

import pytest

from midifrag.doors.live import sets
from midifrag.doors.live.sets import Named, alike, names_in, sets_below
from midifrag.errors import StorageError

SET = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton MajorVersion="5" Creator="Ableton Live 12.4">
  <LiveSet><SampleRef><FileRef>
    <RelativePath Value="../fragments/ableton/0001 rain.wav" />
    <Path Value="C:\\\\music\\\\0002 R&amp;B ü.WAV" />
    <Name Value="0003 &#x96E8;.wav" />
    <Name Value="0004 &quot;x&quot;.wav.asd" />
  </FileRef></SampleRef></LiveSet>
</Ableton>
"""


def written(path, text=SET):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def test_what_a_set_refers_to_is_found_wherever_it_stands_in_it(tmp_path):
    names = {"0001 rain.wav", "0002 r&b ü.wav", "0003 雨.wav"}
    assert names_in(written(tmp_path / "a.als")) == Named(names, {4})
    (tmp_path / "b.als").write_text(SET, encoding="utf-8")
    assert names_in(tmp_path / "b.als").names == names
    assert alike("0002 R&B " + unicodedata.normalize("NFD", "Ü") + ".wav") in names


def test_sets_clips_racks_and_presets_below_folders_are_looked_for(tmp_path):
    paths = [written(tmp_path / name) for name in ("a.als", "b/Backup/c.ALS", "b/d.alc", "b/e.adg", "b/f.adv")]
    written(tmp_path / "b" / "g.txt")
    assert sorted(sets_below([tmp_path])) == sorted(paths)
    with pytest.raises(StorageError, match=r"there is no folder .*none: connect its drive, or name another one"):
        list(sets_below([tmp_path / "none"]))


def test_a_folder_that_may_not_be_read_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "shut").mkdir()
    scan = os.scandir

    def refuses(folder):
        if Path(folder).name == "shut":
            raise PermissionError(13, "no", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuses)
    with pytest.raises(StorageError, match=r"cannot read .*shut"):
        list(sets_below([tmp_path]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        gzip.compress(SET.encode(), mtime=0)[:-20],
        gzip.compress(b"<a><b></a>", mtime=0),
        gzip.compress(b"<a>", mtime=0)[:-8] + b"12345678",
        b"\x1f\x8brubbish",
        gzip.compress(b'<!DOCTYPE a [<!ENTITY e "e"><!ENTITY f "&e;&e;">]><a v="&f;.wav"/>', mtime=0),
        gzip.compress(b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', mtime=0),
    ],
)
def test_a_file_that_is_damaged_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "a.als").write_bytes(content)
    with pytest.raises(StorageError, match=r"a\.als is damaged, or no file of Live's \("):
        names_in(tmp_path / "a.als")


def test_a_bomb_is_read_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "LARGEST", 3 * 1024 * 1024)
    written(tmp_path / "a.als", "<a>" + "<b/>" * 1024 * 1024 + "</a>")
    with pytest.raises(StorageError, match="more than 3 MB"):
        names_in(tmp_path / "a.als")
    monkeypatch.setattr(sets, "LONGEST", 1024 * 1024)
    written(tmp_path / "a.als", '<a v="' + "x" * 2 * 1024 * 1024 + '"/>')
    with pytest.raises(StorageError, match="a tag without an end"):
        names_in(tmp_path / "a.als")


@pytest.mark.linux
def test_a_pipe_in_the_place_of_a_set_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.als")
    with pytest.raises(StorageError, match="it is no file, but a pipe"):
        names_in(tmp_path / "a.als")


@pytest.fixture
def linked(tmp_path):
    """A folder of Sets with a link to a folder elsewhere, which links back."""
    elsewhere = tmp_path / "drive" / "songs"
    written(elsewhere / "a.als")
    (tmp_path / "sets").mkdir()
    try:
        (tmp_path / "sets" / "on the drive").symlink_to(tmp_path / "drive", target_is_directory=True)
        (elsewhere / "back").symlink_to(tmp_path / "sets", target_is_directory=True)
    except OSError:
        pytest.skip("links may not be made here")
    return tmp_path


def test_linked_folders_are_looked_into_once(linked):
    found = linked / "sets" / "on the drive" / "songs" / "a.als"
    assert list(sets_below([linked / "sets"])) == [found]
    assert list(sets_below([linked / "sets", linked / "drive", linked / "sets"])) == [found]


def test_a_link_to_what_is_not_there_is_an_error(linked):
    (linked / "drive").rename(linked / "pulled")
    with pytest.raises(StorageError, match="on the drive is a link to what is not there"):
        list(sets_below([linked / "sets"]))
    (linked / "pulled" / "songs" / "a.als").rename(linked / "pulled" / "b.als")
    (linked / "sets" / "on the drive").unlink()
    (linked / "sets" / "loop").symlink_to(linked / "sets" / "loop")
    with pytest.raises(StorageError, match="loop"):
        list(sets_below([linked / "sets"]))


def test_folders_without_number_are_told_apart_by_their_ways(tmp_path, monkeypatch):
    paths = [written(tmp_path / name / "a.als") for name in ("a", "b")]
    stat = Path.stat

    def alike_all(path, **keys):
        return os.stat_result((stat(path, **keys).st_mode, 0, 7, *[0] * 7))

    monkeypatch.setattr(Path, "stat", alike_all)
    assert list(sets_below([tmp_path])) == paths


def test_more_folders_than_anybody_keeps_are_an_error(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.setattr(sets, "MOST_FOLDERS", 1)
    with pytest.raises(StorageError, match="more than 1 folders"):
        list(sets_below([tmp_path]))


def test_what_macos_writes_beside_a_set_is_passed_over_and_a_set_of_such_a_name_is_not(tmp_path):
    (tmp_path / "._My Set.als").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        ")
    paths = [written(tmp_path / "._b.als"), written(tmp_path / "My Set.als")]
    assert list(sets_below([tmp_path])) == paths


PATH = "/x/ableton/0002 rain ü.wav"


@pytest.mark.parametrize(
    "state",
    [
        "<S>{0}</S>",
        "<S><![CDATA[<sample>{0}</sample>]]></S>",
        '<S V="{0}|more"/>',
        "<S>\n\t\t{1}\n\t\t{2}\n</S>",
        '<S V="{1}{2}"/>',
    ],
)
def test_what_the_state_of_a_plug_in_names_is_found(tmp_path, state):
    digits = PATH.encode().hex().upper()
    text = f"<Ableton><PluginDevice>{state.format(PATH, digits[:21], digits[21:])}</PluginDevice></Ableton>"
    assert names_in(written(tmp_path / "a.als", text)).numbers == {2}


def test_a_long_state_is_read_in_parts_and_nothing_between_them_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "_PIECE", 1000)
    monkeypatch.setattr(sets, "_MOST_PIECES", 20)
    digits = "".join(f"{number:04d} rain.wav".ljust(990, "x").encode().hex() + "\n" for number in range(1, 101))
    text = f"<a><b>{digits}</b></a>"
    assert names_in(written(tmp_path / "a.als", text)).numbers >= set(range(1, 101))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("b.als", "is a file: name the folder that your Sets are in, such as "),
        ("none", "there is no folder "),
        ("lost", "is a link to what is not there: connect its drive, or name another folder"),
        ("b.als/x", "there is no folder "),
    ],
)
def test_what_is_named_as_a_folder_and_is_none_is_told_with_the_way_out(tmp_path, name, said):
    (tmp_path / "b.als").write_bytes(b"")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match=said):
        list(sets_below([tmp_path, tmp_path / name]))


def test_a_folder_that_may_not_be_read_is_told_with_the_way_out(tmp_path, monkeypatch):
    def refused(place):
        raise PermissionError(errno.EACCES, "Permission denied", str(place))

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(StorageError) as told:
        list(sets_below([tmp_path]))
    assert str(told.value).startswith(
        f"cannot read {tmp_path}: it may not be read: change its permissions, or name fold"
    )
