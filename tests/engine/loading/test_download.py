from __future__ import annotations

import hashlib
import os
import types
from pathlib import Path

import huggingface_hub
import pytest
from filelock import FileLock
from huggingface_hub import constants

from midifrag.engine.loading import cache, download, transfer
from tests.engine.hub_server import COMMIT, Repository, checksum_of

NAME, FILE = "someone/model", "deep/x.ckpt"
CONTENT = bytes(range(256)) * 2000
GET = ("GET", f"/{NAME}/resolve/{COMMIT}/{FILE}")


@pytest.fixture
def remote(server):
    server.repositories[NAME] = Repository({FILE: CONTENT})
    return download.look_up(NAME, FILE, "main")


def fetch(remote, tell=lambda _bytes: None):
    return download.download(remote, tell)


def test_what_the_hub_says_of_a_file(remote, cache_folder):
    assert (remote.commit, remote.size) == (COMMIT, len(CONTENT))
    assert remote.checksum == hashlib.sha256(CONTENT).hexdigest()
    assert remote.blob == cache_folder / "models--someone--model" / "blobs" / remote.checksum
    assert remote.received == 0


def test_it_lies_where_all_clients_look(remote, cache_folder):
    import huggingface_hub

    told = []
    place = fetch(remote, told.append)
    download.note_revision(NAME, "main", COMMIT)
    assert huggingface_hub.try_to_load_from_cache(NAME, FILE) == str(place)
    assert place.read_bytes() == CONTENT
    assert place.resolve() == remote.blob.resolve()
    assert told[-1] == len(CONTENT)
    assert {file.name for file in remote.blob.parent.iterdir()} == {remote.checksum}
    assert remote.received == len(CONTENT)


@pytest.mark.parametrize("how", ["not wanted", "not possible"])
def test_without_links_the_file_itself_lies_there(remote, monkeypatch, how):
    if how == "not wanted":
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", True)
    else:

        def refused(*_, **__):
            raise OSError("A required privilege is not held by the client")

        monkeypatch.setattr(Path, "symlink_to", refused)
    place = fetch(remote)
    assert place.read_bytes() == CONTENT
    assert not place.is_symlink()
    assert list(remote.blob.parent.iterdir()) == []


@pytest.mark.parametrize("kept", [100_000, len(CONTENT)])
def test_a_part_that_an_earlier_start_left_is_gone_on_with(server, remote, kept):
    remote.partial.parent.mkdir(parents=True)
    remote.partial.write_bytes(CONTENT[:kept])
    assert remote.received == kept
    told = []
    assert fetch(remote, told.append).read_bytes() == CONTENT
    assert server.log.count(GET) == (0 if kept == len(CONTENT) else 1)
    assert all(count >= kept for count in told)


@pytest.mark.parametrize(
    "part", [b"?" * 100_000, CONTENT + b"more", b"?" * len(CONTENT)], ids=["other", "longer", "wrong"]
)
def test_a_part_of_something_else_is_thrown_away(remote, part):
    remote.partial.parent.mkdir(parents=True)
    remote.partial.write_bytes(part)
    assert fetch(remote).read_bytes() == CONTENT


def test_a_checksum_that_is_wrong_once_is_mended_by_itself(server, remote):
    server.repositories[NAME].spoilt[FILE] = 1
    assert fetch(remote).read_bytes() == CONTENT
    assert server.log.count(GET) == 2


def test_a_blob_that_is_there_is_only_pointed_to(server, remote):
    remote.blob.parent.mkdir(parents=True)
    remote.blob.write_bytes(CONTENT)
    assert fetch(remote).read_bytes() == CONTENT
    assert GET not in server.log


def test_a_blob_that_is_damaged_is_replaced(remote):
    remote.blob.parent.mkdir(parents=True)
    remote.blob.write_bytes(CONTENT[:-1])
    assert fetch(remote).read_bytes() == CONTENT


def test_a_link_that_leads_nowhere_is_replaced(remote):
    place = cache.storage(NAME) / "snapshots" / COMMIT / FILE
    place.parent.mkdir(parents=True)
    place.symlink_to("nowhere")
    assert fetch(remote) == place
    assert place.read_bytes() == CONTENT


