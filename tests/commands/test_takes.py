import datetime
import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from rich.cells import cell_len

from midifrag.audio import SourceSound
from midifrag.cli import app
from midifrag.commands.takes import table_of
from midifrag.engine import api
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.source_sounds import keep_sound

runner = CliRunner()


@pytest.fixture
def archive(tmp_path):
    one = Archive(tmp_path / "fragments" / "archive")
    noise = np.random.default_rng(0).normal(size=(2, 4410)).astype(np.float32) / 8
    for prompt in ("glass bell", "rain", "low bell"):
        one.store(
            noise, 44100, TakeRecord(prompt=prompt, bank="opening", model="sketch", seed=5, parameters={"seed": 5})
        )
    yield one
    one.close()


def test_takes_lists_newest_first_and_finds_by_words(archive):
    output = runner.invoke(app, ["takes"]).output
    assert output.index("low bell") < output.index("rain") < output.index("glass bell")
    output = runner.invoke(app, ["takes", "bell", "--json"]).output
    assert [take["number"] for take in json.loads(output)] == [3, 1]


def test_takes_are_listed_with_the_moment_of_their_press():
    rendered, pressed = 1_700_000_000.0, 1_700_000_500.0
    record = TakeRecord(prompt="x", rendered_at=rendered, pressed_at=pressed, spare=True, number=1)
    (when,) = table_of([record]).columns[2].cells
    assert str(when) == datetime.datetime.fromtimestamp(pressed).isoformat(" ")


def test_a_take_can_be_marked_and_annotated(archive):
    assert runner.invoke(app, ["takes", "2", "--star", "--note", "for the end"]).exit_code == 0
    assert archive.get(2).starred
    output = runner.invoke(app, ["takes", "--starred", "--json"]).output
    assert [take["note"] for take in json.loads(output)] == ["for the end"]


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_take_is_a_line_or_two_whatever_its_prompt_is(archive, columns):
    for prompt in ("x" * 10_000, "rain\non\x1b[2J tin\r" * 9, "冷たい雨" * 90):
        archive.store(np.ones((2, 100), np.float32), 44100, TakeRecord(prompt=prompt, bank="b" * 99, pressed_at=1.7e9))
    result = runner.invoke(app, ["takes"], env={"COLUMNS": columns})
    lines = result.output.splitlines()
    assert len(lines) == (7 if columns == "80" else 12)
    assert max(map(cell_len, lines)) <= int(columns)
    for part in ("006", "2023-11-1", "rain on?[", "glass bell", "冷たい"):
        assert part in result.output


def test_of_an_endless_text_so_much_is_shown_as_can_be_read(archive):
    archive.store(np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="x" * 10_000, preset="x" * 10_000))
    output = runner.invoke(app, ["takes", "4"]).output
    assert output.count("x") < 1010
    assert "(10000 characters; --json has all of them)" in " ".join(output.split())
    assert json.loads(runner.invoke(app, ["takes", "4", "--json"]).output)["prompt"] == "x" * 10_000


def test_an_unknown_take_and_a_flag_without_a_take_are_said(archive):
    assert "there is no take 99" in runner.invoke(app, ["takes", "99"]).output
    result = runner.invoke(app, ["takes", "bell", "--again"])
    assert result.exit_code == 2
    assert "which take" in result.output


def test_a_take_is_rendered_again_from_its_record(tmp_path):
    from tests.support.runtimes import played_show

    folder = tmp_path / "fragments"
    with played_show(folder) as show:
        show.note(36)
        show.seen.wait_for(lambda changes: any(getattr(c, "state", "") == "landed" for c in changes))
    assert runner.invoke(app, ["takes", "1", "--again"]).exit_code == 0
    first, _ = soundfile.read(folder / "archive" / "output001.wav")
    again, _ = soundfile.read(folder / "archive" / "output002.wav")
    assert np.array_equal(first, again)


def test_a_take_that_began_from_a_sound_is_rendered_again_from_what_was_kept_of_it(tmp_path):
    sound = SourceSound.of(np.random.default_rng(3).uniform(-0.5, 0.5, (2, 22050)).astype(np.float32), 44100)
    model = api.load_model("pocket", device="cpu")
    asked = {"seconds": 0.3, "steps": 1, "seed": 5, "cfg_scale": 1.0, "strength": 0.4}
    take = api.render(model, "kick", sound=(sound.audio, 44100), **asked)
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        keep_sound(archive.folder, sound)
        made = TakeRecord("kick", model="pocket", checksum=model.checksum, parameters=take.used, noise="cpu")
        of_sound = {"source": "slot 1", "source_checksum": sound.checksum}
        archive.store(take.audio, take.sample_rate, replace(made, **of_sound))
        archive.store(take.audio, take.sample_rate, replace(made, source="x", source_checksum="0" * 64))
    result = runner.invoke(app, ["takes", "1", "--again"])
    assert result.exit_code == 0, result.output
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        again = archive.get(3)
        assert (again.source, again.source_checksum) == ("slot 1", sound.checksum)
        np.testing.assert_array_equal(archive.read(3)[0], archive.read(1)[0])
    result = runner.invoke(app, ["takes", "2", "--again"])
    assert result.exit_code == 1
    assert "is not there" in " ".join(result.output.split())


