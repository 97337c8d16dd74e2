"""Pads written back to a bank's file."""

import errno
import shutil

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from midifrag.config import loading, pad_editing
from midifrag.config.pad_editing import remove_pad, save_pad, undo
from midifrag.config.pads import Pad
from midifrag.config.shipped import shipped_path
from midifrag.errors import ConfigurationError, EditConflictError, StorageError
from midifrag.pad_key import PadKey
from tests.support.forms import examples
from tests.support.shows import on_disk

SHOW = """\
model: sketch
set_list: [one, two]
"""
BANK = """\
# A bank for tests.
name: One
program: 1                # as Live shows it
defaults: {seconds: 4}

pads:
  36: {prompt: "rain on tin", colour: blue}     # the first
  # the second has more to say
  37:
    prompt: "low drone"   # close
    steps: 20
    velocity: {sets: cfg_scale, range: [3, 9]}
  C#2: {prompt: 'by name'}
controls:
  - {cc: 1, sets: seconds, range: [0.5, 4]}     # the wheel
"""


@pytest.fixture
def show(tmp_path):
    return on_disk(tmp_path, SHOW, one=BANK, two="name: Two\nprogram: 2\npads: {36: {prompt: kick}}\n")


@pytest.fixture
def bank_file(show):
    return show.folder / "presets" / "one.yaml"


def reread(show):
    return loading.load(show.path, environment={}).banks[0]


def test_only_the_changed_values_change_in_the_file(show, bank_file):
    save_pad(show, "one", PadKey(37), {"prompt": "far drone", "steps": 25})
    assert bank_file.read_text() == BANK.replace("low drone", "far drone").replace("steps: 20", "steps: 25")


def test_saving_what_is_there_leaves_every_byte(show, bank_file):
    save_pad(show, "one", PadKey(36), {"prompt": "rain on tin", "colour": "blue", "steps": None})
    assert bank_file.read_text() == BANK


def test_none_removes_a_key_and_new_keys_come_last(show):
    save_pad(show, "one", PadKey(37), {"steps": None, "choke": "drones"})
    pad = reread(show).pads[PadKey(37)]
    assert (pad.steps, pad.choke, pad.velocity.range) == (None, "drones", (3, 9))


def test_a_pad_written_by_its_name_is_found_by_its_number(show, bank_file):
    save_pad(show, "one", PadKey(49), {"prompt": "still by name"})
    assert "C#2: {prompt: still by name}" in bank_file.read_text().replace("'", "")
    assert "49" not in bank_file.read_text()


def test_a_new_pad_is_one_line_after_the_others(show, bank_file):
    save_pad(show, "one", PadKey.parse("E1"), {"prompt": "kick: short", "seconds": 1.5, "name": None})
    assert '\n  40: {prompt: "kick: short", seconds: 1.5}\n' in bank_file.read_text()
    assert reread(show).pads[PadKey(40)].prompt == "kick: short"
    assert "# the wheel" in bank_file.read_text()


def test_a_pad_can_be_removed_but_not_the_last_one(show, bank_file):
    remove_pad(show, "one", PadKey(36))
    assert PadKey(36) not in reread(show).pads
    with pytest.raises(ConfigurationError, match=r"presets/two.yaml:3: pads: is empty"):
        remove_pad(show, "two", PadKey(36))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, r"presets/one.yaml:\d+: pads.37.steps: 0 is below 1"),
        ({"sampller": "x"}, "unknown key; did you mean sampler?"),
        ({"model": "nope"}, "'nope' is none of"),
        ({"slot": 9}, "pads.37.slot: 9 is above 8"),
        ({"prompt": ""}, "pads.37.prompt: is empty"),
        ({"colour": "pink"}, "'pink' is none of"),
    ],
)
def test_what_check_refuses_is_not_written(show, bank_file, values, message):
    with pytest.raises(ConfigurationError, match=message):
        save_pad(show, "one", PadKey(37), values)
    assert bank_file.read_text() == BANK
    assert [path.name for path in sorted(bank_file.parent.iterdir())] == ["one.yaml", "two.yaml"]


