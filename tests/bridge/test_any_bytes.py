"""Any bytes, in any order, into a show with everything mapped: values stay within limits, and no press is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from midifrag.events import ControlChanged, PadChanged
from midifrag.intents import LetGo
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.messages import NoteOn
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

PADS = {
    36: {"prompt": "plain", "velocity": {"sets": "steps", "range": [1, 9]}},
    37: {"prompt": "gate", "press": "gate", "also": [{"cc": 64}]},
    38: {"prompt": "hold", "hold": {"sets": "seconds", "range": [1, 8]}, "also": [50]},
    39: {"prompt": "toggle", "press": "toggle"},
    41: {"prompt": "always"},
}
CONTROLS = [
    {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "relative": "twos"},
    {"cc": 22, "sets": "cfg_scale", "range": [10, 0], "takeover": "pickup", "scope": "pad"},
    {"cc": 2, "bits": 14, "sets": "seconds", "range": [0.5, 8], "takeover": "catch_up", "curve": "exponential"},
    {"nrpn": 130, "sets": "bars", "range": [1, 8]},
    {"pitch_bend": True, "sets": "steps", "range": [1, 100], "curve": "stepped"},
    {"aftertouch": "poly", "sets": "steps", "range": [1, 100], "scope": "pad"},
    {"release_velocity": True, "sets": "sigma_max", "range": [1, 100]},
]
ACTIONS = [
    {"while_held": 40, "does": "variation"},
    {"press": "long", "note": 36, "does": "reset"},
    {"while_held_cc": 89, "does": "lock"},
]
LIMITS = {"cfg_scale": (0, 10), "seconds": (0.5, 8), "bars": (1, 8), "steps": (1, 100), "sigma_max": (1, 100)}

BYTE = st.integers(0, 127)
NOTES = st.sampled_from([36, 37, 38, 39, 40, 41, 50])
CCS = st.sampled_from([2, 34, 6, 38, 96, 97, 98, 99, 100, 101, 21, 22, 64, 89, 120, 123])
CHANNEL = st.integers(0, 1)
MESSAGES = st.one_of(
    st.builds(lambda c, n, v: [0x90 | c, n, v], CHANNEL, NOTES, BYTE),
    st.builds(lambda c, n, v: [0x80 | c, n, v], CHANNEL, NOTES, BYTE),
    st.builds(lambda c, n, v: [0xA0 | c, n, v], CHANNEL, NOTES, BYTE),
    st.builds(lambda c, n, v: [0xB0 | c, n, v], CHANNEL, CCS, BYTE),
    st.builds(lambda c, n: [0xC0 | c, n], CHANNEL, st.integers(0, 2)),
    st.builds(lambda c, n, v: [0xE0 | c, n, v], CHANNEL, BYTE, BYTE),
    st.lists(st.integers(0, 255), max_size=4),
)


@given(st.lists(st.tuples(MESSAGES, st.sampled_from([0.0, 0.01, 0.2, 0.7])), max_size=60))
@settings(deadline=None)
def test_any_bytes_leave_a_show_sane(messages):
    show = loaded(
        bank("one", PADS, program=1),
        bank("two", PADS, program=2, controls=[CONTROLS[0]]),
        controls=CONTROLS,
        actions=ACTIONS,
    )
    rig, decoder = Rig(show), MessageDecoder("midifrag")
    presses = 0
    for data, later in messages:
        rig.clock.time += later
        decoder.pair(*rig.bridge.heard_together())
        parsed = decoder.parse(data)
        event = None if parsed is None else decoder.decode(parsed, rig.clock.now())
        if event is None:
            continue
        does = [action.does for action in rig.bridge.mapper_of(event.port).read(event).actions]
        # Pad 41 is played whatever is held, but for the shift that locks.
        presses += isinstance(event, NoteOn) and event.note == 41 and does != ["lock"]
        rig.bridge.handle(event)
        for _, position in rig.bridge.standing("midifrag"):
            assert position is None or 0 <= position <= 1
    for channel in range(1, 17):
        rig.bridge.handle(LetGo("midifrag", channel, rig.clock.now()))
    rig.clock.time += 10
    rig.bridge.elapse()
    assert rig.bridge.due is None
    for change in rig.told(ControlChanged):
        low, high = LIMITS[change.name]
        assert change.value is None or low - 1e-9 <= change.value <= high + 1e-9
    shown = {(one.bank, one.pad): one.state for one in rig.told(PadChanged)}
    assert PadState.GROWING not in shown.values()
    assert len({job.job for job in rig.jobs() if job.pad == PadKey(41)}) == presses
