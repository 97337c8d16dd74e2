import json

import pytest
from click.testing import CliRunner

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.cli import app
from midifrag.commands import check
from midifrag.config import loading
from midifrag.config.ports import PortSettings
from midifrag.config.shipped import shipped_path
from midifrag.errors import MidiGoneError, NoMidiError
from midifrag.midi.port_names import PortList, list_ports
from midifrag.playback.outputs import Output
from tests.engine.hub_caches import POINTER, CachedRepository, safetensors_of
from tests.engine.tiny_models import tiny_config

runner = CliRunner()


def test_check_ends_with_2_and_a_line_per_mistake(tmp_path):
    runner.invoke(app, ["init", "."])
    bank = tmp_path / "presets/opening.yaml"
    bank.write_text(bank.read_text(encoding="utf-8").replace("seconds: 6,", "seconds: 0,", 1), encoding="utf-8")
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 2
    assert "presets/opening.yaml:13: pads.38.seconds: 0 is below 0.1" in result.output


def test_check_without_a_set_says_how_to_get_one():
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 2
    assert "midifrag init FOLDER" in result.output


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "ports.pads.in: 'Launchpad' is not plugged in; run waits for it"),
        (["Launchpad"], None),
        (["Launchpad 1", "Launchpad 2"], "matches several ports"),
    ],
)
def test_check_compares_patterns_with_the_ports_there_are(names, line):
    loaded = loading.load(shipped_path(), environment={})
    ports = {"pads": PortSettings.model_validate({"in": "Launchpad"})}
    show = loaded.settings.model_copy(update={"ports": ports})
    found = check.missing_ports(loading.Loaded(show, loaded.banks, loaded.path), PortList("test", names, names))
    assert (line is None and found == []) or line in found[0]


@pytest.mark.parametrize("kind", [NoMidiError, MidiGoneError])
def test_check_on_a_machine_without_midi_says_so_in_one_line(own_set, monkeypatch, kind):
    def none(_backend):
        raise kind("No MIDI system found")

    monkeypatch.setattr(check, "list_ports", none)
    result = own_set("backend: mido.backends.rtmidi/UNIX_JACK\n")
    assert (result.exit_code, result.output.count("note: No MIDI system found")) == (0, 1)


def test_check_does_not_look_for_ports_that_are_made(own_set):
    assert "note" not in own_set().output


@pytest.mark.parametrize(
    ("device", "there", "said"),
    [
        (
            "Desk",
            ["Speakers"],
            ["playback.device: there is no audio output 'Desk'; there is Speakers; run waits for it"],
        ),
        ("Desk", [], ["playback.device: there is no audio output; plug one in, or start JACK; run waits for it"]),
        ("speak", ["Speakers"], []),
    ],
)
def test_an_output_that_is_named_is_looked_for(own_set, monkeypatch, device, there, said):
    outputs = [Output(at, name, "ALSA", 2, 44100) for at, name in enumerate(there)]
    monkeypatch.setattr(check, "list_outputs", lambda: outputs)
    result = own_set(f"playback: {{device: {device}}}\n")
    assert result.exit_code == 0
    assert [line.split("note: ")[1] for line in result.output.splitlines() if "note: " in line] == said


@pytest.mark.parametrize("device", ["default", "off"])
def test_no_output_is_looked_for_that_may_be_any(own_set, monkeypatch, device):
    monkeypatch.setattr(check, "list_outputs", lambda: 1 / 0)
    result = own_set(f"playback: {{device: {device}}}\n")
    assert (result.exit_code, "note" in result.output) == (0, False)


@pytest.mark.parametrize("backend", ["mido.backends.nosuch", "nosuch", "os", "mido.backends.rtmidi/NOSUCH", "a b"])
def test_a_backend_that_does_not_exist(own_set, monkeypatch, backend):
    monkeypatch.setattr(check, "list_ports", list_ports)
    result = own_set(f"backend: {backend}\n")
    assert result.exit_code == 2
    assert result.output.startswith("presets.yaml:3: backend: ")


@pytest.mark.parametrize(
    "host", ["no.such.host.invalid", "256.1.1.1", "a..b", "'a b'", "x" * 70, '"\\0"', "192.0.2.77"]
)
def test_a_page_where_nobody_can_listen(own_set, host):
    result = own_set(f"page:\n  host: {host}\n")
    assert (result.exit_code, result.output[:30]) == (2, "presets.yaml:4: page.host: " + result.output[27:30])
    assert own_set(f"page: {{enabled: false, host: {host}}}\n").exit_code == (0 if host[0] in "n2 1" else 2)


@pytest.mark.parametrize(
    ("device", "cards", "said"),
    [
        (
            "auto",
            "NVIDIA GeForce RTX 3060, 580.1, 12288, 8.6\n",
            "and this machine has NVIDIA GeForce RTX 3060; use auto",
        ),
        ("cuda", "", "and this machine has no NVIDIA card; use auto"),
        ("cpu", "NVIDIA GeForce RTX 4090, 580.1, 24564, 8.9\n", "and engine.device is cpu; use auto"),
        ("auto", "NVIDIA GeForce RTX 4090, 580.1, 24564, 8.9\n", None),
    ],
)
def test_fp8_where_no_card_has_it(own_set, monkeypatch, device, cards, said):
    monkeypatch.setattr(check.unusable_precision, "__defaults__", (lambda _command: cards,))
    result = own_set(f"precision: fp8\nengine: {{device: {device}}}\n")
    assert result.exit_code == (0 if said is None else 2)
    if said is not None:
        assert result.output.startswith("presets.yaml:3: precision: fp8 needs an NVIDIA card of the Ada generation")
        assert said in " ".join(result.output.split())
    assert own_set(f"engine: {{device: {device}}}\n").exit_code == 0


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("''", "is empty; name a folder"),
        ("'  '", "is empty; name a folder"),
        ("~nosuchuser/x", "a user whom this machine does not know"),
        ('"a\\0b"', "has a character that no name can have"),
        ("presets.yaml/fragments", "a folder on the way to it is a file"),
        ("presets.yaml", "a folder on the way to it is a file"),
        ("x" * 300, "cannot make"),
    ],
)
@pytest.mark.parametrize("group", ["fragments", "archive", "ableton"])
def test_a_folder_that_nothing_can_be_written_into(own_set, monkeypatch, tmp_path, group, folder, said):
    monkeypatch.chdir(tmp_path)
    result = own_set(f"{group}:\n  folder: {folder}\n")
    assert result.exit_code == 2
    assert result.output.startswith(f"presets.yaml:4: {group}.folder: ")
    assert said in result.output