def test_a_mistake_in_another_bank_does_not_hold_up_this_one(show):
    (show.folder / "presets" / "two.yaml").write_text("name: Two\npads: {36: {steps: x}}\n")
    save_pad(show, "one", PadKey(36), {"prompt": "snow"})
    with pytest.raises(ConfigurationError) as wrong:
        reread(show)
    assert all(problem.file == "presets/two.yaml" for problem in wrong.value.problems)


def test_hand_edits_made_meanwhile_are_kept(show, bank_file):
    bank_file.write_text(BANK.replace("rain on tin", "hail"))
    save_pad(show, "one", PadKey(37), {"steps": 30})
    assert reread(show).pads[PadKey(36)].prompt == "hail"


def test_a_file_that_is_no_yaml_any_more_is_left_alone(show, bank_file):
    bank_file.write_text("name: [")
    with pytest.raises(ConfigurationError, match=r"presets/one.yaml:1: not valid YAML"):
        save_pad(show, "one", PadKey(36), {"prompt": "x"})
    assert bank_file.read_text() == "name: ["


def test_a_linked_bank_stays_a_link(show, bank_file, tmp_path):
    elsewhere = tmp_path / "shared.yaml"
    shutil.move(bank_file, elsewhere)
    bank_file.symlink_to(elsewhere)
    save_pad(show, "one", PadKey(36), {"prompt": "snow"})
    assert bank_file.is_symlink()
    assert "snow" in elsewhere.read_text()


def test_a_full_disk_leaves_the_file_as_it_is(show, bank_file, monkeypatch):
    def full(*_args, **_kwargs):
        raise StorageError("disk full")

    monkeypatch.setattr(pad_editing, "write_whole", full)
    with pytest.raises(StorageError):
        save_pad(show, "one", PadKey(36), {"prompt": "snow"})
    assert bank_file.read_text() == BANK


STYLES = """\
name: One
pads:
  36: {prompt: plain}
  37: {prompt: 'single', name: "double"}   # both
  38:
    prompt: |
      literal
      lines
    # between
    name: >-
      folded
      lines
  39:
    prompt: plain words   # told

    velocity: {sets: steps, range: [1, 9]}
  # the last
"""
TEXTS = st.text(min_size=1) | st.sampled_from(
    ["?", "? a", ": ", ": a", "- a", "#", "a #b", "a: b", "*a", "&a", "!a", "%a"]
)


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=TEXTS, name=TEXTS, note=st.integers(36, 41))
def test_any_text_is_read_back_as_it_was_saved(show, bank_file, prompt, name, note):
    bank_file.write_text(STYLES, encoding="utf-8")
    assume(prompt.strip())
    save_pad(show, "one", PadKey(note), {"prompt": prompt, "name": name})
    pads = reread(show).pads
    assert (pads[PadKey(note)].prompt, pads[PadKey(note)].name) == (prompt, name)
    others = {36: "plain", 37: "single", 38: "literal\nlines\n", 39: "plain words"}
    assert {key.note: pad.prompt for key, pad in pads.items() if key.note != note} == {
        key: text for key, text in others.items() if key != note
    }
    comments = {"# both", "# told"} - {{37: "# both", 39: "# told"}.get(note)}
    assert all(comment in bank_file.read_text(encoding="utf-8") for comment in comments)


@pytest.mark.parametrize(
    "values",
    [
        {"seconds": 4, "cfg_scale": 7.5, "seed": 4294967295},
        {"velocity": {"sets": "steps", "range": [1, 40.5], "curve": "stepped"}},
        {"fragment": {"loop": True, "normalise": "none"}},
        {"seed": "random", "on_repress": "replace", "choke": "true", "name": "null"},
        {"choke": "123", "name": "1e3"},
        {"choke": "2001-12-14", "name": "~"},
    ],
)
def test_values_of_every_kind_are_read_back(show, values):
    for key in (PadKey(37), PadKey(100)):
        save_pad(show, "one", key, {"prompt": "x", **values})
        pad = reread(show).pads[key]
        assert pad == Pad.model_validate({**pad.model_dump(), **values})


def test_half_a_character_is_told_and_not_written(show, bank_file):
    with pytest.raises(ConfigurationError, match=r"presets/one.yaml: pads.36.prompt: holds half a character"):
        save_pad(show, "one", PadKey(36), {"prompt": "\ud83c"})
    assert bank_file.read_text() == BANK


