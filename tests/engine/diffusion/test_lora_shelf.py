"""LoRAs whose files are replaced, half written or gone while an engine runs, and how they are read ahead."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from midifrag.config.loras import read_loras
from midifrag.engine.diffusion import lora_shelf
from midifrag.engine.diffusion.lora_shelf import LoraShelf
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.checksum import checksum
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.messages import Failed, Render, Rendered
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import LoraError
from tests.engine.lora_maker import save_stock_lora
from tests.engine.stock import loaded, run
from tests.engine.tiny_models import tiny_model_folder
from tests.support import PATIENCE

ASKED: dict[str, Any] = {"steps": 1, "sampler": "dpmpp-2m", "cfg_scale": 1.0}
SECONDS = 0.5


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No drive hangs because the machine is busy."""
    monkeypatch.setattr(lora_shelf, "_PATIENCE", PATIENCE)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Two LoRAs for the same model, of the same size."""
    folder = tmp_path_factory.mktemp("versions")
    first, second = (save_stock_lora(loaded("v"), folder / f"{seed}.safetensors", seed=seed) for seed in (0, 1))
    return first.read_bytes(), second.read_bytes()


@pytest.fixture
def file(tmp_path: Path, versions: tuple[bytes, bytes]) -> Path:
    path = tmp_path / "dusty.safetensors"
    path.write_bytes(versions[0])
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read."""
    read: list[Path] = []
    whole = lora_shelf.read_lora

    def counted(path: Path, *others: Any) -> Any:
        read.append(path)
        return whole(path, *others)

    monkeypatch.setattr(lora_shelf, "read_lora", counted)
    return read


def replaced(file: Path, content: bytes) -> None:
    """Put another content in the place of a file, as a copy does: the same file, written anew."""
    before = file.stat().st_mtime_ns
    file.write_bytes(content)
    # A file system may count in steps that this test is quicker than.
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def asks(file: Path, job: int = 1) -> Render:
    return Render(job, "rain", SECONDS, 7, loras=f"dusty=0.8 from {file}", **ASKED)


def worker() -> DiffusionWorker:
    return DiffusionWorker.from_model(loaded("v"))


def played(on: DiffusionWorker, file: Path) -> Rendered:
    done = run(on, asks(file))[-1]
    assert isinstance(done, Rendered), done
    return done


def used_checksum(take: Rendered) -> str:
    [one] = read_loras(str(take.used["loras"]))
    return one.checksum


def test_a_file_that_was_replaced_is_heard_at_the_next_press_and_named_in_its_record(
    file: Path, versions: tuple[bytes, bytes], reads: list[Path]
) -> None:
    show = worker()
    first = played(show, file)
    assert used_checksum(first) == checksum(file)
    np.testing.assert_array_equal(played(show, file).audio, first.audio)
    assert reads == [file]

    replaced(file, versions[1])
    second = played(show, file)
    assert used_checksum(second) == checksum(file) != used_checksum(first)
    assert (second.notes, np.array_equal(first.audio, second.audio)) == ((), False)
    assert reads == [file, file]
    # What lay there before is beside the network until nothing is in flight, and adds nothing.
    np.testing.assert_allclose(played(worker(), file).audio, second.audio, atol=1e-4)
    np.testing.assert_array_equal(played(show, file).audio, played(worker(), file).audio)


def test_a_file_that_is_moved_over_it_with_an_older_date_is_heard_too(
    file: Path, versions: tuple[bytes, bytes], tmp_path: Path
) -> None:
    show = worker()
    played(show, file)
    other = tmp_path / "other.safetensors"
    other.write_bytes(versions[1])
    os.utime(other, ns=(0, 0))
    wanted = checksum(other)
    other.replace(file)
    assert used_checksum(played(show, file)) == wanted


def test_a_file_that_was_touched_is_what_it_was(file: Path, versions: tuple[bytes, bytes]) -> None:
    show = worker()
    shelf, [lora] = show.runner.loras.shelf, read_loras(asks(file).loras)
    before = shelf.file(lora)
    replaced(file, versions[0])
    assert shelf.file(lora) is before


