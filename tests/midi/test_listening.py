"""All inputs are heard, by the set's names where it has some, and devices are asked who they are."""

import mido
import pytest

from midifrag.config.settings import Settings
from midifrag.errors import PortError
from midifrag.midi.finding import ASKED_AT_MOST
from midifrag.midi.listening import Listening, Plugged
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.messages import ControlChange, NoteOn

#: The reply of a Launchpad X, and of an APC mini mk2.
LAUNCHPAD = [0xF0, 0x7E, 0x00, 0x06, 0x02, 0x00, 0x20, 0x29, 0x03, 0x01, 0, 0, 0, 0, 0, 0xF7]
APC = [0xF0, 0x7E, 0x00, 0x06, 0x02, 0x47, 0x4F, 0x00, 0x19, 0, 0, 0, 0, 0xF7]


class Devices(MemoryBackend):
    """Devices that answer the inquiry: ``answers`` gives the input and the reply for each output asked."""

    def __init__(self, *names, answers=(), held=()):
        super().__init__(names)
        self.answers, self.held, self.open = dict(answers), held, []

    def open_input(self, name, **options):
        if name in self.held:
            raise PortError(f"{name} is held by another program")
        return super().open_input(name, **options)

    def open_output(self, name, **options):
        if name in self.held:
            raise PortError(f"{name} is held by another program")
        return super().open_output(name, **options)

    def record(self, name, message):
        super().record(name, message)
        if name in self.answers:
            self.play(*self.answers[name])


@pytest.fixture
def listen():
    opened = []

    def listening(backend, ports=None):
        heard = []
        opened.append(Listening(backend, Settings.model_validate({"ports": ports or {}}), heard.append))
        return opened[-1], heard

    yield listening
    for one in opened:
        one.close()


def asked(listening):
    slept = []
    listening.ask(0.2, slept.append)
    return slept


def test_each_input_is_heard_by_its_name_in_the_set_or_by_its_own(listen):
    backend = Devices("Keys 20:0", "Other")
    listening, heard = listen(backend, {"keys": {"in": "Keys"}})
    assert listening.ports == {"Keys 20:0": "keys"}
    backend.play("Keys 20:0", mido.Message("note_on", note=36, velocity=90))
    backend.play("Other", mido.Message("control_change", control=7, value=3, channel=1))
    pressed, turned = heard
    assert isinstance(pressed, NoteOn)
    assert (pressed.port, pressed.note) == ("keys", 36)
    assert isinstance(turned, ControlChange)
    assert (turned.port, turned.channel, turned.cc, turned.value) == ("Other", 2, 7, 3)


def test_a_port_that_the_set_makes_itself_is_made(listen):
    backend = Devices()
    listening, heard = listen(backend, {"daw": {"in": {"virtual": "midifrag"}}})
    backend.play("midifrag", mido.Message("note_on", note=40))
    assert [event.port for event in heard] == ["daw"]
    assert listening.inputs == []


def test_nothing_is_heard_of_what_means_nothing_or_after_the_end(listen):
    backend = Devices("Keys")
    listening, heard = listen(backend)
    backend.play("Keys", [0xF0, 1, 2, 0xF7])
    backend.play("Keys", [0xFE])
    listening.close()
    backend.play("Keys", mido.Message("note_on", note=40))
    assert heard == []


def test_an_input_that_another_program_holds_is_named_and_the_others_are_heard(listen):
    backend = Devices("Held", "Keys", held=["Held"])
    listening, heard = listen(backend)
    assert listening.refused == ["Held"]
    asked(listening)
    backend.play("Keys", mido.Message("note_on", note=40))
    assert [event.port for event in heard] == ["Keys"]


def test_a_device_is_what_it_says_and_the_output_is_the_one_that_it_answered(listen):
    backend = Devices("USB 1", "USB 2", answers={"USB 2": ("USB 1", LAUNCHPAD)})
    listening, heard = listen(backend)
    assert listening.what_is("USB 1") == (None, "USB 1")
    assert asked(listening) == [0.0, 0.2, 0.0, 0.2]
    assert listening.what_is("USB 1") == ("launchpad", "Launchpad X (USB 1)")
    assert listening.output_of("USB 1") == "USB 2"
    assert listening.what_is("USB 2") == (None, "USB 2")
    assert heard == []


def test_what_a_device_says_first_counts(listen):
    backend = Devices("A", answers={"A": ("A", LAUNCHPAD)})
    listening, _ = listen(backend)
    asked(listening)
    backend.play("A", APC)
    assert listening.what_is("A")[0] == "launchpad"


