import os
import queue
from operator import attrgetter

import pytest
from pydantic import BaseModel

from midifrag.bridge.items import Reload
from midifrag.config import loading
from midifrag.config.problems import MOST_PROBLEMS
from midifrag.config.settings import Settings
from midifrag.events import Notice
from midifrag.pad_key import PadKey
from midifrag.show.reload import AT_START, ConfigWatch, as_begun
from tests.support import PATIENCE
from tests.support.shows import loaded

BANK = "name: Opening\npads: {36: {prompt: rain}}\n"


class Set:
    """A set on disk, a watch over it, and what the watch handed over."""

    def __init__(self, path):
        self.folder = path.parent
        self.put_items = []
        self.watch = ConfigWatch(loading.load(path, environment={}), self.put_items.append)


@pytest.fixture
def show(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text("set_list: [opening]\n", encoding="utf-8")
    (tmp_path / "presets" / "opening.yaml").write_text(BANK, encoding="utf-8")
    return Set(tmp_path / "presets.yaml")


def change(show, text, name="presets/opening.yaml"):
    (show.folder / name).write_text(text, encoding="utf-8")


def test_a_changed_bank_is_read_and_handed_over(show):
    show.watch.look()
    assert show.put_items == []
    change(show, BANK.replace("rain", "heavy storm"))
    show.watch.look()
    (item,) = show.put_items
    assert isinstance(item, Reload)
    assert item.loaded.banks[0].pads[PadKey(36)].prompt == "heavy storm"
    show.watch.look()
    assert show.put_items == [item]


def test_a_mistake_is_told_once_and_the_last_good_configuration_stays(show):
    change(show, BANK.replace("rain}", "rain, steps: 0, seconds: -1}"))
    show.watch.look()
    show.watch.look()
    assert all(isinstance(notice, Notice) for notice in show.put_items)
    first, second = (notice.text for notice in show.put_items)
    assert "presets/opening.yaml:2: pads.36.steps: 0 is below 1" in first
    assert "pads.36.seconds" in second
    change(show, BANK.replace("rain", "heavy storm"))
    show.watch.look()
    assert show.put_items[-1].loaded.banks[0].pads[PadKey(36)].prompt == "heavy storm"


def test_a_file_that_was_just_emptied_is_left_alone_until_it_is_written(show):
    change(show, "", "presets.yaml")
    show.watch.look()
    assert show.put_items == []
    change(show, "set_list: [opening]\ntempo: 99\n", "presets.yaml")
    show.watch.look()
    assert show.put_items[-1].loaded.settings.tempo == 99


def test_a_file_that_stays_empty_is_refused_and_told_once(show):
    change(show, "", "presets.yaml")
    for _ in range(4):
        show.watch.look()
    assert [item.text for item in show.put_items] == ["presets.yaml is empty (the last good configuration stays)"]
    change(show, "set_list: [opening]\ntempo: 99\n", "presets.yaml")
    show.watch.look()
    assert show.put_items[-1].loaded.settings.tempo == 99
    change(show, "", "presets.yaml")
    show.watch.look()
    assert len(show.put_items) == 2


@pytest.mark.parametrize("name", ["presets.yaml", "presets/opening.yaml"])
@pytest.mark.parametrize(
    "place", [lambda path: os.mkfifo(path), lambda path: path.symlink_to("/dev/null"), lambda path: path.mkdir()]
)
def test_what_is_no_file_any_more_is_told_once(show, name, place):
    path = show.folder / name
    path.unlink()
    place(path)
    for _ in range(3):
        show.watch.look()
    (notice,) = show.put_items
    assert "cannot be read: it is no file" in notice.text
    assert notice.text.endswith("(the last good configuration stays)")


def test_a_bank_of_mistakes_is_told_by_the_first_ones(show):
    wrong = "".join(f"  {note}/{channel}: {{steps: 0}}\n" for note in range(128) for channel in range(1, 17))
    change(show, f"name: Opening\npads:\n{wrong}")
    show.watch.look()
    assert len(show.put_items) == MOST_PROBLEMS + 1
    assert "more mistakes begin here" in show.put_items[-1].text


@pytest.mark.parametrize("deep", ["{a: " * 400 + "}" * 400, "[" * 5000, "".join(f"\n{' ' * i}a:" for i in range(900))])
def test_what_lies_too_deep_is_told_with_its_place(show, deep, caplog):
    change(show, f"name: Opening\npads: {deep}")
    show.watch.look()
    (notice,) = show.put_items
    assert notice.text.startswith("presets/opening.yaml:")
    assert "more than 32 deep" in notice.text
    assert not caplog.records


def test_pads_that_can_never_be_rendered_are_told_once_and_the_others_play(show):
    change(show, "name: Opening\npads:\n  36: {prompt: rain, model: small, sampler: eulr}\n  37: {prompt: wind}\n")
    show.watch.look()
    reload, notice = show.put_items
    assert PadKey(37) in reload.loaded.banks[0].pads
    assert notice.text.startswith("presets/opening.yaml:3: pads.36.sampler: small has no sampler 'eulr'")
    assert notice.text.endswith("; the other pads play")
    change(show, "name: Opening\n\npads:\n  36: {prompt: hail, model: small, sampler: eulr}\n")
    show.watch.look()
    assert [type(item) for item in show.put_items] == [Reload, Notice, Reload]


def test_what_is_only_read_at_the_start_is_said(show):
    change(show, "set_list: [opening]\nfragments: {count: 4}\n", "presets.yaml")
    show.watch.look()
    assert "fragments.count: changed, takes effect at the next start" in show.put_items[0].text
    # It still waits, and nobody needs to hear it again; taken back, nothing waits.
    change(show, "set_list: [opening]\nfragments: {count: 4}\ntempo: 99\n", "presets.yaml")
    show.watch.look()
    change(show, "set_list: [opening]\ntempo: 98\n", "presets.yaml")
    show.watch.look()
    assert [type(item) for item in show.put_items] == [Notice, Reload, Reload, Reload]


def test_what_counts_at_once_is_not_said_to_wait(show):
    text = "set_list: [opening]\nfragments: {fade_ms: 3}\nqueue: {size: 2}\nengine: {spares: {count: 1}}\n"
    change(show, text, "presets.yaml")
    show.watch.look()
    assert [type(item) for item in show.put_items] == [Reload]


@pytest.mark.parametrize("key", ["instruments: {sfz: true}", "ableton: {port: 4711}", "osc: {listen: 7400}"])
def test_of_doors_nothing_waits_for_the_next_start(show, key):
    change(show, f"set_list: [opening]\n{key}\n", "presets.yaml")
    show.watch.look()
    assert [type(item) for item in show.put_items] == [Reload]


#: What of a set counts at once, beside what `AT_START` and `DOORS` name; ``serve`` means nothing to a show that runs.
AT_ONCE = {
    "model", "fragments", "set_list", "tempo", "key", "time", "defaults", "controls", "actions", "program_changes",
    "gestures", "performers",
    "panic_on", "playback.gain", "input.seconds", "queue", "engine.spares", "ableton", "osc", "instruments", "serve",
}  # fmt: skip


def test_of_each_key_of_a_set_it_is_said_when_it_counts():
    keys = set()
    for name in Settings.model_fields:
        model = type(getattr(Settings(), name))
        parts = model.model_fields if issubclass(model, BaseModel) else {}
        keys |= {f"{name}.{part}" for part in parts} or {name}
    unknown = [key for key in keys if not {key, key.partition(".")[0]} & {*AT_ONCE, *AT_START}]
    assert unknown == []
    assert not AT_ONCE.intersection(AT_START)
    for name in AT_START:
        attrgetter(name)(Settings())


def test_a_set_as_it_was_begun_keeps_what_is_only_read_at_the_start():
    begun = loaded(fragments={"count": 4}, client="one", ports={"a": {"in": "x"}})
    other = loaded(fragments={"count": 5, "fade_ms": 7}, client="two", ports={"b": {"in": "x"}}, tempo=90)
    settings = as_begun(other, begun).settings
    assert [attrgetter(name)(settings) for name in AT_START] == [attrgetter(name)(begun.settings) for name in AT_START]
    assert (settings.fragments.fade_ms, settings.tempo) == (7, 90)


def test_a_notification_that_changes_is_said_to_wait(show):
    change(show, "set_list: [opening]\nnotify: {port: midifrag}\n", "presets.yaml")
    show.watch.look()
    assert "notify: changed, takes effect at the next start" in show.put_items[0].text


def test_a_mistake_of_ours_does_not_end_the_show(show, monkeypatch, caplog):
    change(show, BANK.replace("rain", "storm"))
    with monkeypatch.context() as patch:
        patch.setattr("midifrag.config.loading.load", lambda *_: {}["x"])
        show.watch.look()
        show.watch.look()
    assert [item.text for item in show.put_items] == ["unexpected: KeyError('x') (the last good configuration stays)"]
    assert "could not be read" in caplog.text
    change(show, BANK.replace("rain", "snow"))
    show.watch.look()
    assert show.put_items[-1].loaded.banks[0].pads[PadKey(36)].prompt == "snow"


def test_words_that_yaml_leaves_out_are_told_once_and_the_rest_is_taken_over(show):
    for text in ("", "# a comment\n"):
        change(show, BANK.replace("rain", "&drum loop") + text)
        show.watch.look()
    first, *others = show.put_items
    assert first.loaded.banks[0].pads[PadKey(36)].prompt == "loop"
    assert [type(item) for item in others] == [Notice, Reload]
    assert others[0].text == (
        'presets/opening.yaml:2: pads.36.prompt: YAML does not take &drum for text; if it is, write "&drum loop"'
    )


def test_words_that_were_left_out_before_the_start_are_told_too(show):
    change(show, BANK.replace("rain", "&drum loop"))
    told = queue.SimpleQueue()
    watch = ConfigWatch(loading.load(show.folder / "presets.yaml", environment={}), told.put)
    watch.start()
    try:
        assert "&drum" in told.get(timeout=PATIENCE).text
    finally:
        watch.close()


def test_a_watch_looks_by_itself_and_at_once_when_it_is_asked(show):
    handed_over = queue.Queue()
    watch = ConfigWatch(loading.load(show.folder / "presets.yaml", environment={}), handed_over.put, interval=3600.0)
    watch.start()
    change(show, BANK.replace("rain", "heavy storm"))
    watch.read_again()
    assert handed_over.get(timeout=PATIENCE).loaded.banks[0].pads[PadKey(36)].prompt == "heavy storm"
    watch.close()