def lock_of(remote):
    lock = remote.blob.parent.parent.parent / ".locks" / "models--someone--model" / f"{remote.checksum}.lock"
    lock.parent.mkdir(parents=True)
    return lock


def test_what_another_program_fetches_is_waited_for(server, remote, monkeypatch):
    held = FileLock(lock_of(remote))
    held.acquire()
    remote.blob.parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(download, "_LOOK", 0.01)
    part = remote.blob.with_name(f"{remote.checksum}.0123abcd.incomplete")
    part.write_bytes(CONTENT[:1000])
    told = []

    def other(count):
        told.append(count)
        if not remote.blob.exists():
            part.replace(remote.blob)
            remote.blob.write_bytes(CONTENT)
            held.release()

    now = iter(range(10_000))
    monkeypatch.setattr(download, "monotonic", lambda: next(now) / 1000)
    sizes = iter([0, 1000, *[1000] * 10_000])
    monkeypatch.setattr(download, "_received_by_any", lambda _file: next(sizes))
    assert fetch(remote, other).read_bytes() == CONTENT
    assert told == [1000]
    assert GET not in server.log


def test_another_program_that_does_nothing_is_not_waited_for(remote, monkeypatch):
    held = FileLock(lock_of(remote))
    held.acquire()
    monkeypatch.setattr(download, "_LOOK", 0.01)
    now = iter(range(0, 10_000, 3))
    monkeypatch.setattr(download, "monotonic", lambda: next(now))
    with pytest.raises(download.BusyError) as error:
        fetch(remote)
    assert Path(str(error.value)) == Path(held.lock_file)
    held.release()


def test_room_is_what_is_still_to_come(remote, monkeypatch):
    import shutil

    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=len(CONTENT) - 1000))
    with pytest.raises(download.FullDiskError):
        download.check_room([remote])
    remote.partial.parent.mkdir(parents=True)
    remote.partial.write_bytes(CONTENT[:1000])
    download.check_room([remote])


def test_a_branch_is_noted_once(cache_folder):
    download.note_revision(NAME, "main", COMMIT)
    reference = cache.storage(NAME) / "refs" / "main"
    assert reference.read_text() == COMMIT
    before = reference.stat().st_mtime_ns
    os.utime(reference, ns=(before - 10**9, before - 10**9))
    download.note_revision(NAME, "main", COMMIT)
    assert reference.stat().st_mtime_ns == before - 10**9
    download.note_revision(NAME, COMMIT, COMMIT)
    assert [file.name for file in reference.parent.iterdir()] == ["main"]


def test_small_files_are_checked_as_git_does(server):
    server.repositories[NAME] = Repository({"a.json": b"{}"}, spoilt={"a.json": 1})
    remote = download.look_up(NAME, "a.json", "main")
    assert remote.checksum == checksum_of(b"{}")
    assert len(remote.checksum) == 40
    assert fetch(remote).read_bytes() == b"{}"


def test_an_answer_without_a_commit_is_not_the_hubs(server, monkeypatch):
    told = huggingface_hub.get_hf_file_metadata
    server.repositories[NAME] = Repository({FILE: CONTENT})

    def without_commit(url, **options):
        found = told(url, **options)
        return type(found)(None, found.etag, found.location, found.size, None)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", without_commit)
    with pytest.raises(transfer.ForeignAnswerError):
        download.look_up(NAME, FILE, "main")


@pytest.mark.parametrize("wrong", [{"commit_hash": "../../x"}, {"etag": "../../x"}, {"etag": ".."}])
def test_an_answer_that_would_lead_files_elsewhere_is_not_the_hubs(server, monkeypatch, wrong):
    told = {"commit_hash": COMMIT, "etag": "0" * 64, "size": 3, "location": "", "xet_file_data": None} | wrong
    answer = types.SimpleNamespace(**told)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda *_, **__: answer)
    with pytest.raises(transfer.ForeignAnswerError):
        download.look_up("someone/model", "model.safetensors", "main")
