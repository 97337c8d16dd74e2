"""Which port is meant, and who answers when all are asked."""

from __future__ import annotations

import pytest

from midifrag.config.ports import PortSettings
from midifrag.errors import PortError
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.finding import ASKED_AT_MOST, ask_around, find, identity_request, meant, missing
from midifrag.midi.memory import MemoryBackend

#: The reply of a Launchpad X, and of an APC mini mk2.
LAUNCHPAD = [0xF0, 0x7E, 0x00, 0x06, 0x02, 0x00, 0x20, 0x29, 0x03, 0x01, 0, 0, 0, 0, 0, 0xF7]
APC = [0xF0, 0x7E, 0x00, 0x06, 0x02, 0x47, 0x4F, 0x00, 0x19, 0, 0, 0, 0, 0xF7]


def endpoint(**settings):
    return endpoints_of("pads", PortSettings.model_validate(settings), "midifrag")[0]


BY_NAME, BY_FAMILY = endpoint(**{"in": "Pads"}), endpoint(surface="launchpad")


class Devices(MemoryBackend):
    """Devices that answer the inquiry: ``answers`` gives what comes in at which input for each output asked."""

    def __init__(self, *names, answers=(), refuses=()):
        super().__init__(names)
        self.answers = dict(answers)
        self.refuses = refuses
        self.opened = []

    def open_input(self, name, **options):
        self._note("in", name, options)
        return super().open_input(name, **options)

    def open_output(self, name, **options):
        self._note("out", name, options)
        return super().open_output(name, **options)

    def _note(self, direction, name, options):
        assert not options["virtual"]
        if (direction, name) in self.refuses:
            raise PortError(f"{name} is held by another program")
        self.opened.append((options["client"], name))

    def record(self, name, message):
        super().record(name, message)
        if ("send", name) in self.refuses:
            raise OSError("pulled")
        for source, data in self.answers.get(name, ()):
            self.play(source, data)

    def ask(self, surface="launchpad"):
        names = {"in": self.names("in"), "out": self.names("out")}
        found = ask_around(self, surface, names, "stage", 0.01)
        assert self._ports == []  # all that was opened for it is closed
        return found


# --- by name, by family ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wants", "names", "found"),
    [
        (BY_NAME, ["Keys", "My Pads 20:0"], "My Pads 20:0"),
        (BY_NAME, ["Keys", "Launchpad X MIDI 2"], None),
        (BY_FAMILY, ["My Pads", "Launchpad X MIDI 1", "Launchpad X MIDI 2"], "Launchpad X MIDI 2"),
        (BY_FAMILY, ["My Pads"], None),
        (BY_FAMILY, [], None),
    ],
)
def test_a_port_is_meant_by_its_name_or_by_its_family(wants, names, found):
    assert find(wants, names) == found


def test_several_are_refused_with_the_way_out():
    names = ["Launchpad X MIDI 2", "Launchpad Mini MK3 MIDI 2"]
    with pytest.raises(PortError, match=r"surface launchpad finds several: .*Mini MK3.*Say which one as in: and out:"):
        find(BY_FAMILY, names)
    with pytest.raises(PortError, match="'Pads' matches several ports"):
        find(BY_NAME, ["Pads A", "Pads B"])


def test_what_is_missing_is_said_with_what_is_there():
    assert missing(BY_NAME, ["Keys"]) == "no port matches 'Pads'; there are 'Keys'"
    models = "Launchpad Mini MK3 or Launchpad X or Launchpad Pro MK3"
    assert missing(BY_FAMILY, []) == f"{models} is not there under a name that midifrag knows; there are none"
    assert (meant(BY_NAME), meant(BY_FAMILY)) == ("'Pads'", models)


# --- by asking -------------------------------------------------------------------------------------------------------


def test_the_inquiry_goes_to_all_devices():
    assert identity_request().bytes() == [0xF0, 0x7E, 0x7F, 0x06, 0x01, 0xF7]


def test_a_device_is_found_by_the_input_that_answers_and_the_output_that_was_asked():
    system = Devices("A", "B", "C", answers={"B": [("C", LAUNCHPAD)]})
    assert system.ask() == ("C", "B")
    # The one that answered is asked twice: the first answer may have been a late one to the output before.
    assert system.sent == [("A", identity_request()), ("B", identity_request()), ("B", identity_request())]
    assert system.opened == [
        ("stage-asks-0-in", "A"),
        ("stage-asks-1-in", "B"),
        ("stage-asks-2-in", "C"),
        ("stage-asks-0-out", "A"),
        ("stage-asks-1-out", "B"),
    ]


@pytest.mark.parametrize("data", [APC, LAUNCHPAD[:6], [0x90, 36, 100], [0xF0, 0x7D, *LAUNCHPAD[2:]]])
def test_another_device_s_answer_and_what_is_none_are_passed_over(data):
    assert Devices("A", answers={"A": [("A", data)]}).ask() is None
    assert Devices("A", answers={"A": [("A", data), ("A", LAUNCHPAD)]}).ask() == ("A", "A")


def test_each_surface_finds_its_own():
    answers = {"A": [("A", APC)], "B": [("B", LAUNCHPAD)]}
    assert Devices("A", "B", answers=answers).ask("apc_mini_mk2") == ("A", "A")
    assert Devices("A", "B", answers=answers).ask("launchpad") == ("B", "B")


def test_who_answers_first_is_meant():
    assert Devices("A", "B", answers={"A": [("A", LAUNCHPAD), ("B", LAUNCHPAD)]}).ask() == ("A", "A")


@pytest.mark.parametrize("refused", [("in", "A"), ("out", "A"), ("send", "A")])
def test_a_port_that_cannot_be_used_keeps_no_other_from_being_found(refused):
    system = Devices("A", "B", answers={"B": [("B", LAUNCHPAD)]}, refuses=[refused])
    assert system.ask() == ("B", "B")


def test_nobody_waits_for_more_than_a_few_unknown_devices():
    names = [f"device {number}" for number in range(ASKED_AT_MOST + 1)]
    last, beyond = names[-2:]
    assert Devices(*names, answers={last: [(last, LAUNCHPAD)]}).ask() == (last, last)
    system = Devices(*names, answers={beyond: [(beyond, LAUNCHPAD)]})
    assert system.ask() is None
    assert len(system.sent) == ASKED_AT_MOST


def test_where_there_is_nothing_nobody_answers():
    assert Devices().ask() is None
