"""Each mistake a performer can make in the files, the environment or the flags, and the line it gets."""

import textwrap
from pathlib import Path

import pytest

from midifrag.config import loading
from midifrag.config.shipped import shipped_path
from midifrag.errors import ConfigurationError
from midifrag.pad_key import PadKey


@pytest.fixture
def show(tmp_path):
    """Writes a show and loads it; returns what was loaded or the lines of what is wrong."""

    def write(presets="set_list: [opening]", opening="name: Opening\npads:\n  36: {prompt: rain}\n", **more):
        (tmp_path / "presets").mkdir(exist_ok=True)
        (tmp_path / "presets.yaml").write_text(textwrap.dedent(presets), encoding="utf-8")
        for name, text in {"opening": opening, **more}.items():
            (tmp_path / "presets" / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path / "presets.yaml"

    return write


def lines(path: Path, **how) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        loading.load(path, environment=how.pop("environment", {}), **how)
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


def test_the_shipped_set_is_right_and_covers_the_pad_grid():
    loaded = loading.load(shipped_path(), environment={})
    assert len(loaded.banks) == 3
    for bank in loaded.banks:
        assert sorted(bank.pads) == [PadKey(note) for note in range(36, 52)]


def test_the_shipped_bank_for_stable_audio_open_is_right(tmp_path):
    loaded = loading.load(shipped_path(), {"set_list": ["open"]}, environment={})
    assert {loaded.banks[0].defaults.model} == {"open"}
    assert loaded.settings.source("open") == {"hub": "stabilityai/stable-audio-open-1.0"}


def test_one_bank_with_one_pad_is_a_show(show):
    loaded = loading.load(show(), environment={})
    assert loaded.settings.fragments.count == 8
    assert loaded.banks[0].pads[PadKey(36)].prompt == "rain"
    assert loaded.fragments_folder == Path("fragments").absolute()
    assert loaded.archive_folder == Path("fragments").absolute() / "archive"


def test_the_same_files_read_again_are_the_same_show_and_others_are_not(show):
    first = loading.load(show(), {"model": "sketch"}, environment={})
    assert loading.load(show(), environment={"MIDIFRAG_MODEL": "sketch"}).settings == first.settings
    assert loading.load(show("fragments: {count: 3}\nset_list: [opening]\n"), environment={}).settings != first.settings


def test_note_names_and_channels_as_pad_keys(show):
    loaded = loading.load(show(opening="name: O\npads:\n  C1: {prompt: a}\n  37/10: {prompt: b}\n"), environment={})
    bank = loaded.banks[0]
    assert bank.find(36, 5, "x")[1].prompt == "a"
    assert bank.find(37, 10, "x")[1].prompt == "b"
    assert bank.find(37, 9, "x") is None


@pytest.mark.parametrize(
    ("presets", "line"),
    [
        ("precison: fp16", "presets.yaml:1: precison: unknown key; did you mean precision?"),
        ("\nprecision: fp4", "presets.yaml:2: precision: 'fp4' is none of auto, fp16, bf16, fp32, fp8"),
        ("fragments:\n  count: 0", "presets.yaml:2: fragments.count: 0 is below 1"),
        ("fragments: {name: '{0.x}.wav'}", "presets.yaml:1: fragments.name: '{0.x}.wav' is no name pattern"),
        ("models: {[[1]]: {hub: a/b}}", "presets.yaml:1: models: a key is a word or a number"),
        ("fragments: {count: many}", "presets.yaml:1: fragments.count: 'many' is no whole number"),
        (
            "fragments:\n  name: '{:.0e}.wav'\n  count: 12",
            "presets.yaml:2: fragments.name: slots 10 and 11 would both be 1e+01.wav; each has a name of its own",
        ),
        ("fragments: {name: '.x{}.wav'}", "presets.yaml:1: fragments.name: '.x{}.wav' begins with a dot"),
        ("fragments: {folder: ''}", "presets.yaml:1: fragments.folder: is empty; name a folder, or leave the key out"),
        (
            "archive: {folder: ~nosuchuser/x}",
            "presets.yaml:1: archive.folder: '~nosuchuser/x' begins in the home folder of",
        ),
        ("models: {m: {folder: ~nosuchuser/x}}", "presets.yaml:1: models.m.folder: '~nosuchuser/x' begins in the home"),
        ("page: {host: a..b}", "presets.yaml:1: page.host: 'a..b' is no address; 127.0.0.1 is this machine's own"),
        ("fragments: {silence_threshold_db: 0}", "fragments.silence_threshold_db: 0 is not below 0"),
        ("fragments: {fade_ms: .nan}", "fragments.fade_ms: nan is no number"),
        ("tempo: 19.999999999", "tempo: 19.999999999 is below 20"),
        ("defaults: {seconds: 0.09999999}", "defaults.seconds: 0.09999999 is below 0.1"),
        ("defaults: {seed: 4294967296}", "defaults.seed: 4294967296 is above 4294967295"),
        (
            "controls: [{cc: 1, sets: seed, range: [0, 5e9]}]",
            "range [0, 5000000000] for seed is outside 0 to 4294967295",
        ),
        ("fragments: {name: x.wav}", "must hold a number and end in .wav, such as output{:02d}.wav"),
        (
            "ports:\n  a: {in: {virtul: x}}",
            "presets.yaml:2: ports.a.in: {'virtul': 'x'} is neither a pattern in quotes",
        ),
        ('ports:\n  a: {in: "("}', "presets.yaml:2: ports.a.in: '(' is no valid pattern"),
        ("controls:\n  - {cc: 200, sets: steps, range: [1, 9]}", "presets.yaml:2: controls.0.cc: 200 is above 127"),
        ("controls:\n  - {cc: 1, sets: size, range: [1, 9]}", "controls.0.sets: 'size' is none of steps, cfg_scale"),
        (
            "controls:\n  - {cc: 1, sets: cfg_scale, range: [1, 99]}",
            "range [1, 99] for cfg_scale is outside 0 to 30",
        ),
        ("controls:\n  - {sets: steps, range: [1, 9]}", "a control is exactly one of cc: N, pitch_bend: true"),
        ("actions:\n  - {cc: 1, does: lock}", "presets.yaml:2: actions.0: lock needs slot"),
        ("actions:\n  - {cc: 1, does: lock, slot: 9}", "presets.yaml:2: actions.0.slot: 9 is above 8"),
        ("actions:\n  - {cc: 1, does: mute, slot: 9}", "presets.yaml:2: actions.0.slot: 9 is above 8"),
        ("controls:\n  - {cc: 1, sets: gain, slot: 9}", "presets.yaml:2: controls.0.slot: 9 is above 8"),
        ("controls:\n  - {cc: 1, sets: pan}", "presets.yaml:2: controls.0: pan needs slot"),
        ("playback:\n  outputs: {9: [1, 2]}", "presets.yaml:2: playback.outputs.9: 9 is above 8"),
        (
            "playback: {outputs: {1: [1, 2, 3]}}",
            "presets.yaml:1: playback.outputs.1: one channel, or two different ones",
        ),
        ("playback: {gain: 13}", "presets.yaml:1: playback.gain: 13 is above 12"),
        ("actions:\n  - {does: panic}", "an action has exactly one of note, cc or program"),
        ("notify: {port: daw}", "presets.yaml:1: notify.port: 'daw' is none of midifrag"),
        ("time: {source: midi:daw}", "presets.yaml:1: time.source: 'daw' is none of midifrag"),
        ("time: {send: daw}", "presets.yaml:1: time.send: 'daw' is none of midifrag"),
        (
            "time: {source: midi:midifrag, send: midifrag}",
            "presets.yaml:1: time.send: midifrag already keeps the time; it cannot be told it",
        ),
        (
            "ports: {keys: {in: Keys}}\ntime: {send: keys}",
            "presets.yaml:2: time.send: keys has no out: name one, so that the clock has somewhere to go",
        ),
        ("time: {signature: 4/3}", "presets.yaml:1: time.signature: '4/3' is no signature, such as 4/4 or 6/8"),
        ("time: {source: daw}", "presets.yaml:1: time.source: 'daw' is none of auto, midi, midi:PORT"),
        ("time: {source: 'midi:'}", "presets.yaml:1: time.source: 'midi:' is none of auto, midi, midi:PORT"),
        ("time: {source: ableton}", "presets.yaml:1: time.source: ableton is heard through its script: write ableton:"),
        ("ableton:\n  targets: {9: {note: 36}}", "presets.yaml:2: ableton.targets.9: 9 is above 8"),
        (
            "ableton:\n  targets:\n    2: {name: Midifrag 1}",
            "presets.yaml:3: ableton.targets.2: slots 1 and 2 would have the same place in Live; each has its own",
        ),
        ("ableton: {occupied: never}", "presets.yaml:1: ableton.occupied: 'never' is none of wait, next_scene"),
        (
            "fragments: {name: '{:04d} x.wav', folder: f}\nableton: {folder: f}",
            "presets.yaml:2: ableton.folder: copies would lie among the slots in",
        ),
        ("panic_on: [cc121]", "presets.yaml:1: panic_on.0: 'cc121' is none of cc120, cc123"),
        ("session_log: {megabytes: 1}", "presets.yaml:1: session_log.megabytes: 1 is below 10"),
        ("model: nope", "presets.yaml:1: model: 'nope' is none of"),
        (
            "engine: {stand_in: nope}",
            "presets.yaml:1: engine.stand_in: 'nope' is none of open, pocket, pocket-1, sa3, sa3-base,",
        ),
        ("engine: {fallback: nope}", "presets.yaml:1: engine.fallback: 'nope' is none of"),
        ("engine: {stand_in: 5}", "presets.yaml:1: engine.stand_in: 5 is no text"),
        ("models: {mine: {config: a.json}}", "models.mine: config and checkpoint go together"),
        ("models: {mine: {hubb: x}}", "models.mine: a model has exactly one of hub, config"),
        ("- a\n- b", "presets.yaml:1: must be keys and values"),
        ("model: [", "presets.yaml:"),
        ("model: sketch\nmodel: pocket", "presets.yaml:2: model: stands here twice; remove one of the two"),
        ("set_list: []", "set_list: is empty"),
        ("set_list: [nope]", "presets.yaml:1: set_list.0: 'nope' is none of opening; each bank is a file in presets/"),
        ("set_list: [openin]", "did you mean opening?"),
        ("model: sketsch", "did you mean sketch?"),
        ("pads: {36: {prompt: x}}", "presets.yaml: this is a bank; give the presets.yaml that names it"),
        ("controls: [{cc: 3, sets: steps, range: [9]}]", "controls.0.range: [9] must be two values, such as [1, 12]"),
        ("controls: [{cc: 3, sets: steps, range: [1, 2, 3]}]", "controls.0.range: [1, 2, 3] must be two values"),
        ("set_list: [opening, opening]", "set_list: opening stands there more than once"),
    ],
)
def test_a_mistake_in_the_show_is_a_line_with_its_place_and_the_way_out(show, presets, line):
    if "set_list" not in presets and not presets.startswith(("-", "model: [", "pads")):
        presets += "\nset_list: [opening]"
    found = lines(show(presets))
    assert any(line in one for one in found), found


@pytest.mark.parametrize(
    ("pad", "line"),
    [
        ("36: {prompt: x, steps: 0}", "presets/opening.yaml:3: pads.36.steps: 0 is below 1"),
        ("C1: {prompt: x, steps: 0}", "presets/opening.yaml:3: pads.C1.steps: 0 is below 1"),
        ("36: {prompt: x, seconds: 1e9}", "pads.36.seconds: 1000000000 is above 380"),
        ("36: {prompt: ''}", "pads.36.prompt: is empty"),
        ("36: {prompt: ' \t'}", "pads.36.prompt: is blank"),
        ("36: {steps: 4}", "pads.36.prompt: is missing"),
        ("36: {prompt: x, sead: 4}", "pads.36.sead: unknown key; did you mean seed?"),
        ("36: {prompt: x, colour: pinkish}", "pads.36.colour: 'pinkish' is none of off, white, red"),
        ("36: {prompt: x, on_repress: quue}", "pads.36.on_repress: 'quue' is none of queue, replace, ignore, cancel"),
        ("36: {prompt: x, fragment: {lop: true}}", "pads.36.fragment.lop: unknown key; did you mean loop?"),
        ("36: {prompt: x, fragment: {fade_ms: -1}}", "pads.36.fragment.fade_ms: -1 is below 0"),
        (
            "36: {prompt: x, velocity: {sets: steps}}",
            "pads.36.velocity.range: is missing: the values at both ends",
        ),
        ("36: {prompt: x, velocity: {sets: mute}}", "pads.36.velocity: velocity cannot set mute"),
        ("36: {prompt: x, sigma_min: 5, sigma_max: 2}", "sigma_min 5 must be below sigma_max 2"),
        ("36: {prompt: x, model: nope}", "presets/opening.yaml:3: pads.36.model: 'nope' is none of"),
        ("36: {prompt: x, port: nope}", "presets/opening.yaml:3: pads.36.port: 'nope' is none of midifrag"),
        ("36: {prompt: x, slot: 9}", "presets/opening.yaml:3: pads.36.slot: 9 is above 8"),
        ("300: {prompt: x}", "presets/opening.yaml:3: pads.300: note 300 is outside 0–127"),
        ("H1: {prompt: x}", "presets/opening.yaml:3: pads.H1: 'H1' is no note"),
        ("36/²: {prompt: x}", "pads.36/²: '36/²' is no pad: use a note"),
        ("36: {prompt: x}\n  36/17: {prompt: x}", "presets/opening.yaml:4: pads.36/17: '36/17' is no pad: channels"),
        ("36: {prompt: x}\n  C1: {prompt: x}", "presets/opening.yaml:4: pads.C1: is the same pad as 36; remove one"),
        ("C1: {prompt: x}\n  36: {prompt: x}", "presets/opening.yaml:4: pads.36: is the same pad as C1; remove one"),
        ("36: {prompt: x}\n  '36': {prompt: x}", "presets/opening.yaml:4: pads.36: stands here twice, with and"),
    ],
)
def test_a_mistake_in_a_bank_is_a_line_with_its_place_and_the_way_out(show, pad, line):
    found = lines(show(opening=f"name: Opening\npads:\n  {pad}\n"))
    assert any(line in one for one in found), found


def test_the_mistakes_of_a_bank_that_stands_there_twice_are_told_once(show):
    found = lines(show("set_list: [opening, opening]", opening="name: O\npads: {36: {prompt: x, steps: 0}}\n"))
    assert [line.split(" ")[1] for line in found] == ["pads.36.steps:", "set_list:"]


def test_pads_that_are_the_same_hide_no_other_mistake(show):
    pads = "  36: {prompt: x}\n  C1: {prompt: y}\n  37: {prompt: x, steps: 0}\n  C#1: {prompt: z}\n  38: {promt: x}\n"
    found = lines(show(opening=f"name: Opening\npads:\n{pads}"))
    places = {line.split(" ")[1] for line in found}
    assert places == {"pads.C1:", "pads.C#1:", "pads.37.steps:", "pads.38.prompt:", "pads.38.promt:"}
    assert not [line for line in found if "same" in line and "pads.C" not in line]


def test_wrong_pads_hide_no_other_mistake(show):
    pads = "  H9: {prompt: x}\n  128: {prompt: x}\n  36: {promt: x}\n  37: {prompt: x, steps: 0}\n"
    found = lines(show(opening=f"name: Opening\npads:\n{pads}"))
    places = [line.split(" ")[1] for line in found]
    assert places == ["pads.H9:", "pads.128:", "pads.36.prompt:", "pads.36.promt:", "pads.37.steps:"]


def test_what_is_merged_in_is_overridden_with_and_without_quotes(show):
    text = "pads:\n  '36': {prompt: own}\n  <<: {36: {prompt: merged}, 37: {prompt: merged}}\n"
    pads = loading.load(show(opening=f"name: Opening\n{text}"), environment={}).banks[0].pads
    assert {key: pad.prompt for key, pad in pads.items()} == {PadKey(36): "own", PadKey(37): "merged"}


def test_all_mistakes_of_all_files_are_told_at_once(show):
    found = lines(show("fragments: {count: 0}\nset_list: [opening]", "name: O\npads: {36: {prompt: x, steps: 0}}\n"))
    assert [line.split(":")[0] for line in found] == ["presets.yaml", "presets/opening.yaml"]


def test_a_model_s_files_may_lie_in_the_home_folder(show, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    loaded = loading.load(show("models: {m: {folder: ~/m}, n: {folder: m}}\nset_list: [opening]"), environment={})
    assert [loaded.source(name)["folder"] for name in "mn"] == [str(tmp_path / "home/m"), str(tmp_path / "m")]


def test_two_banks_may_not_share_a_program(show):
    one = "name: One\nprogram: 3\npads: {36: {prompt: x}}\n"
    found = lines(show("set_list: [opening, other]", one, other=one))
    assert found == ["presets/other.yaml:2: program: 3 already selects opening; each bank has its own"]


def test_wrong_variables_and_flags_are_named(show):
    found = lines(
        show(),
        environment={"MIDIFRAG_QUEUE__SIZE": "0", "MIDIFRAG_MODDEL": "x", "MIDIFRAG_PORTS": "{"},
        flags={"page": {"port": -1}},
    )
    text = "\n".join(found)
    assert "environment: MIDIFRAG_MODDEL: unknown; did you mean model?" in text
    assert "environment: MIDIFRAG_PORTS" in text
    found = lines(show(), environment={"MIDIFRAG_QUEUE__SIZE": "0"}, flags={"page": {"port": -1}})
    assert "environment: MIDIFRAG_QUEUE__SIZE: 0 is below 1" in found
    assert "command line: --page-port: -1 is below 0" in found


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_a_bank_without_a_word_is_told_by_its_first_line(show, text):
    assert lines(show(opening=text)) == [
        "presets/opening.yaml:1: name: is missing",
        "presets/opening.yaml:1: pads: is missing",
    ]


def test_a_missing_file_says_how_to_get_one(tmp_path):
    (line,) = lines(tmp_path / "presets.yaml")
    assert "no such file" in line
    assert "midifrag init" in line


@pytest.mark.parametrize(
    ("presets", "flags", "line"),
    [
        (
            'fragments: {name: "output{:03d}.wav"}\narchive: {folder: fragments}',
            {},
            "presets.yaml:2: archive.folder: raw takes would lie among the slots in ",
        ),
        (
            'fragments: {name: "output{:03d}.wav"}\narchive: {folder: takes}',
            {"fragments": {"folder": "takes"}},
            "presets.yaml:2: archive.folder: raw takes would lie among the slots in ",
        ),
        ("fragments: {folder: x/.midifrag}", {}, "presets.yaml:1: fragments.folder: "),
    ],
)
def test_files_that_would_replace_each_other_are_refused(show, tmp_path, monkeypatch, presets, flags, line):
    monkeypatch.chdir(tmp_path)
    found = lines(show(presets + "\nset_list: [opening]\n"), flags=flags)
    assert found[0].startswith(line)


def test_slots_and_takes_of_different_names_may_share_a_folder(show):
    assert loading.load(show("archive: {folder: fragments}\nset_list: [opening]\n"), environment={})


def test_two_lengths_in_variables_are_told_by_the_second(show):
    both = {"MIDIFRAG_DEFAULTS__BARS": "2", "MIDIFRAG_DEFAULTS__BEATS": "2"}
    assert lines(show("set_list: [opening]\ndefaults: {seconds: 4}\n"), environment=both) == [
        "environment: MIDIFRAG_DEFAULTS__BEATS: stands beside bars; a length is one of seconds, bars and beats"
    ]
