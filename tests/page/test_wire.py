"""What the show's process and the page's process say to each other."""

import pickle
from pathlib import Path
from typing import get_args

from midifrag.events import ConfigurationChanged, StateChange
from midifrag.page.wire import Configuration, FromShow, MidiSeen, configuration
from tests.support.shows import bank, loaded


def test_a_configuration_can_be_sent_and_says_the_same_there():
    show = loaded(bank(), bank("second"), ports={"pads": {"in": "Grid"}}, fragments={"folder": "frag", "count": 4})
    sent = configuration(show)
    there = pickle.loads(pickle.dumps(sent))
    assert there == sent
    assert there.loaded.settings.model_dump() == show.settings.model_dump()
    assert there.loaded.banks == show.banks


def test_folders_are_those_of_where_the_show_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sent = configuration(loaded(fragments={"folder": "frag"}))
    assert sent.fragments == Path(tmp_path / "frag")
    assert sent.archive == Path(tmp_path / "frag" / "archive")


def test_every_state_change_is_told_and_a_configuration_as_one_that_can_be_sent():
    told = {*get_args(FromShow)} - {Configuration, MidiSeen}
    assert told == {*get_args(StateChange)} - {ConfigurationChanged}
