import gzip
import os
import unicodedata
from pathlib import Path

import pytest

from midifrag.doors.live import sets
from midifrag.doors.live.sets import alike, names_in, sets_below
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
    assert names_in(written(tmp_path / "a.als")) == names
    (tmp_path / "b.als").write_text(SET, encoding="utf-8")
    assert names_in(tmp_path / "b.als") == names
    assert alike("0002 R&B " + unicodedata.normalize("NFD", "Ü") + ".wav") in names


def test_sets_clips_racks_and_presets_below_folders_are_looked_for(tmp_path):
    paths = [written(tmp_path / name) for name in ("a.als", "b/Backup/c.ALS", "b/d.alc", "b/e.adg", "b/f.adv")]
    written(tmp_path / "b" / "g.txt")
    assert sorted(sets_below([tmp_path])) == sorted(paths)
    with pytest.raises(StorageError, match="the folder or file is gone"):
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
