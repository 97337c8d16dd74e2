"""Whether files that a set's models are made of are replaced."""

import os
from types import SimpleNamespace

import pytest

from midifrag.bridge.items import LorasReplaced
from midifrag.config import loading
from midifrag.events import Notice
from midifrag.show.model_watch import ModelWatch
from midifrag.states import NoticeLevel

BANK = "name: One\npads: {36: {prompt: rain, loras: [{file: dusty.safetensors}]}}\n"


@pytest.fixture
def rig(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text("model: sketch\nset_list: [one]\n")
    bank = tmp_path / "presets" / "one.yaml"
    bank.write_text(BANK)

    def read():
        return loading.load(tmp_path / "presets.yaml", environment={})

    file = tmp_path / "dusty.safetensors"
    file.write_bytes(b"one")
    rig = SimpleNamespace(file=file, bank=bank, read=read, loaded=read(), put=[], moment=1_000_000_000)

    def write(content, file=file):
        rig.moment += 1_000_000_000
        file.write_bytes(content)
        os.utime(file, ns=(rig.moment, rig.moment))

    rig.write = write
    rig.watch = ModelWatch(rig.put.append, lambda: rig.loaded)
    rig.watch.look()
    assert rig.put == []
    return rig


def looked(rig):
    rig.put.clear()
    rig.watch.look()
    return list(rig.put)


def test_each_change_of_a_file_is_put_and_told_of_once_it_stays_as_it_is(rig):
    replaced = LorasReplaced(frozenset({str(rig.file)}))
    assert looked(rig) == []
    rig.write(b"two")
    assert looked(rig) == [replaced]
    # Still being written.
    rig.write(b"three")
    assert looked(rig) == [replaced]
    assert looked(rig) == [Notice(NoticeLevel.INFO, "LoRA dusty: its file was replaced")]
    assert looked(rig) == []


def test_one_that_is_gone_is_told_and_so_is_its_return(rig):
    rig.file.unlink()
    assert looked(rig) == [LorasReplaced(frozenset({str(rig.file)}))]
    text = f"LoRA dusty: {rig.file} is gone; until the show ends, it plays as it was"
    assert looked(rig) == [Notice(NoticeLevel.WARNING, text)]
    rig.write(b"two")
    assert looked(rig) == [LorasReplaced(frozenset({str(rig.file)}))]
    assert looked(rig) == [Notice(NoticeLevel.INFO, "LoRA dusty: its file was replaced")]


def test_files_that_the_set_names_since_a_change_are_watched_and_others_no_more(rig):
    other = rig.file.with_name("vinyl.safetensors")
    other.write_bytes(b"one")
    rig.bank.write_text(BANK.replace("dusty", "vinyl"))
    rig.loaded = rig.read()
    assert looked(rig) == []
    rig.write(b"two")
    rig.write(b"two", other)
    assert looked(rig) == [LorasReplaced(frozenset({str(other)}))]


@pytest.mark.parametrize(
    "entry", ["folder: mine", "config: mine/model_config.json, checkpoint: mine/model.safetensors"]
)
def test_a_checkpoint_that_is_replaced_is_told_and_nothing_else_is_done(rig, entry):
    folder = rig.file.with_name("mine")
    folder.mkdir()
    checkpoint, other = folder / "model.safetensors", folder / "step-100.ckpt"
    for one in (checkpoint, other):
        rig.write(b"one", one)
    (rig.bank.parent.parent / "presets.yaml").write_text(
        f"model: mine\nset_list: [one]\nmodels: {{mine: {{{entry}}}}}\n"
    )
    rig.loaded = rig.read()
    assert looked(rig) == []
    rig.write(b"two", checkpoint)
    rig.write(b"two", other)
    assert looked(rig) == []
    text = f"mine: {checkpoint} is another file now; it plays as it was loaded, until the next start"
    assert looked(rig) == [Notice(NoticeLevel.WARNING, text)]
    checkpoint.unlink()
    assert looked(rig) == []
    text = f"mine: {checkpoint} is gone; it plays as it was loaded, until the next start"
    assert looked(rig) == [Notice(NoticeLevel.WARNING, text)]


def test_the_only_checkpoint_of_a_folder_is_watched_whatever_it_is_called(rig):
    folder = rig.file.with_name("mine")
    folder.mkdir()
    rig.write(b"one", folder / "step-100.ckpt")
    show = "model: mine\nset_list: [one]\nmodels: {mine: {folder: mine}}\n"
    (rig.bank.parent.parent / "presets.yaml").write_text(show)
    rig.loaded = rig.read()
    assert looked(rig) == []
    # What is written beside a LoRA says nothing of a checkpoint.
    rig.write(b"{}", folder / "adapter_config.json")
    assert (looked(rig), looked(rig)) == ([], [])
    rig.write(b"two", folder / "step-100.ckpt")
    assert looked(rig) == []
    [notice] = looked(rig)
    assert "step-100.ckpt is another file now" in notice.text


def test_it_looks_on_a_thread_of_its_own_until_it_is_closed_and_outlives_a_mistake(rig):
    looks = []
    watch = ModelWatch(rig.put.append, lambda: rig.loaded, every=0.0)

    def look():
        looks.append(1)
        if len(looks) == 3:
            watch.close()
        raise OSError("a drive")

    watch.look = look
    watch._run()
    assert len(looks) == 3
