from midifrag.bridge.view import FINISHED, LANDINGS, NOTICES, View
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    JobTimes,
    Notice,
    PadChanged,
    PortChanged,
    SlotsChanged,
    TakeChanged,
)
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel, PadState
from tests.support.bridges import INFO
from tests.support.shows import bank, loaded, one_pad


def job(number, state, **times):
    return JobChanged(number, JobKind.PAD, state, "rain", "opening", PadKey(36), JobTimes(**times))


def pad(state, note=36, port=None, in_bank="opening"):
    return PadChanged(in_bank, PadKey(note), port, 1, note, state, None, 0.0)


def test_a_job_moves_from_open_to_finished_and_counts_as_latency_only_when_it_landed():
    view = View()
    waiting = {number: job(number, JobState.QUEUED, pressed=1.0) for number in (1, 2)}
    for one in waiting.values():
        view.apply(one)
    assert view.jobs == waiting
    view.apply(job(1, JobState.LANDED, pressed=1.0, landed=3.5))
    view.apply(job(2, JobState.FAILED, pressed=1.0, landed=4.5))
    assert view.jobs == {}
    assert [one.job for one in view.finished] == [1, 2]
    assert list(view.latencies) == [2.5]


def test_a_job_that_was_refused_was_never_open():
    view = View()
    view.apply(job(1, JobState.REFUSED, pressed=1.0))
    view.apply(job(2, JobState.LANDED, pressed=1.0))
    assert (view.jobs, [one.job for one in view.finished], list(view.latencies)) == ({}, [1, 2], [])


def test_percentiles_of_nothing_and_of_many():
    view = View()
    assert view.percentile(0.95) is None
    for number in reversed(range(100)):
        view.apply(job(number, JobState.LANDED, pressed=0.0, landed=float(number)))
    assert [view.percentile(share) for share in (0.0, 0.5, 0.95, 1.0)] == [0.0, 50.0, 95.0, 99.0]


def test_what_an_engine_is_stays_known_while_it_restarts():
    view = View()
    view.apply(EngineChanged("pocket", EngineState.WARMING, "weights", 1, 3))
    assert view.engines["pocket"].info is None
    view.apply(EngineChanged("pocket", EngineState.READY, info=INFO))
    view.apply(EngineChanged("pocket", EngineState.RESTARTING, "killed"))
    assert view.engines["pocket"] == EngineChanged("pocket", EngineState.RESTARTING, "killed", info=INFO)


def test_models_are_ready_while_their_engines_are():
    view = View()
    for model, state in zip("abcde", EngineState, strict=True):
        view.apply(EngineChanged(model, state))
    assert view.ready_models == {"b"}


def test_pads_keep_their_last_state():
    view = View()
    view.apply(BankChanged("opening", "Opening", 0, (pad(PadState.IDLE), pad(PadState.IDLE, 37))))
    view.apply(pad(PadState.QUEUED))
    view.apply(BankChanged("second", "Second", 1, (pad(PadState.IDLE, in_bank="second"),)))
    states = {place: one.state for place, one in view.pads.items()}
    assert states == {
        ("opening", PadKey(36)): "queued",
        ("opening", PadKey(37)): "idle",
        ("second", PadKey(36)): "idle",
    }


def test_pads_that_are_no_longer_in_the_configuration_are_forgotten():
    view = View(loaded(bank()))
    view.apply(pad(PadState.LANDED))
    view.apply(pad(PadState.LANDED, 37))
    view.apply(pad(PadState.LANDED, in_bank="second"))
    only = loaded(one_pad())
    view.apply(ConfigurationChanged(only))
    assert view.configuration is only
    assert list(view.pads) == [("opening", PadKey(36))]


def test_the_active_bank_is_that_of_the_configuration_in_use():
    view = View()
    assert (view.banks, view.active_bank) == ((), None)
    show = loaded(bank("one"), bank("two"))
    view.apply(ConfigurationChanged(show))
    assert (view.banks, view.active_bank) == (show.banks, None)
    view.apply(BankChanged("two", "Two", 1, ()))
    assert view.active_bank is show.banks[1]