def test_a_device_that_says_nothing_is_known_by_its_ports_name(listen):
    listening, _ = listen(Devices("APC mini mk2", "Some Box"))
    assert listening.what_is("APC mini mk2") == ("apc_mini_mk2", "APC mini mk2 (APC mini mk2)")
    assert listening.what_is("Some Box") == (None, "Some Box")
    assert listening.output_of("Some Box") == "Some Box"


def test_an_input_without_an_output_of_its_name_has_none(listen):
    backend = Devices("In only")
    backend._there["out"] = []
    assert listen(backend)[0].output_of("In only") is None


def test_the_only_output_of_an_inputs_device_is_its(listen):
    backend = Devices("MPK:MPK out")
    backend._there["out"] = ["MPK:MPK in", "Other:in"]
    assert listen(backend)[0].output_of("MPK:MPK out") == "MPK:MPK in"
    backend._there["out"] = ["MPK:MPK in", "MPK:MPK in 2"]
    assert listen(backend)[0].output_of("MPK:MPK out") is None
    backend._there["in"] = ["MPK:MPK out", "MPK:MPK out 2"]
    backend._there["out"] = ["MPK:MPK in"]
    assert listen(backend)[0].output_of("MPK:MPK out") is None


def test_what_comes_and_goes_is_told_and_an_input_that_comes_back_is_heard(listen):
    backend = Devices("Keys 20:0", held=["Held"])
    settings = Settings.model_validate({"ports": {"keys": {"in": "Keys"}}})
    listening, heard = listen(backend, {"keys": {"in": "Keys"}})
    assert listening.look(settings) == Plugged([], [])
    backend.unplug("Keys 20:0")
    assert listening.look(settings) == Plugged([], ["Keys 20:0"])
    backend.plug("Keys 24:0")
    backend.plug("Held")
    assert listening.look(settings) == Plugged(["Keys 24:0", "Held"], [])
    backend.play("Keys 24:0", mido.Message("note_on", note=36))
    assert [event.port for event in heard] == ["keys"]
    assert listening.refused == ["Held"]
    backend.held = []
    listening.look(settings)
    assert listening.refused == []


def test_an_input_whose_connection_was_cut_is_opened_anew(listen):
    backend = Devices("Keys")
    backend.tells = True
    listening, heard = listen(backend)
    backend.cut("Keys")
    listening.look(Settings.model_validate({}))
    backend.play("Keys", mido.Message("note_on", note=36))
    assert len(heard) == 1


def test_no_clock_is_a_touch(listen):
    listening, heard = listen(Devices("Keys"))
    for kind in ("clock", "start", "stop", "songpos"):
        listening._backend.play("Keys", mido.Message(kind))
    assert heard == []


def test_only_what_is_new_is_asked(listen):
    backend = Devices("A")
    listening, _ = listen(backend)
    asked(listening)
    backend.plug("B")
    listening.look(Settings.model_validate({}))
    asked(listening)
    assert [name for name, _ in backend.sent] == ["A", "B"]


def test_of_many_outputs_only_some_are_asked(listen):
    backend = Devices(*map(str, range(ASKED_AT_MOST + 5)))
    listening, _ = listen(backend)
    asked(listening)
    assert len(backend.sent) == ASKED_AT_MOST


def test_those_that_were_too_many_are_asked_later(listen):
    names = [f"Box {letter}" for letter in "abcdefghijklm"]
    backend = Devices(*names)
    listening, _ = listen(backend)
    asked(listening)
    asked(listening)
    asked(listening)
    assert [name for name, _ in backend.sent] == names


def late_reply(listen, at):
    """A reply of ``A`` that comes after ``at`` waits, while others are asked."""
    backend, waits = Devices("A", "B"), []
    listening, _ = listen(backend)

    def sleep(_seconds):
        waits.append(None)
        if len(waits) == at:
            backend.play("A", LAUNCHPAD)

    listening.ask(0.2, sleep)
    backend.play("A", LAUNCHPAD)
    return listening


@pytest.mark.parametrize("at", [2, 4, 99])
def test_a_late_reply_is_that_of_its_own_output(listen, at):
    listening = late_reply(listen, at)
    assert listening.what_is("A")[0] == "launchpad"
    assert listening.output_of("A") == "A"


def test_an_output_that_goes_while_it_is_asked_holds_up_none(listen):
    class Pulled(Devices):
        def record(self, name, message):
            if name == "A":
                raise OSError("pulled")
            super().record(name, message)

    backend = Pulled("A", "B", answers={"B": ("B", APC)})
    listening, _ = listen(backend)
    asked(listening)
    assert listening.what_is("B")[0] == "apc_mini_mk2"
