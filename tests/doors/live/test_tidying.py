import gzip
import shutil

import pytest

from midifrag.doors.live import answers
from midifrag.doors.live.copies import Copies
from midifrag.doors.live.copy_record import Facts
from midifrag.doors.live.tidying import delete, unused
from midifrag.errors import StorageError
from tests.doors.live.fragments import put


@pytest.fixture
def rig(tmp_path):
    """Four copies, of which the last lies in slot 1."""

    class Rig:
        sets, folder = tmp_path / "sets", tmp_path / "ableton"

        def save(self, *names, file="a.als"):
            values = "".join(f'<Path Value="/elsewhere/{name}"/>' for name in names)
            (self.sets / file).write_bytes(gzip.compress(f"<Ableton>{values}</Ableton>".encode()))

        def found(self, *folders, used=None):
            told = unused(self.folder, folders, lambda: used)
            return [copy.name[:4] for copy in told.copies], told

    rig = Rig()
    rig.sets.mkdir()
    copies = Copies(rig.folder)
    for job in range(1, 5):
        copies.of_landing(1, put(tmp_path, 1, job=job, landing=job), job, Facts(name=f"rain {job}"))
    copies.close()
    return rig


def used(*files, of="", unread=0, in_slots=()):
    return answers.Used(files=files, set=of, unread=unread, in_slots=in_slots)


def test_what_a_set_or_a_slot_refers_to_stays(rig):
    rig.save("0002 RAIN 2.wav")
    names, told = rig.found(rig.sets)
    assert names == ["0001", "0003"]
    assert (told.looked_at, told.sets, told.why_not) == (4, 1, "")
    assert rig.found(rig.sets, used=used("C:\\x\\0001 rain 1.wav"))[0] == ["0003"]
    assert rig.found(rig.sets, used=used(in_slots=("0003 rain 3.wav",)))[0] == ["0001"]


def test_nothing_may_be_deleted_unless_somebody_says_what_is_used(rig):
    nobody = "no Live is connected to a running midifrag"
    assert rig.found()[1].why_not.startswith(nobody)
    assert rig.found(used=answers.Used(files=None, set="", unread=0, in_slots=()))[1].why_not.startswith(nobody)
    assert rig.found(used=used())[1].why_not == ""
    rig.save("0002 rain 2.wav")
    assert rig.found(rig.sets)[1].why_not == ""


def test_a_folder_without_any_set_says_nothing_of_what_is_used(rig, tmp_path):
    empty = tmp_path / "no sets here"
    empty.mkdir()
    why = rig.found(empty)[1].why_not
    assert why.startswith("there is no Set, clip, rack or preset of Live's below ")
    assert "no sets here" in why
    assert rig.found(empty, used=used())[1].why_not == ""


def test_devices_that_live_does_not_tell_of_are_in_the_saved_set(rig):
    assert "and it was never saved: save it first" in rig.found(rig.sets, used=used(unread=2))[1].why_not
    rig.save("0001 rain 1.wav")
    of = str(rig.sets / "a.als")
    names, told = rig.found(used=used(of=of, unread=1))
    assert names == ["0002", "0003"]
    assert told.why_not.startswith("a device in the Set that is loaded may hold copies")
    (rig.sets / "below").mkdir()
    names, told = rig.found(rig.sets / "below", used=used(of=of, unread=2))
    assert (names, told.sets, told.why_not) == (["0002", "0003"], 1, "")
    assert rig.found(rig.sets, used=used(of=of))[1].sets == 1


def test_what_the_state_of_a_plug_in_names_stays(rig):
    state = b"\1" + "/x/0001 rain 1.wav".encode("utf-16-le")
    text = f"<Ableton><PluginDevice><ProcessorState>{state.hex()}</ProcessorState></PluginDevice></Ableton>"
    (rig.sets / "a.als").write_bytes(gzip.compress(text.encode()))
    assert rig.found(rig.sets)[0] == ["0002", "0003"]


def test_only_what_midifrag_made_and_nobody_changed_is_found(rig):
    (rig.folder / "2024 concert.wav").write_bytes(b"mine")
    (rig.folder / "notes.txt").write_text("mine")
    shutil.copy(rig.folder / "0001 rain 1.wav", rig.folder / "rain.wav")
    whole = bytearray((rig.folder / "0002 rain 2.wav").read_bytes())
    whole[60] ^= 1
    (rig.folder / "0002 rain 2.wav").write_bytes(whole)
    assert rig.found(rig.sets)[0] == ["0001", "0003"]


def test_a_set_that_cannot_be_read_keeps_everything(rig):
    (rig.sets / "b.als").write_bytes(b"rubbish")
    with pytest.raises(StorageError, match=r"b\.als is damaged"):
        rig.found(rig.sets)
    with pytest.raises(StorageError, match="gone"):
        rig.found(used=used(of=str(rig.sets / "none.als")))


def test_what_live_wrote_beside_them_goes_along(rig):
    beside = rig.folder / "0001 rain 1.wav.asd"
    beside.write_bytes(b"x" * 100)
    _, told = rig.found(rig.sets)
    assert told.bytes == 100 + sum(copy.stat().st_size for copy in told.copies)
    assert delete(told.copies) == []
    assert sorted(path.name for path in rig.folder.glob("0*")) == ["0004 rain 4.wav"]
    assert rig.found(rig.sets)[0] == []


def test_what_cannot_be_deleted_is_told_and_the_rest_goes(rig):
    _, told = rig.found(rig.sets)
    (rig.folder / "0001 rain 1.wav.asd").mkdir()
    (error,) = delete(told.copies)
    assert str(error).startswith("cannot delete ")
    assert not (rig.folder / "0003 rain 3.wav").exists()


def test_a_folder_that_is_not_there_holds_no_copies(rig):
    told = unused(rig.folder / "none", [rig.sets], lambda: None)
    assert (told.copies, told.looked_at) == ((), 0)


def test_what_comes_while_it_is_looked_stays(rig):
    def ask():
        shutil.copy(rig.folder / "0001 rain 1.wav", rig.folder / "0005 rain 5.wav")
        return used()

    assert [copy.name[:4] for copy in unused(rig.folder, [], ask).copies] == ["0001", "0002", "0003"]


def test_where_live_did_not_tell_to_the_end_nothing_may_be_deleted(rig):
    told = answers.Used(files=("/x/0001 rain 1.wav",), set="", unread=0, in_slots=(), complete=False)
    names, found = rig.found(rig.sets, used=told)
    assert names == ["0002", "0003"]
    assert found.why_not.startswith("Live has not told to the end what its Set uses")
