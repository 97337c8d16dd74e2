import runpy

import soundfile

from tests.examples.conftest import EXAMPLES


def test_a_script_renders_into_files(tmp_path, capsys):
    runpy.run_path(str(EXAMPLES / "render_from_python.py"))["main"](tmp_path / "sounds", "sketch")
    files = sorted((tmp_path / "sounds").iterdir())
    assert [file.name for file in files] == [
        "01 short dark kick.wav",
        "02 low bowed drone.wav",
        "03 bright glass bell.wav",
    ]
    assert all(soundfile.info(file).duration == 2.0 for file in files)
    assert "'seed': 1" in capsys.readouterr().out
