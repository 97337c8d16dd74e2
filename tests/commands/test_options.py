"""What may be written at flags that several commands share."""

from pathlib import Path

import pytest
from click import BadParameter
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import options

runner = CliRunner()


@pytest.mark.parametrize("arguments", [["render", "rain", "-o", "x.mp3"], ["clean", "x.wav", "y.flac"]])
def test_what_would_be_a_wav_file_under_another_name_is_refused(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "WAV" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("speed", ["nan", "0", "inf", "-1"])
@pytest.mark.parametrize("command", [["demo"], ["play", "a.mid"]])
def test_a_speed_that_is_none(command, speed):
    result = runner.invoke(app, [*command, "--speed", speed])
    assert result.exit_code == 2
    assert "Invalid value for '--speed'" in result.output


def test_a_user_s_home_that_is_not_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert runner.invoke(app, ["init", "."]).exit_code == 0
    for command in (["takes"], ["run"], ["demo"], ["play", "a.mid"]):
        result = runner.invoke(app, [*command, "--fragments", "~nosuchuser/x"])
        assert result.exit_code == 2, result.output
        assert "command line: --fragments: '~nosuchuser/x' begins in the home folder of a user" in result.output


@pytest.mark.parametrize("arguments", [["render", "rain", "-o", "rain.wav/"], ["clean", "in.wav", "out.wav/"]])
def test_a_folder_is_no_file_to_write(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert f"{arguments[-1]} is the name of a folder: name a file in it" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_server_of_the_command_line_plays_its_first_model_or_one_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = "ws://10.0.0.2:8770"
    assert options.server_settings(None, None, None, "sketch") == {}
    assert options.server_settings(url, None, None, None) == {"servers": {"server": {"url": url}}, "model": "server"}
    made = options.server_settings(url, Path("tok"), Path("studio.pem"), "sketch")
    assert made["model"] == "server/sketch"
    assert made["servers"]["server"]["token_file"] == str(tmp_path / "tok")
    assert made["servers"]["server"]["certificate"] == str(tmp_path / "studio.pem")
    # What `midifrag serve` made in this folder.
    (tmp_path / ".midifrag").mkdir()
    (tmp_path / ".midifrag" / "serve-token").touch()
    made = options.server_settings(url, None, None, None)
    assert made["servers"]["server"]["token_file"] == str(tmp_path / ".midifrag" / "serve-token")


@pytest.mark.parametrize("what", ["token", "certificate"])
def test_what_belongs_to_a_server_is_refused_without_one(what):
    result = runner.invoke(app, ["run", f"--server-{what}", "file"])
    assert result.exit_code == 2
    assert f"it is the {what} of --server" in result.output


@pytest.mark.parametrize("written", ["auto", "10.0.0.4:6379", "head.studio.lan:6379", "[fd00::1]:6379"])
def test_where_a_cluster_is(written):
    assert options.as_cluster(None, None, written) == written


@pytest.mark.parametrize("written", ["", "studio", "ray://10.0.0.4:10001", "10.0.0.4:", ":6379", "10.0.0.4:x"])
def test_what_is_no_cluster(written):
    with pytest.raises(BadParameter, match="no address of a cluster"):
        options.as_cluster(None, None, written)


def test_how_many_engines():
    assert options.as_replicas(None, None, "1-8") == (1, 8)
    assert options.as_replicas(None, None, None) is None
    with pytest.raises(BadParameter, match="'many' is no number of engines"):
        options.as_replicas(None, None, "many")
