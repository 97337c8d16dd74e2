"""The ten minutes on a card, end to end on a CPU in a size that nothing real has."""

import re
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu import PARTS, main
from benchmarks.gpu_running import command_for
from tests.support.forms import form

TINY = [
    *("--device", "cpu", "--precision", "fp32", "--together", "--repeats", "1"),
    *("--smaller", "24", "--narrower", "32", "--steps", "12"),
]
#: One of each kind of part, and with ``--thorough`` all of them.
PLAYED = form(("checks", "accuracy", "rows-small", "candidates", "profile-small"), tuple(PARTS))
#: Rows of the table, and how many have a verdict.
ROWS = form(
    ["small: press → audio"],
    [
        "small: press → audio",
        "Stable Audio Open 1.0: 100 steps",
        "pocket-1: 8 requests at once",
        "Stable Audio 3 small: 8 steps",
        "Stable Audio 3 medium: 8 steps",
    ],
)
VERDICTS = form(1, 6)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("gpu") / "gpu.md"
    assert main([*TINY, "--output", str(file), "--parts", *PLAYED]) == 0
    return file.read_text(encoding="utf-8")


@pytest.mark.shortened
def test_every_part_comes_to_its_end(report: str) -> None:
    for name in PLAYED:
        assert f"\n## {PARTS[name].title}\n" in report
        assert re.search(rf"\| {name} \| [\d.]+ \| .*\| its end \|", report)


@pytest.mark.shortened
def test_rows_are_lines_of_the_table_with_a_verdict(report: str) -> None:
    for title in ROWS:
        assert re.search(rf"\| {title}[^|]*\| \d+ ms \| \d+ ms \| [\d.]+ × ", report)
    assert report.count("Verdict: the estimates are for whole models on a card.") == VERDICTS


def test_each_way_is_beside_the_plain_one(report: str) -> None:
    for told in (r"width 7, dilation 9 \|", "stride 8 up", r"\| snake \| [\d.e-]+ ms \| none \| none"):
        assert re.search(told, report)
    near = [float(each) for each in re.findall(r"ms, (\d+|inf) dB", report)]
    assert len(near) > 40
    assert min(near) > 90
    fp8 = [float(each) for each in re.findall(r"→ \d+, \d+ rows \| [^|]+\| [^|]+\| ([\d.]+) dB", report)]
    assert len(fp8) == 4
    assert all(20 < each < 40 for each in fp8)


@pytest.mark.thorough
def test_settings_that_change_the_sound_are_told_with_their_decibels(report: str) -> None:
    noise = dict(re.findall(r"\| ([a-z0-9_]+: [^|]+) \| \d+ ms \| ([\d.]+) dB", report))
    assert noise.keys() == {
        "guidance_interval: [0, 0.7]",
        "guidance_interval: [0.2, 0.8]",
        "step_caching: 2",
        "step_caching: 3",
        "precision: fp8",
    }


def test_a_part_that_fails_is_told_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_options: object):
        yield "so far"
        raise RuntimeError("the card is gone")

    parts = {"checks": gpu.Entry("Broken", broken, 1.0), "rows-small": gpu.Entry("Checks", gpu.checks, 40)}
    monkeypatch.setattr(gpu, "PARTS", parts)
    file = tmp_path / "gpu.md"
    arguments = ["--device", "cpu", "--together", "--output", str(file), "--parts", "checks", "rows-small"]
    assert main(arguments) == 1
    told = file.read_text(encoding="utf-8")
    assert "so far\n\n**failed: RuntimeError: the card is gone**" in told
    assert "- midifrag" in told
    assert capsys.readouterr().out == told


def test_what_there_is_no_time_for_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "gpu.md"
    assert main([*TINY, "--output", str(file), "--parts", "checks", "accuracy", "--seconds", "-1"]) == 1
    assert file.read_text(encoding="utf-8").count("left out: -1 s are over") == 4


def test_a_part_by_itself_is_asked_for_as_the_whole_was() -> None:
    options = gpu.parsed(command_for("accuracy", TINY)[3:])
    assert (options.part, options.device, options.smaller) == ("accuracy", "cpu", 24)


@pytest.mark.parametrize(("device", "repeats"), [("cpu", 1), ("cuda", 3)])
def test_a_cpu_is_asked_once_unless_told_otherwise(device: str, repeats: int) -> None:
    assert gpu.parsed(["--device", device]).repeats == repeats
    assert gpu.parsed(["--device", device, "--repeats", "2"]).repeats == 2


def test_without_a_card_it_says_what_to_do(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    assert main([]) == 1
    assert "--device cpu --smaller 12" in capsys.readouterr().out
