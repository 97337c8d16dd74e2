"""Saving to a bank's file, with every answer told."""

import asyncio
import shutil

import pytest

from midifrag.errors import ConfigurationError, EditConflictError, Problem, StorageError
from midifrag.pad_key import PadKey
from midifrag.page.model import Part
from midifrag.page.panels import saving
from midifrag.page.panels.saving import ask, ask_to_leave, differences, file_of, remove, save, stands, take_back, tell
from midifrag.page.wire import ReadAgain


@pytest.fixture
def page(headless, on_disk):
    return headless(of=on_disk.load())


def test_what_is_saved_is_in_the_file_and_taken_over_at_once(page, on_disk):
    values = {"prompt": "dull kick", "steps": 9}
    assert page.do(lambda: save(page.page, "opening", PadKey(36), values)) is None
    pad = on_disk.load().banks[0].pads[PadKey(36)]
    assert (pad.prompt, pad.steps, pad.colour) == ("dull kick", 9, "red")
    assert "# the kick" in on_disk.bank().read_text()
    assert page.sent == [ReadAgain()]


def test_what_is_refused_is_told_by_key_and_changes_nothing(page, on_disk):
    before = on_disk.bank().read_text()
    problems = page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 0, "colour": "mauve"}))
    assert set(problems) == {"steps", "colour"}
    assert problems["steps"] == "presets/opening.yaml:4: pads.36.steps: 0 is below 1"
    assert on_disk.bank().read_text() == before
    assert page.sent == []


def test_a_pad_is_removed_but_not_from_a_file_that_cannot_be_read(page, on_disk):
    assert page.do(lambda: remove(page.page, "opening", PadKey(36))) is None
    assert PadKey(36) not in on_disk.load().banks[0].pads
    on_disk.bank().write_text("pads: [", "utf-8")
    problems = page.do(lambda: remove(page.page, "opening", PadKey(37)))
    assert list(problems) == [""]
    assert "presets/opening.yaml:1: not valid YAML" in problems[""]
    assert page.sent == [ReadAgain()]


def test_every_problem_is_said_until_it_is_read(page):
    page.do(lambda: tell({"steps": "0 is below 1", "": "no disk"}))
    assert page.notices == ["0 is below 1", "no disk"]
    assert all(one["timeout"] == 0 and one["closeBtn"] for one in page.told("notify"))


def test_a_bank_s_file_is_called_as_messages_call_it():
    assert file_of("second") == "presets/second.yaml"
    assert file_of("songs/second") == "presets/songs/second.yaml"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StorageError("the disk is full"), "the disk is full"),
        (OSError(28, "No space left on device"), "This did not work (OSError: [Errno 28] No space left on device)"),
        (RecursionError("too deep"), "This did not work (RecursionError: too deep)"),
    ],
)
def test_every_answer_is_a_success_or_a_sentence(page, monkeypatch, capfd, error, told):
    def fails(*_args, **_options):
        raise error

    monkeypatch.setattr(saving, "save_pad", fails)
    problems = page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 9}))
    assert list(problems) == [""]
    assert problems[""].startswith(told)
    assert capfd.readouterr().err == ""
    assert page.sent == []


def test_a_folder_that_is_gone_is_a_sentence(page, on_disk, capfd):
    shutil.rmtree(on_disk.bank().parent)
    for work in (save(page.page, "opening", PadKey(36), {"steps": 9}), remove(page.page, "opening", PadKey(36))):
        problems = page.do(lambda work=work: work)
        assert list(problems) == [""]
        assert "opening.yaml" in problems[""]
    assert capfd.readouterr().err == ""


def test_a_bank_in_a_folder_of_its_own_is_saved_and_told_under_its_own_name(headless, on_disk):
    songs = on_disk.path.parent / "presets" / "songs"
    songs.mkdir()
    (songs / "second.yaml").write_text("name: Song\npads: {36: {prompt: bell}}\n", "utf-8")
    on_disk.path.write_text("model: sketch\nset_list: [opening, second, songs/second]\n", "utf-8")
    page = headless(of=on_disk.load())
    assert page.do(lambda: save(page.page, "songs/second", PadKey(36), {"prompt": "? what: a # bell"})) is None
    assert on_disk.load().banks[2].pads[PadKey(36)].prompt == "? what: a # bell"
    problems = page.do(lambda: save(page.page, "songs/second", PadKey(36), {"steps": 0}))
    assert problems["steps"].startswith("presets/songs/second.yaml:")


