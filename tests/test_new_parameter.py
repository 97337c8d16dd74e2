"""A new generation parameter is one field in one file: everybody else knows it without being told."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.support import unmeasured

ROOT = Path(__file__).resolve().parent.parent
FIELD = """
    rho: Annotated[
        float | None,
        Parameter("ρ", "how steep", unit="dB", limits=(1, 20), slider=(2, 9), settable=True, defaulted=True),
    ] = None
"""
#: The end of the class that requests, presets and defaults are made from.
MARK = """

@dataclass(frozen=True, kw_only=True)
class PresetParameters(RequestParameters):"""
ASKS = """
    from types import SimpleNamespace

    import pydantic
    from click.testing import CliRunner

    from midifrag.bridge.jobs import request
    from midifrag.cli import app
    from midifrag.commands.render_again import recorded_parameters
    from midifrag.config.banks import Bank
    from midifrag.config.press_request import press_request
    from midifrag.config.settings import Settings
    from midifrag.engine.diffusion.parameters import resolve_parameters
    from midifrag.engine.limits import check_limits
    from midifrag.config.model_defaults import defaults_of
    from midifrag.engine.messages import Render
    from midifrag.errors import RequestError
    from midifrag.fragment.record import TakeRecord
    from midifrag.pad_key import PadKey
    from midifrag.page import texts
    from tools import settings_reference

    pad = {"prompt": "rain", "velocity": {"sets": "rho", "range": [3, 5]}}
    control = {"cc": 1, "sets": "rho", "range": [2, 8]}
    bank = Bank.model_validate({"name": "O", "pads": {36: pad}, "defaults": {"rho": 7}, "controls": [control]})
    assert bank.controls[0].value(0.5) == 5 and bank.controls[0].id == "cc 1 sets rho"
    try:
        Bank.model_validate({"name": "O", "pads": {36: {"prompt": "x", "rho": 21}}})
        raise SystemExit("a bank takes 21")
    except pydantic.ValidationError as error:
        assert [str(part) for part in error.errors()[0]["loc"]] == ["pads", "36", "rho"]

    for how, rho in (({}, 7), ({"values": {"rho": 2}}, 2), ({"velocity": 1.0}, 5)):
        asked = press_request(Settings(), bank, bank.pads[PadKey(36)], **how)
        assert request(asked.preset, 1, 2).rho == rho, how
    check_limits(Render(1, "rain", 1.0, 2, rho=20))
    try:
        check_limits(Render(1, "rain", 1.0, 2, rho=0.5))
        raise SystemExit("an engine takes 0.5")
    except RequestError as error:
        assert str(error) == "rho: 0.5 is below 1."

    config = {"model": {"diffusion": {}}, "midifrag": {"defaults": {"rho": "4"}}}
    defaults, _ = defaults_of(config, {}, 10.0)
    model = SimpleNamespace(
        name="m", defaults=defaults, objective="v", sample_rate=10, sample_size=100, downsampling=1, max_seconds=10.0,
        short_latents=False, inputs=(), variable=None,
    )
    assert resolve_parameters(Render(1, "rain", 1.0, 2), model).used()["rho"] == 4
    assert resolve_parameters(Render(1, "rain", 1.0, 2, rho=6), model).used()["rho"] == 6
    assert recorded_parameters(TakeRecord("rain", parameters={"rho": 3.5}))["rho"] == 3.5
    help = " ".join(CliRunner().invoke(app, ["render", "--help"], terminal_width=200).output.split())
    assert "--rho FLOAT How steep (1 to 20 dB)." in help, help
    typed = CliRunner().invoke(app, ["render", "rain", "-o", "x.wav", "--rho", "30"])
    assert (typed.exit_code, typed.output) == (2, "command line: --rho: 30 is above 20\\n"), typed.output
    assert texts.PARAMETERS["rho"] == "ρ"
    assert "| `rho` | number |  | 1 to 20 dB | how steep |" in settings_reference.page()
"""


def test_a_new_number_is_known_to_all_rooms_by_one_field(tmp_path):
    skipped = shutil.ignore_patterns("__pycache__", "models", "*.css")
    shutil.copytree(ROOT / "midifrag", tmp_path / "midifrag", ignore=skipped)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=skipped)
    table = tmp_path / "midifrag" / "config" / "parameters.py"
    text = table.read_text(encoding="utf-8")
    assert text.count(MARK) == 1
    table.write_text(text.replace(MARK, FIELD + MARK), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ASKS)],
        cwd=tmp_path,
        env={**unmeasured(), "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
