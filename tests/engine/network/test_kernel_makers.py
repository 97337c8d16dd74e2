"""What is given to compilers: the functions by a compiler of torch's, CUDA source by the machine's own compiler."""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from midifrag.engine.network import kernel_makers, pointwise
from midifrag.engine.network.convolutions import measuring
from midifrag.engine.network.kernel_makers import (
    GATE_SOURCE,
    SNAKE_SOURCE,
    OnlyKnown,
    compiled,
    jiterated,
    keep_on_disk,
    with_tables_in_two,
)
from midifrag.engine.network.kernels import PLAIN, _samples

NAMES = ("snake", "gate", "rotate", "head_norm", "rounded_rows")


@pytest.fixture(autouse=True)
def no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for variable in (*kernel_makers._PLACES, "TORCHINDUCTOR_COMPILE_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_what_torch_traces_of_a_function_is_the_function(name: str) -> None:
    """With torch's own operations in the place of kernels: what is traced is what a card's compiler gets."""
    plain = getattr(PLAIN, name)
    made = compiled(name, plain, backend="aot_eager")
    assert made is not None
    for given, again in zip(*(_samples(name, torch.device("cpu"), torch.float32) for _ in range(2)), strict=True):
        with measuring():
            ours = made(*given)
        theirs = plain(*again)
        if isinstance(theirs, tuple):
            ours, theirs = (rows.float() * scale for rows, scale in (ours, theirs))
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_nothing_is_compiled_while_a_press_waits() -> None:
    calls: list[str] = []
    made = OnlyKnown(lambda *_: calls.append("made"), lambda *_: calls.append("plain"))
    made(torch.zeros(4, 8))
    with measuring():
        made(torch.zeros(4, 8))
    made(torch.zeros(9, 8))
    made(torch.zeros(1, 8))
    made(torch.zeros(4, 16))
    x = torch.zeros(4, 8)
    made(x, x)
    assert calls == ["plain", "made", "made", "plain", "plain", "plain"]


def test_without_triton_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_makers, "find_spec", lambda _name: None)
    assert compiled("gate", pointwise.gate) is None


def built(source: str, name: str, inputs: int, folder: Path) -> Callable[..., Tensor]:
    """The CUDA source as a program of this machine's, which reads floats for each input and writes the results."""
    compiler = next((found for each in ("g++", "c++", "clang++") if (found := shutil.which(each))), None)
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    reads = ", ".join(f"in[{index}]" for index in range(inputs))
    program = folder / "kernel.cpp"
    program.write_text(
        f"#include <cmath>\n#include <cstdio>\nusing std::cos; using std::exp;\n{source}\n"
        f"int main() {{ float in[{inputs}]; while (fread(in, 4, {inputs}, stdin) == {inputs}) "
        f"{{ float out = {name}<float>({reads}); fwrite(&out, 4, 1, stdout); }} }}\n"
    )
    subprocess.run([compiler, "-o", folder / "kernel", program], check=True)

    def run(*given: Tensor) -> Tensor:
        columns = torch.stack([each.float().flatten() for each in torch.broadcast_tensors(*given)], dim=1)
        sent = struct.pack(f"{columns.numel()}f", *columns.flatten().tolist())
        out = subprocess.run([folder / "kernel"], input=sent, capture_output=True, check=True).stdout
        return torch.tensor(struct.unpack(f"{len(columns)}f", out)).view(torch.broadcast_shapes(*map(_shape, given)))

    return run


def _shape(x: Tensor) -> torch.Size:
    return x.shape


def test_the_source_of_snake_is_snake_and_loses_nothing_of_its_tables(tmp_path: Path) -> None:
    play = with_tables_in_two(built(SNAKE_SOURCE, "snake", 5, tmp_path))
    generator = torch.Generator().manual_seed(1)
    x = (20 * torch.randn(40, 6, generator=generator)).half()
    two_alpha, half_over_beta = (torch.rand(6, generator=generator) * 3 + 0.1 for _ in range(2))
    exact = pointwise.snake_at_once(x.double(), two_alpha.double(), half_over_beta.double(), x.double())
    ours = play(x, two_alpha, half_over_beta, x)
    torch.testing.assert_close(ours.double(), exact, atol=2e-4, rtol=0)


def test_the_source_of_the_gate_is_the_gate(tmp_path: Path) -> None:
    x = 30 * torch.randn(20, 8, generator=torch.Generator().manual_seed(1))
    ours = built(GATE_SOURCE, "gate", 2, tmp_path)(*x.chunk(2, dim=-1))
    torch.testing.assert_close(ours, pointwise.gate(x), atol=1e-4, rtol=1e-5)


def test_sources_are_what_torch_accepts_and_go_to_it_in_the_form_that_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Tensor, ...]] = []
    parse = torch.cuda.jiterator._create_jit_fn

    def create(source: str) -> Callable[..., Tensor]:
        assert parse(source).kernel_name in source
        return lambda *tensors: given.append(tensors) or tensors[0]

    monkeypatch.setattr(torch.cuda.jiterator, "_create_jit_fn", create)
    x = torch.zeros(3, 8, dtype=torch.float16)
    jiterated("snake", pointwise.snake)(x, torch.rand(8), torch.rand(8), x)
    jiterated("gate", pointwise.gate)(x)
    assert [len(each) for each in given] == [5, 2]
    assert {tensor.dtype for each in given for tensor in each} == {torch.float16}
    assert jiterated("rotate", pointwise.rotate) is None


def test_kernels_are_kept_in_a_folder_of_their_own_for_each_torch(no_folder: Path) -> None:
    folder = keep_on_disk()
    assert folder == no_folder / ".midifrag" / "kernels" / torch.__version__
    for variable, name in kernel_makers._PLACES.items():
        assert Path(os.environ[variable]) == folder / name
        assert (folder / name).is_dir()


def test_a_folder_that_is_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", "/mine")
    keep_on_disk()
    assert os.environ["TRITON_CACHE_DIR"] == "/mine"


def test_where_no_folder_can_be_made_kernels_are_made_all_the_same(no_folder: Path) -> None:
    (no_folder / ".midifrag").write_text("in the way")
    assert keep_on_disk() is None
    assert compiled("gate", pointwise.gate) is not None