def test_dates_and_odd_words_around_it_stay_as_they_are(show, bank_file):
    text = "name: 2001-13-45\npads:\n  36: {prompt: 2001-12-14, name: 1_0:30}\n  37: {prompt: 0x_, name: yes}\n"
    bank_file.write_text(text)
    save_pad(show, "one", PadKey(37), {"prompt": "rain"})
    assert bank_file.read_text() == text.replace("0x_", "rain")
    save_pad(show, "one", PadKey(36), {"name": "Hail 2"})
    assert 'prompt: 2001-12-14, name: "Hail 2"' in bank_file.read_text()


@pytest.mark.parametrize(
    ("text", "is_saved"),
    [
        ("name: One\npads:\n  36: &rain {prompt: rain, steps: 5}\n  37: *rain\n", False),
        ("name: One\npads:\n  36: {prompt: rain}\n  37: &x {prompt: wind}\n  38: *x\n", False),
        ("name: One\ndefaults: &d {steps: 5}\npads:\n  36: {prompt: rain}\n  37: {<<: *d, prompt: wind}\n", True),
    ],
)
def test_what_is_put_together_with_names_is_changed_alone_or_not_at_all(show, bank_file, text, is_saved):
    bank_file.write_text(text)
    before = reread(show).pads
    if is_saved:
        save_pad(show, "one", PadKey(37), {"steps": 9})
        assert reread(show).pads == before | {PadKey(37): before[PadKey(37)].model_copy(update={"steps": 9})}
        return
    with pytest.raises(ConfigurationError, match=r"presets/one.yaml: pads.37: is put together with & and \*"):
        save_pad(show, "one", PadKey(37), {"steps": 9})
    assert bank_file.read_text() == text


@pytest.mark.parametrize(("begin", "end"), [("", "\r\n"), ("\ufeff", "\r\n"), ("\ufeff", "\n")])
def test_files_of_windows_stay_as_windows_writes_them(show, bank_file, begin, end):
    bank_file.write_bytes((begin + BANK.replace("\n", end)).encode())
    save_pad(show, "one", PadKey(37), {"prompt": "far drone"})
    assert bank_file.read_bytes().decode() == begin + BANK.replace("low drone", "far drone").replace("\n", end)


def nested_set(show, text):
    (show.folder / "presets" / "night").mkdir()
    (show.folder / "presets" / "night" / "one.yaml").write_text(text)
    (show.folder / "presets.yaml").write_text("model: sketch\nset_list: [one, night/one]\n")


def test_a_set_list_with_a_slash(show, bank_file):
    nested_set(show, BANK.replace("program: 1 ", "program: 3 "))
    show = loading.load(show.path, environment={})
    save_pad(show, "night/one", PadKey(36), {"prompt": "snow"})
    assert loading.load(show.path, environment={}).banks[1].pads[PadKey(36)].prompt == "snow"
    assert bank_file.read_text() == BANK
    with pytest.raises(ConfigurationError, match=r"^presets/night/one.yaml:\d+: pads.36.steps: 0 is below 1$"):
        save_pad(show, "night/one", PadKey(36), {"steps": 0})


def test_mistakes_are_told_under_the_name_of_the_file_that_has_them(show, bank_file, tmp_path):
    nested_set(show, "name: One\nprogram: 3\npads: {36: {prompt: x, steps: 0}}\n")
    with pytest.raises(ConfigurationError) as wrong:
        loading.load(show.path, environment={})
    assert [problem.file for problem in wrong.value.problems] == ["presets/night/one.yaml"]
    # The same mistake in a bank that is only alike by its last name holds up nobody.
    save_pad(show, "one", PadKey(36), {"prompt": "snow"})
    assert "snow" in bank_file.read_text()


def test_a_linked_bank_s_mistakes_are_told_under_its_own_name(show, bank_file, tmp_path):
    elsewhere = tmp_path / "shared.yaml"
    shutil.move(bank_file, elsewhere)
    bank_file.symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match=r"^presets/one.yaml:\d+: pads.36.steps"):
        save_pad(show, "one", PadKey(36), {"steps": 0})
    elsewhere.write_text("name: One\npads: 5\n")
    with pytest.raises(ConfigurationError, match=r"^presets/one.yaml:1: pads: must be keys and values"):
        save_pad(show, "one", PadKey(36), {"steps": 1})


