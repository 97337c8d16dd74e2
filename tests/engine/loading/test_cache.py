"""Every state in which a cache may be met, and what becomes of it: without a network, and with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from midifrag.engine.loading import cache, encoder_files, hub
from midifrag.engine.loading.silence_output import silence_output
from midifrag.errors import HubError
from tests.engine.hub_caches import OLDER, POINTER, CachedRepository, in_other_formats, t5_files
from tests.engine.hub_server import COMMIT, Repository

T5 = "t5-small"
#: What a stock client knows that t5-base does not have.
ABSENT = ("added_tokens.json", "special_tokens_map.json", "chat_template.jinja", "model.safetensors.index.json")


@dataclass
class Files:
    """The files of an encoder in all their formats."""

    whole: dict[str, bytes]
    bin: dict[str, bytes]
    sharded: dict[str, bytes]

    def without(self, *names: str, **more: bytes) -> dict[str, bytes]:
        return {name: content for name, content in (self.whole | more).items() if name not in names}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("t5") / "encoder"
    with silence_output():
        return Files(t5_files(folder), **in_other_formats(folder))


def stock(made: CachedRepository, files: Files) -> None:
    made.put(files.whole)
    made.refer()
    made.deny(*ABSENT)


def no_exist_is_missing(made, files):
    made.put(files.whole)
    made.refer()


def no_refs(made, files):
    made.put(files.whole)


def refs_to_a_missing_snapshot(made, files):
    made.put(files.whole, OLDER)
    made.refer(COMMIT)


def newer_in_part(made, files):
    made.put(files.whole, OLDER)
    made.put({"config.json": files.whole["config.json"]})
    made.refer()


def incomplete_blob(made, files):
    made.put(files.without("model.safetensors"))
    made.refer()
    (made.folder / "blobs" / "0123.incomplete").write_bytes(files.whole["model.safetensors"][:1000])


def dangling_link(made, files):
    stock(made, files)
    (made.folder / "snapshots" / COMMIT / "model.safetensors").resolve().unlink()


def copies(made, files):
    made.put(files.whole, links=False)
    made.refer()


def shared_store(made, files):
    """As newer clients do it: a blob is a link to a store for all repositories, where it has another name."""
    stock(made, files)
    for number, blob in enumerate(list((made.folder / "blobs").iterdir())):
        stored = made.cache / "blobs" / "00" / f"{number:064x}"
        stored.parent.mkdir(parents=True, exist_ok=True)
        blob.rename(stored)
        blob.symlink_to(stored)


def only_spiece(made, files):
    made.put(files.without("tokenizer.json", "tokenizer_config.json"))
    made.refer()


def only_tokenizer_json(made, files):
    made.put(files.without("spiece.model", "tokenizer_config.json"))
    made.refer()


def no_tokenizer(made, files):
    made.put(files.without("spiece.model", "tokenizer.json"))
    made.refer()


def only_bin(made, files):
    made.put(files.without("model.safetensors") | files.bin)
    made.refer()


def parts(made, files):
    made.put(files.without("model.safetensors") | files.sharded)
    made.refer()


def a_part_is_missing(made, files):
    made.put(files.without("model.safetensors") | files.sharded)
    made.refer()
    (made.folder / "snapshots" / COMMIT / "model-00002-of-00002.safetensors").unlink()


def lfs_pointer(made, files):
    made.put(files.without("model.safetensors") | {"model.safetensors": POINTER})
    made.refer()


def cut_weights(made, files):
    made.put(files.whole | {"model.safetensors": files.whole["model.safetensors"][:-1000]}, links=False)
    made.refer()


def cut_header(made, files):
    made.put(files.whole | {"model.safetensors": files.whole["model.safetensors"][:100]}, links=False)
    made.refer()


def cut_bin(made, files):
    cut = {"pytorch_model.bin": files.bin["pytorch_model.bin"][:-1000]}
    made.put(files.without("model.safetensors") | cut, links=False)
    made.refer()


def cut_tokenizer(made, files):
    stock(made, files)
    made.spoil("tokenizer.json", files.whole["tokenizer.json"][:100])


def cut_config(made, files):
    made.put(files.whole | {"config.json": files.whole["config.json"][:100]}, links=False)
    made.refer()


def cut_spiece(made, files):
    only_spiece(made, files)
    made.spoil("spiece.model", files.whole["spiece.model"][:-10])


def empty_file(made, files):
    made.put(files.whole | {"model.safetensors": b""}, links=False)
    made.refer()


def wrong_byte(made, files):
    stock(made, files)
    made.spoil("model.safetensors", files.whole["model.safetensors"][:-1] + b"!")


def nothing(made, files):
    del made, files


State = Callable[[CachedRepository, Files], None]
PLAY: list[State] = [
    stock,
    no_exist_is_missing,
    no_refs,
    refs_to_a_missing_snapshot,
    newer_in_part,
    copies,
    shared_store,
    only_spiece,
    only_tokenizer_json,
    only_bin,
    parts,
]
LACK: list[tuple[State, str]] = [
    (nothing, r"t5-small is not on this machine yet"),
    (incomplete_blob, r"t5-small is not whole on this machine \(it lacks model\.safetensors\)"),
    (dangling_link, r"not whole on this machine \(it lacks model\.safetensors\)"),
    (no_tokenizer, r"lacks tokenizer\.json\)"),
    (a_part_is_missing, r"lacks model-00002-of-00002\.safetensors\)"),
    (lfs_pointer, r"lacks model\.safetensors \(a Git LFS pointer in place of the file\)"),
    (cut_weights, r"lacks model\.safetensors \(cut off: 469,480 of 470,480 bytes\)"),
    (cut_header, r"lacks model\.safetensors \(cut off"),
    (cut_bin, r"lacks pytorch_model\.bin \(cut off\)"),
    (cut_tokenizer, r"lacks tokenizer\.json \(cut off or damaged\)"),
    (cut_config, r"lacks config\.json \(cut off or damaged\)"),
    (cut_spiece, r"lacks spiece\.model \(its checksum is wrong\)"),
    (empty_file, r"lacks model\.safetensors \(empty\)"),
    (wrong_byte, r"lacks model\.safetensors \(its checksum is wrong\)"),
]


def name_of(value):
    return getattr(value, "__name__", "")


def heard(folder):
    """What an encoder's folder makes of a prompt, as stable-audio-tools loads it."""
    from transformers import AutoTokenizer, T5EncoderModel

    with hub.offline(), silence_output():
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
        encoder = T5EncoderModel.from_pretrained(str(folder))
        read = tokenizer(["rain on a tin roof"], return_tensors="pt")
        return read["input_ids"].tolist(), encoder(**read).last_hidden_state.sum().item()