@pytest.mark.parametrize("become", ["half", "gone", "another thing"])
def test_a_file_that_cannot_be_read_any_more_plays_as_it_was_and_the_take_says_so(
    file: Path, versions: tuple[bytes, bytes], reads: list[Path], become: str
) -> None:
    show = worker()
    first = played(show, file)
    if become == "gone":
        file.unlink()
    else:
        replaced(file, versions[1][: len(versions[1]) // 2] if become == "half" else b"a letter")
    for _ in range(2):
        again = played(show, file)
        np.testing.assert_array_equal(again.audio, first.audio)
        assert used_checksum(again) == used_checksum(first)
        [note] = again.notes
        assert str(file) in note
        assert note.startswith("LoRA dusty: ")
        assert note.endswith("it plays as it was before")
    # Looked at each time, and read once.
    assert len(reads) == (1 if become == "gone" else 2)

    if become == "gone":
        file.write_bytes(versions[1])
    else:
        before = file.stat().st_mtime_ns
        file.write_bytes(versions[1])
        os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))
    whole = played(show, file)
    assert (used_checksum(whole), whole.notes) == (checksum(file), ())


def test_a_file_that_is_as_it_was_again_is_told_no_more(file: Path, versions: tuple[bytes, bytes]) -> None:
    show, aside = worker(), file.with_name("aside")
    played(show, file)
    file.rename(aside)
    assert played(show, file).notes
    aside.rename(file)
    assert played(show, file).notes == ()


