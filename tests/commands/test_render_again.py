from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from midifrag.audio import SourceSound
from midifrag.cli import app
from midifrag.engine import api
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.source_sounds import keep_sound

runner = CliRunner()


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


def test_a_take_of_the_built_in_model_before_is_rendered_again_by_what_it_was(tmp_path):
    before = api.load_model("pocket-1", device="cpu")
    take = api.render(before, "kick", seconds=0.3, steps=2, seed=5, cfg_scale=3.0)
    made = TakeRecord("kick", model="pocket", checksum=before.checksum, parameters=take.used, noise="cpu")
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(take.audio, take.sample_rate, made)
        archive.store(take.audio, take.sample_rate, replace(made, checksum="0" * 64))
    result = runner.invoke(app, ["takes", "1", "--again"])
    assert result.exit_code == 0, result.output
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        again = archive.get(3)
        assert (again.model, again.checksum) == ("pocket", before.checksum)
        np.testing.assert_array_equal(archive.read(3)[0], archive.read(1)[0])
    result = runner.invoke(app, ["takes", "2", "--again"])
    assert result.exit_code == 1
    now = api.load_model("pocket", device="cpu").checksum
    assert now != before.checksum
    assert f"made by another pocket (checksum 000000000000, this one has {now[:12]})" in " ".join(result.output.split())


def test_where_what_it_was_is_not_there_a_take_was_made_by_another_all_the_same(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "one.yaml").write_text("name: One\npads: {36: {prompt: kick}}\n")
    (tmp_path / "presets.yaml").write_text("models: {pocket-1: {folder: gone}}\nset_list: [one]\n")
    made = TakeRecord("kick", model="pocket", checksum="0" * 64, parameters={"seed": 5}, noise="cpu")
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(np.zeros((2, 100), np.float32), 44100, made)
    result = runner.invoke(app, ["takes", "1", "--again"])
    assert result.exit_code == 1
    assert "made by another pocket (checksum 000000000000, this one has" in " ".join(result.output.split())


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


def test_a_take_from_before_today_s_limits_is_rendered_again(tmp_path):
    parameters = {"prompt": "kick", "seconds": 0.05, "seed": 5, "cfg_scale": -100.0, "sigma_max": 1e5}
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(
            np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="kick", model="sketch", parameters=parameters)
        )
    result = runner.invoke(app, ["takes", "1", "--again"])
    assert result.exit_code == 0, result.output
    assert soundfile.info("fragments/archive/output002.wav").frames == 2205


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
