"""Pads written back to a bank's file."""

import shutil

import pytest

from midifrag.config import loading, pad_editing
from midifrag.config.pad_editing import remove_pad, save_pad
from midifrag.config.shipped import shipped_path
from midifrag.errors import ConfigurationError, StorageError
from midifrag.pad_key import PadKey

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
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text(SHOW)
    (tmp_path / "presets" / "one.yaml").write_text(BANK)
    (tmp_path / "presets" / "two.yaml").write_text("name: Two\nprogram: 2\npads: {36: {prompt: kick}}\n")
    return loading.load(tmp_path / "presets.yaml", environment={})


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
    assert "\n  40: {prompt: 'kick: short', seconds: 1.5}\n" in bank_file.read_text()
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
    with pytest.raises(StorageError, match="midifrag check"):
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