def test_a_folder_that_is_gone(show):
    shutil.rmtree(show.folder / "presets")
    with pytest.raises(StorageError, match="the folder or file is gone"):
        save_pad(show, "one", PadKey(36), {"steps": 3})
    with pytest.raises(StorageError, match="the folder or file is gone"):
        remove_pad(show, "one", PadKey(36))


def test_a_bank_that_is_no_file(show, bank_file):
    bank_file.unlink()
    bank_file.mkdir()
    with pytest.raises(StorageError, match="cannot read"):
        save_pad(show, "one", PadKey(36), {"steps": 3})


def test_what_lies_in_the_way_of_the_new_file(show, bank_file):
    bank_file.with_name(".one.yaml.part").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        save_pad(show, "one", PadKey(36), {"steps": 3})
    assert bank_file.read_text() == BANK


@pytest.mark.parametrize("what", ["write", "copymode", "replace"])
def test_every_refusal_of_the_disk_is_ours_and_leaves_nothing_behind(show, bank_file, monkeypatch, what):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "no space")

    if what == "copymode":
        monkeypatch.setattr(pad_editing.shutil, "copymode", full)
    elif what == "replace":
        monkeypatch.setattr(type(bank_file), "replace", full)
    else:
        opened = type(bank_file).open
        monkeypatch.setattr(
            type(bank_file), "open", lambda path, *how: (full if how == ("xb",) else opened)(path, *how)
        )
    with pytest.raises(StorageError, match="the disk is full"):
        save_pad(show, "one", PadKey(36), {"steps": 3})
    monkeypatch.undo()
    assert bank_file.read_text() == BANK
    assert [path.name for path in sorted(bank_file.parent.iterdir())] == ["one.yaml", "two.yaml"]


def test_a_pad_that_can_never_be_rendered_is_not_saved_but_holds_up_no_other(show, bank_file):
    with pytest.raises(ConfigurationError, match=r"presets/one.yaml:\d+: pads.37.sampler: small has no sampler 'eulr'"):
        save_pad(show, "one", PadKey(37), {"model": "small", "sampler": "eulr"})
    bank_file.write_text(BANK.replace("steps: 20", "model: small\n    sampler: eulr"))
    show = loading.load(show.path, environment={})
    save_pad(show, "one", PadKey(36), {"prompt": "snow"})
    assert "snow" in bank_file.read_text()


def test_the_shipped_banks_keep_their_bytes(tmp_path):
    shipped = shipped_path()
    shutil.copy(shipped, tmp_path)
    shutil.copytree(shipped.parent / "presets", tmp_path / "presets")
    show = loading.load(tmp_path / "presets.yaml", environment={})
    for bank in show.banks:
        path = tmp_path / "presets" / f"{bank.slug}.yaml"
        before = path.read_text()
        key, pad = next(iter(bank.pads.items()))
        save_pad(show, bank.slug, key, {"prompt": "something else"})
        assert path.read_text().replace("something else", pad.prompt) == before


def test_lines_end_as_they_did(show, bank_file):
    bank_file.write_bytes(BANK.replace("\n", "\r\n").encode())
    save_pad(show, "one", PadKey(37), {"steps": 25})
    assert bank_file.read_bytes() == BANK.replace("steps: 20", "steps: 25").replace("\n", "\r\n").encode()


# --- versions and undoing --------------------------------------------------------------------------------------------

DRONE = {"prompt": "low drone", "steps": 20, "velocity": {"sets": "cfg_scale", "range": (3.0, 9.0)}}


def test_what_others_changed_meanwhile_is_kept(show):
    save_pad(show, "one", PadKey(37), {"steps": 30}, DRONE)
    save_pad(show, "one", PadKey(37), {"prompt": "far drone"}, DRONE)
    pad = reread(show).pads[PadKey(37)]
    assert (pad.prompt, pad.steps) == ("far drone", 30)


def test_what_others_changed_is_only_overwritten_by_who_has_seen_it(show):
    save_pad(show, "one", PadKey(37), {"prompt": "far drone", "steps": 30}, DRONE)
    with pytest.raises(EditConflictError, match="C#1 has been changed") as refused:
        save_pad(show, "one", PadKey(37), {"prompt": "near drone", "steps": 30}, DRONE)
    assert refused.value.keys == ("prompt",)
    assert reread(show).pads[PadKey(37)].prompt == "far drone"
    save_pad(show, "one", PadKey(37), {"prompt": "near drone"}, refused.value.now)
    assert reread(show).pads[PadKey(37)].prompt == "near drone"


