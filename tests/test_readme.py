"""What the README says of Python and PyTorch is what the package asks for."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_pythons_and_the_pytorch_that_are_needed_are_named():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    least, beyond = map(int, re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups())
    pythons = [f"3.{minor}" for minor in range(least, beyond)]
    named = [one.rpartition(" ")[2] for one in project["classifiers"] if re.search(r"Python :: 3\.\d", one)]
    assert named == pythons
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (
        f"Python {' or '.join(pythons)} on a Mac with Apple silicon, Windows on x64, or Linux on\nx64 or ARM" in readme
    )
    (torch,) = (one.removeprefix("torch==") for one in project["dependencies"] if one.startswith("torch=="))
    assert f"no wheels of PyTorch {torch.rpartition('.')[0]} for them" in readme
