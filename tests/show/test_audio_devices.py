from midifrag.events import Notice, PlaybackChanged
from midifrag.playback.messages import PlaybackState
from midifrag.show import audio_devices
from midifrag.show.audio_devices import hearing_for, player_for
from midifrag.states import NoticeLevel
from tests.support.shows import loaded


def test_a_player_is_made_as_the_set_says_and_none_where_it_says_off(monkeypatch):
    made = []

    def player(*arguments, **options):
        made.append((arguments[:2], options))
        raise OSError("no memory")

    monkeypatch.setattr(audio_devices, "Player", player)
    assert player_for(loaded().settings, print) is None
    told = []
    playback = {"device": "Desk", "outputs": {2: [3, 4]}, "gain": -6}
    settings = loaded(playback=playback, client="mine", fragments={"count": 5}).settings
    assert player_for(settings, told.append) is None
    assert made == [(("Desk", 5), {"outputs": {2: (3, 4)}, "gain": -6.0, "client": "mine"})]
    assert told == [PlaybackChanged(PlaybackState.OFF, text="no memory for sound: no memory")]


def test_an_input_is_heard_where_the_set_has_one_and_what_befalls_it_is_told(monkeypatch):
    made, told = [], []
    monkeypatch.setattr(audio_devices, "Hearing", lambda *arguments, **options: made.append((arguments, options)))
    assert hearing_for(loaded().settings, told.append) is None
    assert made == []
    hearing_for(loaded(input={"device": "Desk"}, client="mine").settings, told.append)
    [((device, tell), options)] = made
    assert (device, options) == ("Desk", {"client": "mine"})
    tell("Desk is there", False)
    tell("Desk is gone", True)
    assert told == [Notice(NoticeLevel.INFO, "Desk is there"), Notice(NoticeLevel.WARNING, "Desk is gone")]
