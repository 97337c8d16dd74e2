import pytest

from midifrag.config import loading
from midifrag.events import Notice, Reload
from midifrag.show.reload import ConfigWatch

BANK = "name: Opening\npads: {36: {prompt: rain}}\n"


class Show:
    """The part of a runtime that reloading needs."""

    def __init__(self, path):
        self.loaded = loading.load(path, environment={})
        self.put_items = []

    def put(self, item):
        self.put_items.append(item)


@pytest.fixture
def show(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text("set_list: [opening]\n", encoding="utf-8")
    (tmp_path / "presets" / "opening.yaml").write_text(BANK, encoding="utf-8")
    return Show(tmp_path / "presets.yaml")


def change(show, text, name="presets/opening.yaml"):
    (show.loaded.folder / name).write_text(text, encoding="utf-8")


def test_a_changed_bank_is_read_and_handed_over(show):
    watch = ConfigWatch(show, interval=0.0)
    watch.look()
    assert show.put_items == []
    change(show, BANK.replace("rain", "heavy storm"))
    watch.look()
    (item,) = show.put_items
    assert isinstance(item, Reload)
    assert item.loaded.banks[0].pads["36"].prompt == "heavy storm"
    assert show.loaded is item.loaded


def test_a_mistake_is_told_once_and_the_last_good_configuration_stays(show):
    watch = ConfigWatch(show, interval=0.0)
    good = show.loaded
    change(show, BANK.replace("rain}", "rain, steps: 0, seconds: -1}"))
    watch.look()
    watch.look()
    assert all(isinstance(notice, Notice) for notice in show.put_items)
    first, second = (notice.text for notice in show.put_items)
    assert "presets/opening.yaml:2: pads.36.steps: 0 is below 1" in first
    assert "pads.36.seconds" in second
    assert show.loaded is good


def test_a_file_that_was_just_emptied_is_left_alone_until_it_is_written(show):
    watch = ConfigWatch(show, interval=0.0)
    change(show, "", "presets.yaml")
    watch.look()
    assert show.put_items == []
    change(show, "set_list: [opening]\ntempo: 99\n", "presets.yaml")
    watch.look()
    assert show.put_items[-1].loaded.show.tempo == 99


def test_what_is_only_read_at_the_start_is_said(show):
    watch = ConfigWatch(show, interval=0.0)
    change(show, "set_list: [opening]\nfragments: {count: 4}\n", "presets.yaml")
    watch.look()
    assert "fragments.count: changed, takes effect at the next start" in show.put_items[0].text
    # It still waits, and nobody needs to hear it again; taken back, nothing waits.
    change(show, "set_list: [opening]\nfragments: {count: 4}\ntempo: 99\n", "presets.yaml")
    watch.look()
    change(show, "set_list: [opening]\ntempo: 98\n", "presets.yaml")
    watch.look()
    assert [type(item) for item in show.put_items] == [Notice, Reload, Reload, Reload]


def test_what_counts_at_once_is_not_said_to_wait(show):
    watch = ConfigWatch(show, interval=0.0)
    text = "set_list: [opening]\nfragments: {fade_ms: 3}\nqueue: {size: 2}\nengine: {spares: {count: 1}}\n"
    change(show, text, "presets.yaml")
    watch.look()
    assert [type(item) for item in show.put_items] == [Reload]


def test_a_notification_that_changes_is_said_to_wait(show):
    watch = ConfigWatch(show, interval=0.0)
    change(show, "set_list: [opening]\nnotify: {port: midifrag}\n", "presets.yaml")
    watch.look()
    assert "notify: changed, takes effect at the next start" in show.put_items[0].text


def test_a_mistake_of_ours_does_not_end_the_show(show, monkeypatch, caplog):
    watch = ConfigWatch(show, interval=0.0)
    change(show, BANK.replace("rain", "storm"))
    with monkeypatch.context() as patch:
        patch.setattr("midifrag.config.loading.load", lambda *_: {}["x"])
        watch.look()
        watch.look()
    assert [item.text for item in show.put_items] == ["unexpected: KeyError('x') (the last good configuration stays)"]
    assert "could not be read" in caplog.text
    change(show, BANK.replace("rain", "snow"))
    watch.look()
    assert show.put_items[-1].loaded.banks[0].pads["36"].prompt == "snow"


def test_what_another_watch_has_taken_over_is_not_read_twice(show):
    watch, other = ConfigWatch(show, interval=0.0), ConfigWatch(show)
    change(show, BANK.replace("rain", "heavy storm"))
    other.reload()
    watch.look()
    assert len(show.put_items) == 1
    change(show, BANK.replace("rain", "snow"))
    watch.look()
    assert show.put_items[-1].loaded.banks[0].pads["36"].prompt == "snow"
