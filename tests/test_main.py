"""Where the program begins and how Ctrl-C ends it before anything runs."""

import subprocess
import sys

import pytest

from midifrag.__main__ import main


def test_ctrl_c_while_things_are_imported_is_no_traceback(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("midifrag.cli.app", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def test_python_can_run_the_package():
    result = subprocess.run([sys.executable, "-m", "midifrag", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("midifrag ")
