import io
import wave
from contextlib import closing
from xml.etree import ElementTree

import pytest

from midifrag.doors.instruments.hydrogen_kit import Kit, kit_text, note_of, sample_file, silence
from midifrag.doors.instruments.slot_files import SlotSound


@pytest.fixture
def kit(tmp_path):
    kit = Kit(tmp_path / "hydrogen", 3)
    with closing(kit.folder):
        yield kit


def test_a_kit_has_an_instrument_a_slot_with_bare_names():
    space = "{http://www.hydrogen-music.org/drumkit}"
    kit = ElementTree.fromstring(kit_text(3).encode())
    instruments = kit.findall(f"{space}instrumentList/{space}instrument")
    assert [one.findtext(f"{space}id") for one in instruments] == ["0", "1", "2"]
    assert [one.findtext(f"{space}midiOutNote") for one in instruments] == ["36", "37", "38"]
    files = [name.text for name in kit.iter(f"{space}filename")]
    assert files == ["slot01.wav", "slot02.wav", "slot03.wav"]


def test_an_empty_slot_has_a_sample_all_the_same():
    with wave.open(io.BytesIO(silence())) as file:
        assert file.getnframes() == 441
        assert set(file.readframes(441)) == {0}


def test_the_kit_is_whole_from_the_first_sound_on_and_keeps_what_it_has(kit):
    place = kit.folder.path
    kit.put(SlotSound(2, "output02.wav", b"rain"))
    kit.folder.close()
    assert sorted(path.name for path in place.glob("*.*")) == [".midifrag", "drumkit.xml", *map(sample_file, (1, 2, 3))]
    assert (place / sample_file(1)).read_bytes() == silence()
    assert (place / sample_file(2)).read_bytes() == b"rain"
    described = (place / "drumkit.xml").stat()
    again = Kit(place, 3)
    with closing(again.folder):
        again.put(SlotSound(2, "output02.wav", b"rain"))
        assert again.folder.written == 0
        again.put(SlotSound(1, "output01.wav", b"bell"))
        assert again.folder.written == 1
    assert (place / sample_file(2)).read_bytes() == b"rain"
    assert (place / "drumkit.xml").stat() == described
    kit.put(SlotSound(2, "output02.wav", None))
    assert (place / sample_file(2)).read_bytes() == silence()


def test_notes_begin_where_hydrogen_begins():
    assert [note_of(slot) for slot in (1, 8)] == [36, 43]
