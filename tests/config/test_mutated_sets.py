"""Sets as they look after a slip, a bad disk or a wrong drop: each is read, or refused with a file and a line."""

import random
import re

import pytest

from midifrag.config import loading, problems
from midifrag.config.hints import hints
from midifrag.config.pad_editing import save_pad
from midifrag.errors import ConfigurationError, MidifragError
from midifrag.pad_key import PadKey
from tests.support.forms import some

SHOW = """\
model: sketch
models:
  mine: {folder: models/mine}
fragments: {folder: fragments, count: 8, name: "output{:02d}.wav"}
ports:
  pads: {in: "Launchpad.*MIDI", out: {virtual: lights}, surface: launchpad, channel: 1}
set_list: [opening, second]
defaults: &defaults {seconds: 4, cfg_scale: 7}
controls:
  - {cc: 21, sets: cfg_scale, range: [1, 12], takeover: pickup}
actions:
  - {cc: 119, does: panic}
  - {note: 98, does: bank, bank: second}
"""
BANK = """\
name: Opening
program: 1       # as Live shows it
defaults: {seconds: 4, steps: 20}
pads:
  36: &rain {prompt: "rain on a tin roof", colour: blue}
  C#1:
    prompt: >-
      low bowed cello drone,
      dark hall
    velocity: {sets: cfg_scale, range: [3, 9]}
    on_repress: replace
  38/10: {<<: *rain, seed: 7}
controls:
  - {pitch_bend: true, sets: steps, range: [4, 40], curve: stepped}
"""
SECOND = "name: Second\nprogram: 2\npads: {36: {prompt: wind, fragment: {fade_ms: 5}}}\n"
FILES = {"presets.yaml": SHOW, "presets/opening.yaml": BANK, "presets/second.yaml": SECOND}

LAUGH = "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("stuvw", "tuvwx", strict=True))
#: Each has been a traceback, or minutes, somewhere.
HOSTILE = [
    *("!!float abc", "!!bool 5", "!!timestamp 2001-13-45", "!!omap [a: 1]", "!!set {a}", "!!python/name:os.system x"),
    *("2001-12-14", "2001-13-45", "1" * 5000, "0x" + "f" * 4000, "-" + "9" * 41, "1e999", ".nan", "-.inf", "-_", "0x_"),
    *("*nothing", "&a", "&self {<<: *self}", "<<: *rain", "<<: 5", "? [a, b]\n: c", "{{}: 1}", "[[[]]]", "~", "''"),
    *(
        "[" * 500 + "]" * 500,
        "{a: " * 500 + "}" * 500,
        "- " * 300,
        "a: &s [x, x]\n" + LAUGH,
        "--- x",
        "...",
        "%YAML 9.9",
    ),
    *(
        '"\\uD800"',
        '"\\UFFFFFFFF"',
        '"\\0"',
        "a\tb: c",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "'",
        '"',
        "|\n",
        ">",
        "#",
        ":",
    ),
    *("a" * 300, "x/" * 600, "../../" * 30, "é" * 5000, "{0.__class__}", "{:9999999d}.wav", "(((((a*)*)*)*)*)*b"),
]


def mutated(chance, text):
    """``text`` after one mishap."""
    lines = text.splitlines(keepends=True)
    line, place = chance.randrange(len(lines)), chance.randrange(len(text))
    hostile = chance.choice(HOSTILE)
    match chance.randrange(9):
        case 0:
            return text[:place] + text[place + chance.randrange(1, 12) :]
        case 1:
            return (
                text[:place] + chr(chance.choice([chance.randrange(32, 127), chance.randrange(0x300)])) + text[place:]
            )
        case 2:
            return "".join(lines[:line] + lines[line + 1 :]) or "\n"
        case 3:
            return "".join([*lines[: line + 1], *lines[line:]])
        case 4:
            return "".join([*lines[:line], "  " * chance.randrange(3), hostile, "\n", *lines[line:]])
        case 5:
            return text[:place] + hostile + text[place:]
        case 6:
            # A value becomes another: what stands behind a colon, up to the next comma, brace or line.
            values = list(re.finditer(r"(?<=: )[^,{}\n]+", text))
            value = chance.choice(values) if values else re.match("", text)
            return text[: value.start()] + hostile + text[value.end() :]
        case 7:
            keys = list(re.finditer(r"[\w#/]+(?=:)", text))
            key = chance.choice(keys) if keys else re.match("", text)
            return text[: key.start()] + chance.choice([hostile, "36", "prompt"]) + text[key.end() :]
        case _:
            return "".join(sorted(lines, key=lambda _: chance.random()))


def written(folder, files):
    (folder / "presets").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    return folder / "presets.yaml"


