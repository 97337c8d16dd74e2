"""What clients upload: checked, kept apart by token, bounded, and never opened as anything else than it is."""

import asyncio
import hashlib
import json
import pickle
import struct
import tempfile

import pytest
import torch
from safetensors.torch import save

from midifrag.clock import ManualClock
from midifrag.engine.line import messages as line
from midifrag.serving.upload_limits import UploadLimits
from midifrag.serving.uploads import TRIES, UploadError, Uploads

LORA = save({f"x.lora_{end}.weight": torch.ones(2, 2) for end in ("A", "B")})


def sound(number=1, samples=1000):
    data = struct.pack("<f", number) * samples
    return data, line.Sound(sha256=hashlib.sha256(data).hexdigest(), channels=1, samples=samples, sample_rate=8000)


def lora(data=LORA):
    return line.LoraFile(name="dusty", strength=1.0, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


@pytest.fixture
def uploads(tmp_path):
    found = Uploads(
        ManualClock(), UploadLimits(sound=1 << 20, lora=1 << 20, kept=400_000, lora_total=3 << 20), tmp_path
    )
    yield found
    found.close()


def kept(uploads, owner, parcel, data):
    one = uploads.want(owner, parcel)
    one.write(data)
    return one


def test_what_is_whole_is_there_the_next_time(uploads):
    data, parcel = sound()
    one = uploads.want("ann", parcel)
    one.write(data[:1000])
    assert (one.is_whole, one.wanted().have) == (False, 1000)
    one.write(data[1000:])
    assert (one.is_whole, one.path.read_bytes()) == (True, data)
    assert uploads.want("ann", parcel) is one


def test_another_token_is_asked_for_all_of_it_and_finds_nothing(uploads):
    data, parcel = sound()
    hers = kept(uploads, "ann", parcel, data)
    his = uploads.want("bob", parcel)
    assert (his.have, his.is_whole, his.path != hers.path) == (0, False, True)
    assert uploads.find("bob", hers.ticket) is None
    assert uploads.find("ann", hers.ticket) is hers


def test_what_came_otherwise_is_asked_for_anew_and_not_for_ever(uploads):
    data, parcel = sound()
    one, before = uploads.want("ann", parcel), None
    for _ in range(TRIES - 1):
        before = one.ticket
        one.write(bytes(len(data)))
        assert (one.have, one.is_whole, one.ticket == before) == (0, False, False)
        uploads.renumber("ann", one, before)
        assert uploads.find("ann", before) is None
        assert uploads.find("ann", one.ticket) is one
    with pytest.raises(UploadError, match="as its checksum says"):
        one.write(bytes(len(data)))


def test_more_than_was_told_is_refused(uploads):
    data, parcel = sound()
    with pytest.raises(UploadError, match="more than the 4,000 bytes"):
        uploads.want("ann", parcel).write(data + b"x")


def test_what_is_too_large_is_refused_before_it_comes(uploads):
    with pytest.raises(UploadError, match="this server takes 1,048,576"):
        uploads.want("ann", sound(samples=300_000)[1])
    with pytest.raises(UploadError, match="this server takes"):
        uploads.want("ann", line.LoraFile(name="x", strength=1.0, sha256="a" * 64, size=2 << 20))


def test_a_token_keeps_so_many_bytes_and_what_was_used_longest_ago_goes(uploads):
    def at(number):
        uploads._clock.time += 1
        data, parcel = sound(number, 25_000)
        one = kept(uploads, "ann", parcel, data)
        uploads.let_go(one)
        return parcel, one

    (first, file), (second, _), (_third, _) = at(1), at(2), at(3)
    uploads._clock.time += 1
    uploads.let_go(uploads.want("ann", first))
    other, his = sound(9, 25_000)
    kept(uploads, "bob", his, other)
    at(4), at(5)
    assert uploads.has("ann", first.sha256)
    assert not uploads.has("ann", second.sha256)
    assert (uploads.has("bob", his.sha256), file.path.exists()) == (True, True)


def all_of(tmp_path, disk, sharers=lambda: 1):
    return Uploads(ManualClock(), UploadLimits(sound=1 << 20, kept=400_000, disk=disk), tmp_path, sharers)


def used(uploads, owner, number, samples=25_000):
    """One that came, and that no job needs any more."""
    uploads._clock.time += 1
    data, parcel = sound(number, samples)
    uploads.let_go(kept(uploads, owner, parcel, data))
    return parcel.sha256


def test_all_tokens_together_keep_so_many_bytes_and_what_was_used_longest_ago_goes(tmp_path):
    uploads = all_of(tmp_path, disk=250_000)
    first, second = used(uploads, "ann", 1), used(uploads, "bob", 2)
    uploads._clock.time += 1
    uploads.let_go(uploads.want("ann", sound(1, 25_000)[1]))
    third = used(uploads, "cid", 3)
    assert [uploads.has(*one) for one in (("ann", first), ("bob", second), ("cid", third))] == [True, False, True]
    assert len(list(tmp_path.iterdir())) == 2


def test_where_jobs_of_others_need_the_disk_the_next_one_is_refused_with_that(tmp_path):
    uploads = all_of(tmp_path, disk=250_000)
    for owner in ("ann", "bob"):
        uploads.want(owner, sound(1, 25_000)[1])
    with pytest.raises(UploadError, match=r"need 200,000 of the 250,000 bytes .* for all tokens; wait"):
        uploads.want("cid", sound(1, 25_000)[1])


def test_replicas_of_one_machine_share_its_disk_and_one_more_makes_each_share_smaller(tmp_path):
    count = [1]
    uploads = all_of(tmp_path, disk=250_000, sharers=lambda: count[0])
    first, second = used(uploads, "ann", 1), used(uploads, "bob", 2)
    count[0] = 2
    uploads.expire(60.0)
    assert [uploads.has("ann", first), uploads.has("bob", second)] == [False, True]


def test_what_is_larger_than_a_replicas_share_of_the_disk_is_refused_for_good_and_nothing_makes_way(tmp_path):
    uploads = all_of(tmp_path, disk=250_000, sharers=lambda: 2)
    here = used(uploads, "ann", 1)
    with pytest.raises(UploadError, match=r"it has 140,000 bytes, more than the 125,000 bytes that this engine has of"):
        uploads.want("bob", sound(2, 35_000)[1])
    assert uploads.has("ann", here)


def test_what_jobs_need_stays_and_more_than_there_is_room_for_is_refused(uploads):
    for number in range(3):
        kept(uploads, "ann", sound(number, 25_000)[1], sound(number, 25_000)[0])
    with pytest.raises(UploadError, match="a token has here"):
        uploads.want("ann", sound(9, 50_000)[1])


def test_small_ones_count_too(uploads):
    for number in range(5):
        uploads.want("ann", sound(number, 1)[1])
    # The sixth is the last that there is room for.
    uploads.want("ann", sound(5, 1)[1])
    with pytest.raises(UploadError, match="a token has here"):
        uploads.want("ann", sound(6, 1)[1])


def test_what_came_in_part_and_nobody_wants_is_forgotten(uploads):
    data, parcel = sound()
    part, whole = uploads.want("ann", parcel), kept(uploads, "ann", lora(), LORA)
    part.write(data[:9])
    for one in (part, whole):
        uploads.let_go(one)
    uploads.expire(60.0)
    assert part.path.exists()
    uploads._clock.time += 61
    uploads.expire(60.0, {"ann"})
    assert part.path.exists()
    uploads.expire(60.0)
    assert (part.path.exists(), whole.path.exists()) == (False, True)


def test_what_is_being_written_does_not_go(uploads):
    _data, parcel = sound()

    async def play():
        one = uploads.want("ann", parcel)
        uploads.let_go(one)
        async with one.lock:
            uploads._clock.time += 61
            uploads.expire(60.0)
            with pytest.raises(UploadError, match="a token has here"):
                uploads.want("ann", sound(2, 99_990)[1])
            with pytest.raises(UploadError, match="another size"):
                uploads.want("ann", parcel.model_copy(update={"samples": 2000}))
            assert uploads.has("ann", parcel.sha256)
        uploads.expire(60.0)
        # A piece that has waited is left out.
        assert not uploads.has("ann", parcel.sha256)
        assert one.refusal

    asyncio.run(play())


def test_one_checksum_is_of_one_size(uploads):
    data, parcel = sound()
    kept(uploads, "ann", parcel, data)
    with pytest.raises(UploadError, match="another size"):
        uploads.want("ann", parcel.model_copy(update={"samples": 2000}))
    # What is only named keeps nobody from naming it rightly.
    other, right = sound(2)
    wrong = uploads.want("ann", right.model_copy(update={"samples": 7}))
    uploads.let_go(wrong)
    assert kept(uploads, "ann", right, other).is_whole


def test_a_lora_lies_where_it_lay_so_that_an_engine_reads_it_once(uploads):
    one = kept(uploads, "ann", lora(), LORA)
    assert one.is_whole
    assert one.path.name.startswith("sent-")
    assert one.path.name.endswith(".safetensors")
    assert lora().sha256[:8] not in one.path.name
    uploads.let_go(one)
    uploads._forget("ann", one)
    assert not one.path.exists()
    assert kept(uploads, "ann", lora(), LORA).path == one.path


def test_an_engine_reads_so_many_bytes_of_loras_for_a_token(uploads):
    for number in range(3):
        uploads.want("ann", line.LoraFile(name="x", strength=1.0, sha256=f"{number:064}", size=9))
    uploads.want("ann", line.LoraFile(name="x", strength=1.0, sha256=f"{1:064}", size=9))
    with pytest.raises(UploadError, match="of its engine"):
        uploads.want("ann", line.LoraFile(name="x", strength=1.0, sha256="a" * 64, size=9))
    uploads.want("bob", line.LoraFile(name="x", strength=1.0, sha256="a" * 64, size=9))


def test_a_lora_that_never_came_was_read_by_no_engine_and_one_that_came_may_have_been(uploads):
    whole = kept(uploads, "ann", lora(), LORA)
    part = uploads.want("ann", line.LoraFile(name="x", strength=1.0, sha256="1" * 64, size=9))
    others = [line.LoraFile(name="x", strength=1.0, sha256=letter * 64, size=9) for letter in "abc"]
    first = uploads.want("ann", others[0])
    with pytest.raises(UploadError, match="of its engine"):
        uploads.want("ann", others[1])
    # What is refused takes nothing of the others' room.
    assert uploads.want("ann", others[0]) is first
    for one in (whole, part):
        uploads.let_go(one)
        uploads._forget("ann", one)
    uploads.want("ann", others[1])
    with pytest.raises(UploadError, match="of its engine"):
        uploads.want("ann", others[2])


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("something was unpickled",))