def test_two_mistakes_of_one_key_are_both_told(page, monkeypatch):
    def refused(*_args, **_options):
        raise ConfigurationError([Problem("a.yaml", 1, "pads.36.steps", "one"), Problem("a.yaml", 2, "x.steps", "two")])

    monkeypatch.setattr(saving, "save_pad", refused)
    problems = page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 9}))
    assert problems == {"steps": "a.yaml:1: pads.36.steps: one\na.yaml:2: x.steps: two"}


def test_what_would_be_overwritten_is_left_to_who_asks(page, on_disk):
    with pytest.raises(EditConflictError):
        page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 9}, None))
    assert on_disk.load().banks[0].pads[PadKey(36)].steps == 8


def test_edits_are_kept_for_undoing_and_told_to_every_browser(page, on_disk):
    before = on_disk.bank().read_text()
    assert page.do(lambda: take_back(page.page)) == {"": "Nothing to undo"}
    versions = page.page.versions[Part.EDITS]
    page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 9}))
    assert page.page.versions[Part.EDITS] == versions + 1
    assert page.do(lambda: take_back(page.page)) is None
    assert on_disk.bank().read_text() == before
    assert page.do(lambda: take_back(page.page, again=True)) is None
    assert on_disk.load().banks[0].pads[PadKey(36)].steps == 9
    assert page.do(lambda: take_back(page.page, again=True)) == {"": "Nothing to do again"}
    assert page.sent == [ReadAgain()] * 3


def test_edits_of_two_browsers_at_once_are_both_kept(page, on_disk):
    async def both():
        await asyncio.gather(
            save(page.page, "opening", PadKey(36), {"steps": 9}), save(page.page, "opening", PadKey(37), {"steps": 11})
        )

    page.do(both)
    pads = on_disk.load().banks[0].pads
    assert (pads[PadKey(36)].steps, pads[PadKey(37)].steps) == (9, 11)


@pytest.mark.parametrize(("answer", "done"), [("Yes", ["done"]), ("Cancel", [])])
def test_what_would_go_is_asked_about(page, answer, done):
    results = []

    async def action():
        results.append("done")

    page.do(lambda: ask("Really?", "Yes", action))
    assert page.text("asked-text") == "Really?"
    assert results == []
    page.click(page.button(answer))
    assert results == done
    page.fire(page.one("asked").parent_slot.parent, "hide")
    assert page.all("asked") == []


def test_what_is_there_now_is_said_by_the_keys_that_matter():
    now = {"prompt": "rain", "steps": 9}
    assert stands(now, ("steps",)) == "steps is 9"
    assert stands(now, ("prompt", "steps")) == "prompt is rain"
    assert stands(now, ("colour",)) == "colour is not there"
    assert stands(None) == "prompt is not there"


def test_who_would_leave_has_several_answers_and_may_stay(page):
    chosen = []
    page.do(
        lambda: ask_to_leave(
            "Not saved.", {"Save": lambda: chosen.append("save"), "Discard": lambda: chosen.append("no")}
        )
    )
    assert page.text("asked-text") == "Not saved."
    dialog = page.one("asked").parent_slot.parent
    page.click(page.button("Stay here"))
    assert (chosen, dialog.value) == ([], False)
    page.click(page.button("Discard"))
    assert chosen == ["no"]


def test_what_others_had_changed_is_handed_on_where_it_was_merged(page, on_disk):
    merged = []
    version = {"prompt": "short kick", "colour": "red", "steps": 12}
    values = {"prompt": "dull kick"}
    assert page.do(lambda: save(page.page, "opening", PadKey(36), values, version, merged=merged.append)) is None
    assert merged == [{"prompt": "short kick", "colour": "red", "steps": 8}]
    assert differences(merged[0], version) == ("steps",)
    now = {"prompt": "dull kick", "colour": "red", "steps": 8}
    assert page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 9}, now, merged=merged.append)) is None
    assert len(merged) == 1


def test_differences_are_keys_on_either_side():
    assert differences({"a": 1, "b": 2}, {"a": 1, "c": 3}) == ("b", "c")
    assert differences(None, {"a": 1}) == ("a",)