@pytest.mark.parametrize("seed", some(range(8), range(40)))
def test_a_mutated_set_is_read_or_refused_with_file_and_line(tmp_path, seed):
    chance = random.Random(seed)
    outcomes = set()
    for _ in range(12):
        name = chance.choice([*FILES])
        text = FILES[name]
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            text = mutated(chance, text)
        try:
            # What `check` adds must not fail either.
            outcomes.update(
                type(line) for line in hints(loading.load(written(tmp_path, FILES | {name: text}), environment={}))
            )
        except ConfigurationError as error:
            outcomes.add(ConfigurationError)
            for problem in error.problems:
                assert re.match(r"presets(/\w+)?\.yaml:\d+: ", str(problem)), (str(problem), text)
                assert str(problem).isprintable()
    assert outcomes <= {ConfigurationError, str}


@pytest.mark.parametrize("seed", some(range(3), range(10)))
def test_a_pad_of_a_mutated_bank_is_saved_alone_or_refused(tmp_path, seed):
    show = loading.load(written(tmp_path, FILES), environment={})
    chance = random.Random(seed)
    for _ in range(10):
        text = mutated(chance, BANK)
        bank = written(tmp_path, FILES | {"presets/opening.yaml": text}).parent / "presets" / "opening.yaml"
        before = bank.read_bytes()
        try:
            save_pad(show, "opening", PadKey(36), {"prompt": "? hail: #1"})
        except MidifragError:
            assert bank.read_bytes() == before
        else:
            assert loading.load(show.path, environment={}).banks[0].pads[PadKey(36)].prompt == "? hail: #1"


def test_the_set_that_is_mutated_is_right(tmp_path):
    assert len(loading.load(written(tmp_path, FILES), environment={}).banks) == 2


def pads(rest):
    keys = [f"  {note}/{channel}" for note in range(128) for channel in range(1, 17)]
    return "name: Opening\npads:\n" + "".join(f"{key}: {{prompt: x{rest}}}\n" for key in keys)


@pytest.mark.parametrize("wrong", [", steps: 0", ", stpes: 4", ", model: nope"])
def test_two_thousand_wrong_pads_are_told_by_the_first_of_them(tmp_path, monkeypatch, wrong):
    parsed = []
    parse = PadKey.parse
    monkeypatch.setattr(PadKey, "parse", lambda text: (parsed.append(text), parse(text))[1])
    with pytest.raises(ConfigurationError) as refused:
        loading.load(written(tmp_path, FILES | {"presets/opening.yaml": pads(wrong)}), environment={})
    assert len(refused.value.problems) == problems.MOST_PROBLEMS + 1
    assert "presets/opening.yaml:53: more mistakes begin here" in str(refused.value)
    # Each key is read a few times, and not once for every other one.
    assert len(parsed) < 4 * 2048


def test_a_bank_may_have_two_thousand_pads(tmp_path):
    path = written(tmp_path, FILES | {"presets/opening.yaml": pads("")})
    assert len(loading.load(path, environment={}).banks[0].pads) == 2048


def test_a_mistake_of_a_megabyte_is_told_in_a_few_words(tmp_path):
    text = SHOW + f"? {'k' * 500_000}\n: 1\n" + f"precision: {'p' * 500_000}\n"
    with pytest.raises(ConfigurationError) as refused:
        loading.load(written(tmp_path, FILES | {"presets.yaml": text}), environment={})
    assert len(refused.value.problems) == 2
    assert all(len(str(problem)) < 2000 for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("set_list", "message"),
    [
        ("a" * 300, "cannot be read: File name too long"),
        ("x/" * 3000, "cannot be read: File name too long"),
        ("../presets.yaml/x", "'../presets.yaml/x' is none of opening, second"),
        ('"a\\0b"', "cannot be read: "),
    ],
)
def test_a_bank_whose_name_no_file_can_have_is_told_where_the_set_list_names_it(tmp_path, set_list, message):
    path = written(tmp_path, FILES | {"presets.yaml": f"model: sketch\nset_list:\n  - opening\n  - {set_list}\n"})
    with pytest.raises(ConfigurationError) as refused:
        loading.load(path, environment={})
    (problem,) = refused.value.problems
    assert str(problem).startswith("presets.yaml:4: set_list.1: ")
    assert message in problem.message


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MIDIFRAG_MODELS", '{"a":' * 5000 + "1" + "}" * 5000, "keys and lists lie more than 32 deep"),
        ("MIDIFRAG_MODELS", "[" * 5000, "keys and lists lie more than 32 deep"),
        ("MIDIFRAG_QUEUE", '{"size": ' + "1" * 5000 + "}", "not readable as JSON"),
        ("MIDIFRAG_QUEUE__SIZE", "1" * 5000, "Unable to parse input string as an integer"),
        ("MIDIFRAG_FRAGMENTS__FOLDER__X", "1", "is no text"),
        ("MIDIFRAG_TEMPO", "nan", "nan is no number"),
    ],
)
def test_variables_are_as_little_trusted_as_files(tmp_path, name, value, message):
    with pytest.raises(ConfigurationError) as refused:
        loading.load(written(tmp_path, FILES), environment={name: value})
    (problem,) = refused.value.problems
    assert str(problem).startswith(f"environment: {name}: ")
    assert message in str(problem)
