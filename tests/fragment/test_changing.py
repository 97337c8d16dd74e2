import pytest

from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.writer_commands import AnnotateTake, LandArchived, LockSlot, RestoreSlot, StarTake, TrashTake
from midifrag.fragment.writer_events import Refused, TakeChanged
from tests.fragment.sounds import land
from tests.support.landers import LanderRig


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


def test_locks_stars_and_notes(rig):
    for job in (1, 2):
        rig.handle(land(job))

    for _ in range(2):
        rig.handle(LockSlot(2, True))
        assert rig.told[-1].slots[1].state == "locked"
    (starred,) = rig.handle(StarTake(2, True))
    (noted,) = rig.handle(AnnotateTake(1, "keep"))
    (again,) = rig.handle(StarTake(2, False))

    assert isinstance(starred, TakeChanged)
    assert (starred.record.number, starred.record.starred, again.record.starred) == (2, True, False)
    assert (noted.record.number, noted.record.note) == (1, "keep")


def test_takes_are_deleted_and_put_back_and_what_lies_in_a_slot_stays(rig):
    rig.handle(land(1))
    (deleted,) = rig.handle(TrashTake(1, True))
    assert (deleted.record.file, rig.archive.count(), rig.takes()[0]) == ("trash/output001.wav", 0, 1)
    # Whoever still means it has it.
    landed = rig.handle(LandArchived(2, 1, FragmentOptions()))
    assert rig.takes() == [1, 1, None], landed
    (back,) = rig.handle(TrashTake(1, False))
    assert (back.record.file, rig.archive.count()) == ("output001.wav", 1)


NO_SLOT = "there is no slot {}: slots are numbered 1 to 3"
NO_TAKE = "there is no take 3 in {folder}: list them with `midifrag takes`"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (LockSlot(9, True), NO_SLOT.format(9)),
        (RestoreSlot(1), "slot 1 has no previous fragment to put back"),
        (RestoreSlot(0), NO_SLOT.format(0)),
        (StarTake(3, True), NO_TAKE),
        (AnnotateTake(3, "x"), NO_TAKE),
        (TrashTake(3, True), NO_TAKE),
        (TrashTake(3, False), NO_TAKE),
    ],
)
def test_what_cannot_be_done_is_refused(rig, command, reason):
    (refused,) = rig.handle(command)

    assert refused == Refused(command, reason.format(folder=rig.folder / "archive"))


def test_restore(rig):
    for job in (1, 2, 3, 4):
        rig.handle(land(job))

    rig.handle(RestoreSlot(1))

    assert rig.told[-1].slots[0].take == 1
    assert rig.told[-1].slots[0].has_previous