def test_a_pad_at_rest_is_shown_where_it_is_bound_to_and_others_where_they_were_pressed():
    one = bank(pads={36: {"prompt": "a"}, "40/10": {"prompt": "b", "port": "keys", "colour": "red"}})
    view = View(loaded(one))
    fresh = PadChanged("opening", PadKey(40, 10), "keys", 10, 40, PadState.IDLE, "red", 5.0)
    assert view.pads_of(one, 5.0) == (
        PadChanged("opening", PadKey(36), None, 1, 36, PadState.IDLE, None, 5.0),
        fresh,
    )
    for key, bound, state, shown_at, time in (
        (PadKey(36), 0, PadState.QUEUED, "pads", 1.0),
        (PadKey(36), 0, PadState.READY, None, 1.0),
        (PadKey(40, 10), 1, PadState.LANDED, "pads", 1.0),
        (PadKey(40, 10), 1, PadState.READY, "keys", 1.0),
        (PadKey(40, 10), 1, PadState.IDLE, "keys", 5.0),
    ):
        view.apply(PadChanged("opening", key, "pads", 3, key.note, state, None, 1.0))
        shown = view.pads_of(one, 5.0)[bound]
        assert (shown.state, shown.port, shown.time) == (state, shown_at, time)


def test_what_lies_around_the_banks_is_told_to_who_starts_watching():
    view = View()
    assert view.surroundings() == []
    slots = SlotsChanged((SlotState(1, "output01.wav"),))
    engine = EngineChanged("sketch", EngineState.READY, info=INFO)
    ports = [PortChanged("pads", direction, "open", direction) for direction in ("in", "out")]
    for change in (*ports, engine, slots):
        view.apply(change)
    assert view.surroundings() == [slots, engine, *ports]
    view.apply(PortChanged("pads", "in", "lost", "gone"))
    assert view.surroundings()[-2].state == "lost"


def test_a_take_that_changed_is_the_archives_business():
    view = View()
    view.apply(TakeChanged(TakeRecord("rain", number=3)))
    assert view.surroundings() == []


def test_controls_have_their_last_value_and_what_is_over_is_kept_for_a_while():
    view = View()
    for number in range(300):
        view.apply(ControlChanged("steps", number))
        view.apply(Notice(NoticeLevel.INFO, str(number)))
        view.apply(job(number, JobState.LANDED, pressed=0.0, landed=float(number)))
    assert view.controls == {"steps": ControlChanged("steps", 299)}
    assert [notice.text for notice in view.notices] == [str(number) for number in range(300 - NOTICES, 300)]
    assert [one.job for one in view.finished] == list(range(300 - FINISHED, 300))
    assert list(view.latencies) == list(range(300 - LANDINGS, 300))


def test_values_of_single_pads_lie_apart_until_they_are_given_back():
    view = View(loaded())
    own = ControlChanged("steps", 4, bank="opening", pad=PadKey(36))
    for change in (ControlChanged("steps", 3), own):
        view.apply(change)
    assert view.controls == {"steps": ControlChanged("steps", 3)}
    assert view.pad_values == {("opening", PadKey(36), "steps"): own}
    view.apply(ControlChanged("steps", None, bank="opening", pad=PadKey(36)))
    view.apply(ControlChanged("steps", None, bank="opening", pad=PadKey(37)))
    assert view.pad_values == {}


def test_a_knob_that_waits_to_be_picked_up_for_a_pad_is_no_value_of_it():
    view = View(loaded())
    own = ControlChanged("steps", 4, bank="opening", pad=PadKey(36))
    for change in (
        own,
        ControlChanged("steps", 4, True, "opening", PadKey(36)),
        ControlChanged("steps", 100, True, "opening", PadKey(37)),
    ):
        view.apply(change)
    assert view.pad_values == {("opening", PadKey(36), "steps"): own}


def test_values_of_single_pads_are_those_that_follow_the_main_performers_bank():
    view = View(loaded())
    own = ControlChanged("steps", 4, bank="opening", pad=PadKey(36))
    view.apply(own)
    view.apply(BankChanged("second", "Second", 1, (), "right"))
    assert view.pad_values == {("opening", PadKey(36), "steps"): own}
    view.apply(BankChanged("second", "Second", 1, ()))
    assert view.pad_values == {}