def test_the_index_can_be_built_anew(archive, tmp_path):
    for file in (tmp_path / "fragments" / "archive").glob("*.sqlite*"):
        file.unlink()
    assert "holds 3 takes" in runner.invoke(app, ["takes", "--rebuild"]).output


def test_looking_for_takes_makes_no_folder(tmp_path):
    for arguments in (["takes"], ["takes", "3"], ["takes", "--rebuild"]):
        result = runner.invoke(app, arguments)
        assert result.exit_code == 1
        assert "There are no takes yet" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_an_analysis_says_the_tempo_and_where_sounds_begin(tmp_path):
    clicks = np.zeros((2, 4 * 44100), np.float32)
    clicks[:, 22050::22050] = 0.9
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(clicks, 44100, TakeRecord(prompt="clicks"))
        output = runner.invoke(app, ["takes", "1", "--analyse"]).output
        assert archive.get(1).tempo == pytest.approx(120, rel=0.05)
    assert "sounds begin at 0.499, 0.998" in output


def test_a_take_from_before_today_s_limits_is_rendered_again(tmp_path):
    parameters = {"prompt": "kick", "seconds": 0.05, "seed": 5, "cfg_scale": -100.0, "sigma_max": 1e5}
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(
            np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="kick", model="sketch", parameters=parameters)
        )
    result = runner.invoke(app, ["takes", "1", "--again"])
    assert result.exit_code == 0, result.output
    assert soundfile.info("fragments/archive/output002.wav").frames == 2205


def test_what_is_not_found_and_what_is_left_out_is_said(archive):
    assert "No takes in" in (output := runner.invoke(app, ["takes", "thunder"]).output)
    assert "with 'thunder'" in " ".join(output.split())
    output = runner.invoke(app, ["takes", "--limit", "2"]).output
    assert "2 of 3; --limit shows more" in output
    assert "glass bell" not in output


def test_one_take_is_described_with_all_that_is_known(archive):
    output = runner.invoke(app, ["takes", "3"]).output
    for name, value in (("prompt", "low bell"), ("bank", "opening"), ("parameters", "seed 5")):
        assert any(line.split()[:1] == [name] and value in line for line in output.splitlines()), output
    assert json.loads(runner.invoke(app, ["takes", "3", "--json"]).output)["prompt"] == "low bell"


def test_a_take_of_other_weights_is_not_rendered_again(archive):
    archive.store(
        np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="x", model="sketch", checksum="0123456789abcd")
    )
    result = runner.invoke(app, ["takes", "4", "--again"])
    assert result.exit_code == 1
    assert "made by another sketch (checksum 0123456789ab" in " ".join(result.output.split())


def test_a_take_of_a_set_s_own_model_is_rendered_again_with_it(archive, tmp_path):
    archive.store(np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="kick", model="mine", seed=1))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "one.yaml").write_text("name: One\npads: {36: {prompt: rain}}\n")
    (tmp_path / "presets.yaml").write_text("model: mine\nmodels: {mine: {engine: sketch}}\nset_list: [one]\n")
    assert runner.invoke(app, ["takes", "4", "--again"]).exit_code == 0
    assert archive.get(5).model == "mine"
    assert archive.get(5).note == "take 4 again"


@pytest.mark.parametrize(("drawn", "option"), [("cpu", "cpu"), ("NVIDIA H200", "device")])
def test_a_take_is_rendered_again_with_the_noise_that_it_had_or_says_that_it_cannot(
    archive, monkeypatch, drawn, option
):
    chosen, open_model = [], api.open_model

    def opened(choice):
        chosen.append(choice.options["noise"])
        model = open_model(choice)
        return replace(model, info=replace(model.info, noise="cpu"))

    monkeypatch.setattr(api, "open_model", opened)
    archive.store(np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="kick", model="sketch", seed=1, noise=drawn))
    assert runner.invoke(app, ["takes", "4", "--again"]).exit_code == 0
    assert chosen == [option]
    other = "" if drawn == "cpu" else ", with the noise of cpu and not of NVIDIA H200"
    assert (archive.get(5).note, archive.get(5).noise) == (f"take 4 again{other}", "cpu")


def test_a_take_of_bars_says_so_and_is_rendered_again_as_long_as_then(tmp_path):
    made = TakeRecord(
        prompt="short kick",
        model="sketch",
        seed=1,
        parameters={"seconds": 1.25, "seed": 1},
        bars=0.25,
        bpm=92.5,
        signature="3/4",
    )
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(np.ones((2, 100), np.float32), 44100, made)
        archive.store(np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="x", beats=3, bpm=90, signature="4/4"))
        listed = runner.invoke(app, ["takes"], terminal_width=160).output
        assert "0.25 bars" in listed
        assert "3 beats" in listed
        output = runner.invoke(app, ["takes", "1"]).output
        for name, value in (("bars", "0.25"), ("bpm", "92.5"), ("signature", "3/4")):
            assert any(line.split() == [name, value] for line in output.splitlines()), output
        assert runner.invoke(app, ["takes", "1", "--again"]).exit_code == 0
        again = archive.get(3)
    assert (again.bars, again.bpm, again.signature) == (0.25, 92.5, "3/4")
    assert soundfile.info("fragments/archive/output003.wav").frames == round(1.25 * 44100)