@pytest.mark.parametrize(("value", "said"), [("", "is empty"), ("~nosuchuser/x", "user"), ("presets.yaml/x", "a file")])
def test_a_folder_of_the_environment_is_told_by_its_variable(own_set, monkeypatch, tmp_path, value, said):
    monkeypatch.chdir(tmp_path)
    result = own_set(MIDIFRAG_FRAGMENTS__FOLDER=value)
    assert result.exit_code == 2
    assert result.output.startswith("environment: MIDIFRAG_FRAGMENTS__FOLDER: ")
    assert said in result.output


def test_a_folder_that_may_not_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(check.os, "access", lambda path, _how: path != tmp_path)
    assert f"{tmp_path} may not be written" in str(check.folder_trouble(tmp_path / "new" / "fragments"))
    (tmp_path / "there").mkdir()
    assert check.folder_trouble(tmp_path / "there") is None


def test_a_pad_that_can_never_be_rendered(own_set):
    result = own_set(
        "models: {mine: {hub: a/b}}\n", "pads:\n  36: {prompt: rain, model: mine, sampler: DPM++ 3M SDE}\n"
    )
    assert result.exit_code == 2
    assert result.output.startswith("presets/opening.yaml:3: pads.36.sampler: mine has no sampler 'DPM++ 3M SDE'")
    assert "did you mean dpmpp-3m-sde?" in result.output


def test_notes_have_an_end(own_set):
    controls = "".join(f"  - {{cc: {number}, sets: steps, range: [1, 9]}}\n" * 2 for number in range(110))
    result = own_set(f"controls:\n{controls}")
    assert result.exit_code == 0
    assert result.output.count("note: ") == check.MOST_NOTES + 1
    assert "there are more than these 100" in result.output


@pytest.mark.linux
@pytest.mark.parametrize("group", ["fragments", "archive", "ableton"])
def test_a_folder_where_nobody_can_make_anything_is_a_mistake_whoever_asks(own_set, group):
    result = own_set(f"{group}:\n  folder: /proc/fragments\n")
    assert result.exit_code == 2
    assert result.output.startswith(f"presets.yaml:4: {group}.folder: cannot make /proc/fragments: nothing can be made")


@pytest.mark.parametrize(("kind", "name"), [("sfz: true", "sfz"), ("hydrogen: {}", "hydrogen")])
def test_a_file_in_the_place_of_a_samplers_folder_is_a_mistake(own_set, monkeypatch, tmp_path, kind, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / name).write_text("mine")
    result = own_set(f"fragments:\n  folder: fragments\ninstruments: {{{kind}}}\n")
    assert result.exit_code == 2
    assert f"cannot make {tmp_path / 'fragments' / name}: a folder on the way to it is a file" in result.output


def test_check_leaves_nothing_in_a_folder(own_set, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert own_set("instruments: {sfz: true}\n").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["presets", "presets.yaml"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "autoencoder"}, "describes a model of type 'autoencoder'; midifrag plays"),
        ({"sample_rate": None}, "lacks sample_rate."),
    ],
)
def test_a_model_that_will_be_refused_is_told_without_its_weights(own_set, tmp_path, no_hub, change, words):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model_config.json").write_text(json.dumps(tiny_config() | change))
    result = own_set("models: {mine: {folder: m}}\n")
    assert result.exit_code == 2
    assert f"presets.yaml:3: models.mine: {tmp_path / 'm' / 'model_config.json'} {words}" in result.output


def test_a_model_that_is_in_the_cache_is_looked_at_too(own_set, no_hub, cache_folder):
    content = json.dumps(tiny_config() | {"model_type": "lm"}).encode()
    CachedRepository(cache_folder, "someone/model").put({"model_config.json": content})
    result = own_set("models: {mine: {hub: someone/model}}\n")
    assert result.output.startswith("presets.yaml:3: models.mine: ")
    assert "model_config.json describes a model of type 'lm'" in result.output


def test_a_model_of_the_home_folder_is_found(own_set, tmp_path, no_hub, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    save_byte_tokenizer(tmp_path / "m" / "x" / "tokenizer")
    (tmp_path / "m" / "x" / "model_config.json").write_text(json.dumps(tiny_config()))
    (tmp_path / "m" / "x" / "model.safetensors").write_bytes(safetensors_of(bytes(100)))
    assert own_set("models: {mine: {folder: ~/m/x}}\n").exit_code == 0
    assert own_set("models: {mine: {folder: ~/m/y}}\n").exit_code == 2


def test_a_model_that_will_be_refused_is_refused_by_check(own_set, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model_config.json").write_text(json.dumps(tiny_config()))
    (tmp_path / "m" / "model.ckpt").write_bytes(POINTER)
    result = own_set("models: {mine: {folder: m}}\n")
    assert result.exit_code == 2
    assert f"models.mine: {tmp_path / 'm' / 'model.ckpt'} is a Git LFS pointer" in result.output