@pytest.fixture(scope="module")
def right(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("right")
    for name, content in files.whole.items():
        (folder / name).write_bytes(content)
    return heard(folder)


@pytest.mark.parametrize("state", PLAY, ids=name_of)
def test_what_transformers_can_load_plays_without_a_look_up(server, cache_folder, files, right, state):
    made = CachedRepository(cache_folder, T5)
    state(made, files)
    before = made.listing()
    tokens, embedding = heard(encoder_files.fetch_text_encoder(T5))
    assert tokens == right[0]
    assert embedding == pytest.approx(right[1])
    # A cache may be read-only, and stays as it is.
    assert (server.log, made.listing()) == ([], before)


@pytest.mark.parametrize(("state", "sentence"), LACK, ids=name_of)
def test_without_a_network_what_is_missing_is_named(no_hub, cache_folder, files, state, sentence):
    state(CachedRepository(cache_folder, T5), files)
    with pytest.raises(HubError, match=rf"{sentence}.*cannot be reached \(.*refused.*Until then, play a built-in"):
        encoder_files.fetch_text_encoder(T5)


@pytest.mark.parametrize("state", [state for state, _ in LACK], ids=name_of)
def test_with_a_network_what_is_missing_is_fetched_by_itself(server, cache_folder, files, right, state):
    others = files.sharded if state is a_part_is_missing else files.bin if state is cut_bin else {}
    server.repositories[T5] = Repository((files.without("model.safetensors") | others) if others else files.whole)
    state(CachedRepository(cache_folder, T5), files)
    assert heard(encoder_files.fetch_text_encoder(T5))[0] == right[0]
    server.log.clear()
    encoder_files.fetch_text_encoder(T5)
    assert server.log == []


def test_a_file_that_is_large_is_compared_with_its_checksum_when_that_is_wanted(
    no_hub, cache_folder, files, monkeypatch
):
    wrong_byte(CachedRepository(cache_folder, T5), files)
    monkeypatch.setattr(cache, "SMALL", 100_000)
    encoder_files.fetch_text_encoder(T5)
    with pytest.raises(HubError, match=r"lacks model\.safetensors \(its checksum is wrong\)"):
        encoder_files.fetch_text_encoder(T5, examine=cache.thorough_flaw)


def test_an_encoder_that_was_cached_under_its_owners_name(no_hub, cache_folder, files):
    made = CachedRepository(cache_folder, "google-t5/t5-small")
    stock(made, files)
    assert encoder_files.fetch_text_encoder(T5) == made.folder / "snapshots" / COMMIT


@pytest.mark.parametrize("variable", cache.OLDER_CACHES)
def test_a_cache_that_an_older_variable_names(no_hub, tmp_path, files, monkeypatch, variable):
    monkeypatch.setenv(variable, str(tmp_path / "older"))
    stock(CachedRepository(tmp_path / "older", T5), files)
    assert encoder_files.fetch_text_encoder(T5).is_relative_to(tmp_path / "older")


@pytest.mark.parametrize(
    ("revision", "found"), [("main", COMMIT), ("v1", OLDER), (OLDER, OLDER), (OLDER[:8], OLDER), ("v2", None)]
)
def test_a_revision_is_a_branch_a_tag_a_commit_or_its_beginning(cache_folder, revision, found):
    made = CachedRepository(cache_folder, "someone/model")
    for commit in (OLDER, COMMIT):
        made.put({"model_config.json": b"{}"}, commit)
    made.refer()
    made.refer(OLDER, "v1")
    assert next((one.commit for one in cache.snapshots("someone/model", revision)), None) == found


def test_two_commits_that_begin_alike_are_none(cache_folder):
    made = CachedRepository(cache_folder, "someone/model")
    for end in "01":
        made.put({"model_config.json": b"{}"}, "abcd" + end * 36)
    assert list(cache.snapshots("someone/model", "abcd")) == []


@pytest.mark.parametrize("content", [b"{}", json.dumps({"weight_map": 3}).encode(), b"\xff", b"[1"])
def test_an_index_that_lists_nothing_has_no_parts(tmp_path, content):
    file = tmp_path / "model.safetensors.index.json"
    file.write_bytes(content)
    assert cache.parts_of(tmp_path, file.name) == ()


def test_what_belongs_to_a_file_lies_beside_it(tmp_path):
    (tmp_path / "in").mkdir()
    index = {"weight_map": {"a": "one.safetensors", "b": "parts/two.safetensors"}}
    (tmp_path / "in" / "model.safetensors.index.json").write_text(json.dumps(index))
    parts = cache.parts_of(tmp_path, "in/model.safetensors.index.json")
    assert parts == ("in/one.safetensors", "in/parts/two.safetensors")
    assert cache.parts_of(tmp_path, "in/vocab.json") == ("in/merges.txt",)


@pytest.mark.parametrize(
    "name", ["../../secret", "a/../../secret", "/etc/secret", "~/secret", "c:secret", "..\\secret"]
)
def test_an_index_that_leads_elsewhere_is_not_followed(cache_folder, name):
    content = json.dumps({"weight_map": {"a": "one.safetensors", "b": name}}).encode()
    folder = CachedRepository(cache_folder, "someone/model").put({"model.safetensors.index.json": content})
    file = folder / "model.safetensors.index.json"
    assert cache.parts_of(folder, file.name) == ()
    assert cache.flaw(file) == f"names {name}, outside of its folder"
    need = (cache.Need(("model.safetensors", file.name)),)
    assert cache.Snapshot("a/b", COMMIT, folder).missing(need, cache.flaw) == [f"{file.name} ({cache.flaw(file)})"]


@pytest.mark.parametrize("commit", ["../../../elsewhere", "..", "a/b"])
def test_a_branch_that_leads_elsewhere_is_none(cache_folder, commit):
    made = CachedRepository(cache_folder, "someone/model")
    made.refer(commit)
    (made.folder / "snapshots" / commit).mkdir(parents=True, exist_ok=True)
    assert cache.commit_of(made.folder, "main") is None


def test_what_looks_odd_but_has_its_checksum_is_what_the_repository_holds(cache_folder):
    made = CachedRepository(cache_folder, "someone/model")
    file = made.put({"model.safetensors": b"no safetensors at all"}) / "model.safetensors"
    assert cache.flaw(file) is None
    made.spoil("model.safetensors", b"no safetensors")
    assert cache.flaw(file) == "damaged"


def test_a_vocabulary_of_two_files_needs_both(tmp_path):
    (tmp_path / "vocab.json").write_text("{}")
    found = cache.Snapshot("a/b", COMMIT, tmp_path)
    need = (cache.Need(("tokenizer.json", "vocab.json")),)
    assert found.missing(need, cache.flaw) == ["merges.txt"]
    (tmp_path / "merges.txt").write_text("#version")
    assert found.missing(need, cache.flaw) == []
