import datetime
import json

import numpy as np
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from midifrag.cli import app
from midifrag.commands.take_tables import table_of
from midifrag.fragment.record import TakeRecord

runner = CliRunner()


def test_takes_are_listed_with_the_moment_of_their_press():
    rendered, pressed = 1_700_000_000.0, 1_700_000_500.0
    record = TakeRecord(prompt="x", rendered_at=rendered, pressed_at=pressed, spare=True, number=1)
    (when,) = table_of([record]).columns[2].cells
    assert str(when) == datetime.datetime.fromtimestamp(pressed).isoformat(" ")


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


def test_one_take_is_described_with_all_that_is_known(archive):
    output = runner.invoke(app, ["takes", "3"]).output
    for name, value in (("prompt", "low bell"), ("bank", "opening"), ("parameters", "seed 5")):
        assert any(line.split()[:1] == [name] and value in line for line in output.splitlines()), output
    assert json.loads(runner.invoke(app, ["takes", "3", "--json"]).output)["prompt"] == "low bell"