def header(entries, length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (pickle.dumps(Bomb()), "no .safetensors"),
        (b"PK\x03\x04" + bytes(600), "is cut off|no .safetensors"),
        (b"rubbish of no kind whatsoever\0", "no .safetensors|no LoRA"),
        (b"<!doctype html><p>404", "no .safetensors|web page"),
        (header(b"{" * 5000), "cannot be read|damaged"),
        (header({}, 1 << 40), "too long"),
        (header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}), "cut off"),
        (header({"a": 7}), "damaged|cannot be read"),
        (
            header({"x.lora_A.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, "4"]}}) + bytes(4),
            "cannot be meant",
        ),
        (
            header({"x.lora_A.weight": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}) + bytes(4),
            "cannot be meant",
        ),
        (save({"a": torch.ones(1)}), "in none of the formats"),
    ],
)
def test_what_is_no_lora_is_refused_and_nothing_is_unpickled(uploads, data, told):
    one = uploads.want("ann", lora(data))
    with pytest.raises(UploadError, match=told) as refused:
        one.write(data)
    assert str(one.path.parent) not in str(refused.value)


def test_a_disk_that_is_full_is_told(uploads, monkeypatch):
    data, parcel = sound()
    one = uploads.want("ann", parcel)
    monkeypatch.setattr(type(one.path), "open", lambda *_a, **_k: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(UploadError, match="cannot keep it: No space left"):
        one.write(data)
    assert one.have == 0


def test_what_was_refused_may_come_again_when_nobody_waits_for_it(uploads):
    one = uploads.want("ann", lora())
    one.refusal = "the disk was full"
    with pytest.raises(UploadError, match="the disk was full"):
        uploads.want("ann", lora())
    uploads.let_go(one)
    assert kept(uploads, "ann", lora(), LORA).is_whole


def test_it_has_a_folder_when_it_needs_one_and_leaves_none(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    uploads = Uploads(ManualClock())
    assert list(tmp_path.iterdir()) == []
    kept(uploads, "ann", *reversed(sound()))
    assert len(list(tmp_path.iterdir())) == 1
    uploads.close()
    assert list(tmp_path.iterdir()) == []


def test_pieces_of_one_come_one_after_the_other(uploads):
    one = uploads.want("ann", sound()[1])
    assert isinstance(one.lock, asyncio.Lock)