def test_a_new_pad_takes_no_pad_s_place_that_nobody_has_seen(show):
    with pytest.raises(EditConflictError, match="has been changed or taken") as refused:
        save_pad(show, "one", PadKey(36), {"prompt": "snare", "steps": 9}, None, whole=True)
    assert refused.value.now == {"prompt": "rain on tin", "colour": "blue"}
    save_pad(show, "one", PadKey(36), {"prompt": "snare", "steps": 9}, refused.value.now, whole=True)
    assert reread(show).pads[PadKey(36)].model_dump(exclude_unset=True) == {"prompt": "snare", "steps": 9}


def test_a_pad_that_is_gone_is_not_changed_or_made_without_a_word(show):
    remove_pad(show, "one", PadKey(37))
    with pytest.raises(EditConflictError, match="is not in the file any more") as refused:
        save_pad(show, "one", PadKey(37), {"steps": 30}, DRONE)
    assert refused.value.now is None


def test_a_pad_is_removed_as_it_was_seen(show):
    save_pad(show, "one", PadKey(37), {"steps": 30})
    with pytest.raises(EditConflictError) as refused:
        remove_pad(show, "one", PadKey(37), DRONE)
    remove_pad(show, "one", PadKey(37), refused.value.now)
    assert PadKey(37) not in reread(show).pads


@pytest.mark.parametrize(
    "edit",
    [
        lambda show: save_pad(show, "one", PadKey(37), {"prompt": "far drone", "velocity": None}),
        lambda show: save_pad(show, "one", PadKey(40), {"prompt": "kick"}),
        lambda show: save_pad(show, "one", PadKey(36), {"prompt": "kick"}, whole=True),
        lambda show: remove_pad(show, "one", PadKey(37)),
    ],
    ids=["changed", "new", "replaced", "removed"],
)
def test_every_edit_can_be_undone_to_the_byte_and_done_again(show, bank_file, edit):
    done = edit(show)
    after = bank_file.read_text()
    assert after != BANK
    undone = undo(show, done)
    assert bank_file.read_text() == BANK
    undo(show, undone)
    assert bank_file.read_text() == after


def test_undoing_keeps_what_was_changed_elsewhere(show, bank_file):
    removed = remove_pad(show, "one", PadKey(37))
    added = save_pad(show, "one", PadKey(40), {"prompt": "kick"})
    changed = save_pad(show, "one", PadKey(36), {"prompt": "hail"})
    bank_file.write_text(bank_file.read_text().replace("program: 1 ", "program: 7 "))
    for edit in (removed, added, changed):
        undo(show, edit)
    bank = reread(show)
    assert bank.program == 7
    assert [pad.prompt for _, pad in sorted(bank.pads.items())] == ["rain on tin", "low drone", "by name"]
    assert bank.pads[PadKey(37)].model_dump(exclude_unset=True) == DRONE


def test_undoing_does_not_take_back_what_came_after_it_unless_told_to(show):
    edit = save_pad(show, "one", PadKey(36), {"prompt": "hail"})
    save_pad(show, "one", PadKey(36), {"prompt": "snow"})
    with pytest.raises(EditConflictError):
        undo(show, edit)
    assert reread(show).pads[PadKey(36)].prompt == "snow"
    undo(show, edit, overwrite=True)
    assert reread(show).pads[PadKey(36)].prompt == "rain on tin"


def test_what_check_refuses_now_is_not_put_back(show, bank_file):
    show.path.write_text(SHOW + "fragments: {count: 8}\n")
    edit = save_pad(show, "one", PadKey(36), {"slot": 8})
    last = save_pad(show, "one", PadKey(36), {"slot": 1})
    show.path.write_text(SHOW + "fragments: {count: 4}\n")
    with pytest.raises(ConfigurationError, match="8 is above 4"):
        undo(show, last)
    assert "slot: 1" in bank_file.read_text()
    undo(show, edit, overwrite=True)
    assert "slot" not in bank_file.read_text()
