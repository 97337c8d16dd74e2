"""Whether a show and its banks agree, on data; what is said of files, with their lines, is in test_loading.py."""

import pytest

from midifrag.config.agreement import BankSource, disagreements, shared_programs
from midifrag.config.problems import Sources
from tests.support.shows import bank, loaded


def problems(*banks, **show):
    """What is said of a show with these keys; ``banks`` are a bank's own keys each, with the pad that they are of."""
    made = [bank(**one) for one in banks] or [bank()]
    sources = [BankSource(one, Sources("presets/opening.yaml", keys)) for one, keys in zip(made, banks, strict=False)]
    found = disagreements(loaded(*made, **show).settings, sources, Sources("presets.yaml", show))
    return [f"{problem.key}: {problem.message}" for problem in found]


def pad(**keys):
    return {"pads": {"36": {"prompt": "rain", **keys}}}


def test_a_show_that_names_what_there_is_agrees():
    own = pad(model="sketch", slot=8, port="midifrag")
    assert problems(own, notify={"port": "midifrag"}, time={"source": "midi:midifrag"}) == []


@pytest.mark.parametrize(("own", "place"), [({}, "defaults.loras"), ({"loras": "n"}, "pads.36.loras")])
def test_loras_of_all_levels_together_are_no_more_than_may_play(own, place):
    def some(name, count):
        return [{"file": f"{name}{number}.safetensors"} for number in range(count)]

    keys = {name: some(listed, 1) for name, listed in own.items()}
    show = {"models": {"mine": {"hub": "me/mine", "loras": some("a", 10)}}, "model": "mine"}
    assert problems(pad(**keys) | {"defaults": {"loras": some("b", 5)}}, **show) == []
    found = problems(pad(**keys) | {"defaults": {"loras": some("b", 6 if own else 7)}}, **show)
    assert found == [f"{place}: has 17 LoRAs; 16 are the most, those of farther levels among them"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"model": "nope"}, "pads.36.model: 'nope' is none of"),
        ({"port": "nope"}, "pads.36.port: 'nope' is none of midifrag"),
        ({"slot": 9}, "pads.36.slot: 9 is above 8"),
    ],
)
def test_a_pad_names_what_the_show_has(keys, expected):
    [found] = problems(pad(**keys))
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ({"model": "nope"}, "model: 'nope' is none of"),
        ({"defaults": {"model": "nope"}}, "defaults.model: 'nope' is none of"),
        ({"notify": {"port": "nope"}}, "notify.port: 'nope' is none of midifrag"),
        ({"time": {"source": "midi:nope"}}, "time.source: 'nope' is none of midifrag"),
        ({"program_changes": {"port": "nope"}}, "program_changes.port: 'nope' is none of midifrag"),
        ({"actions": [{"cc": 1, "does": "lock", "slot": 9}]}, "actions.0.slot: 9 is above 8"),
        ({"actions": [{"cc": 1, "does": "bank", "bank": "nope"}]}, "actions.0.bank: 'nope' is none of opening"),
        ({"actions": [{"cc": 1, "does": "panic", "port": "nope"}]}, "actions.0.port: 'nope' is none of midifrag"),
        (
            {"controls": [{"cc": 1, "sets": "steps", "range": [1, 9], "port": "nope"}]},
            "controls.0.port: 'nope' is none of midifrag",
        ),
        ({"set_list": ["opening", "opening"]}, "set_list: opening stands there more than once"),
    ],
)
def test_a_show_names_what_it_has_itself(show, expected):
    [found] = problems(**show)
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("controls", "expected"),
    [([{"cc": 1, "sets": "steps", "range": [1, 9], "port": "nope"}], "controls.0.port: 'nope' is none of midifrag")],
)
def test_a_bank_names_ports_of_the_show(controls, expected):
    assert problems({**pad(), "controls": controls}) == [expected]


def test_what_stands_in_is_told_under_the_key_that_was_written():
    [found] = problems(engine={"stand_in": "nope"})
    assert found.startswith("engine.stand_in: 'nope' is none of")
    [older] = problems(engine={"fallback": "nope"})
    assert older.startswith("engine.fallback: 'nope' is none of")


def test_slots_and_archive_must_not_replace_each_other():
    show = {"fragments": {"folder": "f", "name": "output{:03d}.wav"}, "archive": {"folder": "f"}}
    [found] = problems(**show)
    assert found.startswith("archive.folder: raw takes would lie among the slots")
    assert problems(fragments={"folder": "f", "name": "slot{:02d}.wav"}, archive={"folder": "f"}) == []


def test_a_program_selects_one_bank():
    sources = Sources("presets/two.yaml", {"program": 5})
    banks = [BankSource(bank(slug, program=5), sources) for slug in ("one", "two")]
    [found] = shared_programs(banks)
    assert (found.key, found.message) == ("program", "5 already selects one; each bank has its own")
    assert list(shared_programs(banks[:1])) == []


def test_a_program_may_select_another_bank_under_another_bank_select():
    sources = Sources("presets/two.yaml", {"program": 5})
    banks = [BankSource(bank("one", program=5), sources), BankSource(bank("two", program=5, bank_select=1), sources)]
    assert list(shared_programs(banks)) == []
    (found,) = shared_programs([*banks, BankSource(bank("three", program=5, bank_select=1), sources)])
    assert found.message == "5 already selects two; each bank has its own"


def ports(**thru):
    return {name: {"in": name, "out": name, "thru": others} for name, others in thru.items()}


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ({"ports": ports(a=["nope"])}, "ports.a.thru: 'nope' is none of a"),
        ({"ports": ports(a=["a"])}, "ports.a.thru: goes round: a → a; messages would never end"),
        ({"ports": ports(a=["b"], b=["a"])}, "ports.a.thru: goes round: a → b → a; messages would never end"),
        ({"ports": {"a": {"in": "a", "thru": "b"}, "b": {"in": "b"}}}, "ports.a.thru: b has no out"),
        ({"performers": {"left": {}}}, "performers.left: 'left' is none of"),
    ],
)
def test_ports_agree_on_what_goes_on_where(show, expected):
    assert problems(**show)[0].startswith(expected)


def test_messages_may_go_on_along_ways_that_end():
    assert problems(ports=ports(a=["b", "c"], b=["c"], c=[])) == []


@pytest.mark.parametrize(
    ("performers", "expected"),
    [
        ({"left": {"slots": [1, 9]}}, "performers.left.slots: [1, 9] is no part of slots 1 to 8"),
        ({"left": {"slots": [4, 2]}}, "performers.left.slots: [4, 2] is no part of slots 1 to 8"),
        (
            {"left": {"slots": [1, 4]}, "right": {"slots": [4, 8]}},
            "performers.right.slots: slot 4 is left's already; each has their own",
        ),
        ({"left": {"slots": [1, 8]}}, "performers: no slot is left for right"),
    ],
)
def test_performers_agree_on_their_slots(performers, expected):
    played = {"a": {"in": "a", "performer": "left"}, "b": {"in": "b", "performer": "right"}}
    assert problems(ports=played, performers=performers)[0].startswith(expected)


def test_what_presses_a_pad_too_comes_on_a_port_that_there_is():
    [found] = problems(pad(also=[{"note": 3, "port": "nope"}]))
    assert found.startswith("pads.36.also.0.port: 'nope' is none of midifrag")