def test_one_that_is_being_written_while_it_is_read_is_refused_and_played_when_it_is_whole(
    file: Path, versions: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checksum would be another one's than what is heard."""
    whole = lora_shelf.read_lora

    def meanwhile(path: Path, *others: Any) -> Any:
        read = whole(path, *others)
        replaced(path, versions[1])
        return read

    show = worker()
    with monkeypatch.context() as patch:
        patch.setattr(lora_shelf, "read_lora", meanwhile)
        [*_, failed] = run(show, asks(file))
    assert isinstance(failed, Failed)
    assert "is being written" in failed.reason
    assert used_checksum(played(show, file)) == checksum(file)


def test_a_drive_that_does_not_answer_keeps_no_press_waiting_for_long(
    file: Path, versions: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    show, answers = worker(), threading.Event()
    first = played(show, file)
    look, drive = lora_shelf.version_of, show.runner.loras.shelf._drive(file.parent)
    monkeypatch.setattr(drive, "_patience", 0.01)
    monkeypatch.setattr(lora_shelf, "version_of", lambda path: (answers.wait(), look(path))[1])
    try:
        again = played(show, file)
        np.testing.assert_array_equal(again.audio, first.audio)
        assert again.notes == (f"LoRA dusty: the drive of {file} does not answer; it plays as it was before",)
    finally:
        answers.set()
    assert drive._stuck is not None
    drive._stuck.result(PATIENCE)
    replaced(file, versions[1])
    monkeypatch.setattr(drive, "_patience", PATIENCE)
    assert (used_checksum(played(show, file)), played(show, file).notes) == (checksum(file), ())


def test_a_replacement_that_memory_ran_out_for_is_read_once_more(
    file: Path, versions: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    show, whole, short = worker(), lora_shelf.read_lora, [MemoryError()]
    played(show, file)
    replaced(file, versions[1])

    def read(*arguments: Any) -> Any:
        if short:
            raise short.pop()
        return whole(*arguments)

    monkeypatch.setattr(lora_shelf, "read_lora", read)
    assert used_checksum(played(show, file)) == checksum(file)


def test_a_drive_that_does_not_answer_keeps_loras_of_other_drives_from_nothing(
    file: Path, versions: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    show, answers = worker(), threading.Event()
    share = file.parent / "share"
    share.mkdir()
    remote = share / "dusty.safetensors"
    remote.write_bytes(versions[0])
    for each in (file, remote):
        played(show, each)
    look = lora_shelf.version_of
    monkeypatch.setattr(lora_shelf, "version_of", lambda path: (path == remote and answers.wait(), look(path))[1])
    monkeypatch.setattr(show.runner.loras.shelf._drive(share), "_patience", 0.01)
    try:
        assert "does not answer" in played(show, remote).notes[0]
        replaced(file, versions[1])
        take = played(show, file)
        assert (used_checksum(take), take.notes) == (checksum(file), ())
    finally:
        answers.set()
        show.close()


def test_who_looks_at_files_ends_with_the_engine(file: Path) -> None:
    def lookers() -> set[threading.Thread]:
        return {one for one in threading.enumerate() if one.name.endswith("the drive of a LoRA")}

    others, show = lookers(), worker()
    for _ in range(2):
        played(show, file)
    [looks] = lookers() - others
    show.close()
    looks.join(PATIENCE)
    assert not looks.is_alive()


def test_a_request_that_begins_anew_has_the_lora_that_it_began_with(
    file: Path, versions: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    show = worker()
    first = checksum(file)
    begin = show.runner.begin

    def twice(request: Any) -> bool:
        begin(request)
        replaced(file, versions[1])
        return begin(request)

    monkeypatch.setattr(show.runner, "begin", twice)
    assert used_checksum(played(show, file)) == first


def test_what_was_replaced_is_read_ahead_of_the_press(
    file: Path, versions: tuple[bytes, bytes], reads: list[Path]
) -> None:
    show = worker()
    for count, content in enumerate(versions, 1):
        replaced(file, content)
        for _ in range(2):
            list(show.warm((asks(file),)))
            assert len(reads) == count
    played(show, file)
    assert len(reads) == 2


def test_a_replacement_that_is_no_good_is_told_beside_the_model(file: Path, versions: tuple[bytes, bytes]) -> None:
    show = worker()
    list(show.warm((asks(file),)))
    assert show.info().remark == ""
    replaced(file, b"a letter")
    list(show.warm((asks(file),)))
    assert "It plays as it was before" in show.info().remark
    replaced(file, versions[1])
    list(show.warm((asks(file),)))
    assert show.info().remark == ""


def test_warm_up_reads_them_and_says_what_it_could_not(tmp_path: Path) -> None:
    rows, gone = tmp_path / "rows.safetensors", tmp_path / "gone.safetensors"
    save_stock_lora(loaded("v"), rows, "dora-rows")
    show = worker()
    list(show.warm((asks(rows), asks(gone))))
    told = show.info().remark
    assert f"LoRA {rows.name}: a dora-rows, merged" in told
    assert f"There is no LoRA {gone}" in told


def test_what_is_written_in_singular_vectors_is_read_by_the_checkpoint_s_own(tmp_path: Path) -> None:
    """Weights in bf16 have others."""
    folder = tiny_model_folder(tmp_path / "tiny")
    choice = EngineChoice("tiny", {"folder": str(folder)}, "cpu", "fp32")
    exact, rough = (load_stable_audio(replace(choice, precision=one)) for one in ("fp32", "bf16"))
    file = save_stock_lora(exact, tmp_path / "xs.safetensors", "lora-xs")
    [lora] = read_loras(asks(file).loras)
    of_exact, of_rough = (LoraShelf(one).file(lora).adapters for one in (exact, rough))
    for name, adapter in of_exact.items():
        torch.testing.assert_close(of_rough[name].up @ of_rough[name].down, adapter.up @ adapter.down)

    shelf = LoraShelf(rough)
    assert rough.files is not None
    checkpoint, _ = rough.files
    replaced(checkpoint, checkpoint.read_bytes())
    with pytest.raises(LoraError, match="another file than the one that plays"):
        shelf.file(lora)


def test_what_one_of_many_sent_to_a_server_is_told_to_nobody_else() -> None:
    shelf = LoraShelf(loaded("v"))
    shelf.told |= {
        "/sets/dusty.safetensors": "a dora",
        "/tmp/x/sent-1f.safetensors": "a bora",
        "/sets/plain.safetensors": "",
    }
    assert shelf.remarks == ["LoRA dusty.safetensors: a dora"]
