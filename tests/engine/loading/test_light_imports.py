"""What a load imports, in a process that has imported nothing yet."""

import importlib
import subprocess
import sys
import textwrap

import pytest

from tests.support import PATIENCE

SAMPLERS = "stable_audio_tools.inference.k_diffusion"
HEAVY = (
    "torch._dynamo",
    "torch._inductor",
    f"{SAMPLERS}.sampling",
    "torchsde",
    "torchvision",
    "clip",
    "scipy.signal",
    "trio",
)


def in_a_new_process(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_loading_and_rendering_import_neither_the_compiler_nor_other_samplers():
    told = in_a_new_process(f"""
        import sys, torch
        compile = torch.compile
        from midifrag.engine.api import load_model, render
        take = render(load_model("pocket", "cpu"), "kick", seconds=0.5, steps=1, seed=1)
        print(take.audio.shape[0], [name for name in {HEAVY!r} if name in sys.modules], torch.compile is compile)
    """)
    assert told == ["2 [] True"]


@pytest.mark.thorough
def test_whoever_uses_them_gets_them():
    told = in_a_new_process("""
        import torch
        from midifrag.config.catalogue import POCKET_FOLDER
        from midifrag.engine.loading.load import build_module, fetch_files
        from midifrag.engine.protocol import EngineChoice
        files, config = fetch_files(EngineChoice("pocket"))
        build_module(config, files.config)
        from stable_audio_tools.inference import sampling
        from stable_audio_tools.models import pretransforms, transformer
        print(pretransforms.scipy.signal.firwin(3, 0.5).shape)
        print(sampling.K.sampling.sample_heun.__module__)
        # Neither is torch told to hide what its compiler meets.
        print(torch._dynamo.config.suppress_errors, callable(transformer.flex_attention_compiled))
    """)
    assert told == ["(3,)", f"{SAMPLERS}.sampling", "False True"]


def test_a_function_is_compiled_when_it_is_first_called(monkeypatch):
    import torch

    from midifrag.engine.loading.light_imports import _compiled_at_first_use

    made = []
    monkeypatch.setattr(torch, "compile", lambda function, **how: made.append(how) or (lambda x: function(x) + 1))
    compiled = _compiled_at_first_use(abs, dynamic=False)
    assert not made
    assert (compiled(-2), compiled(-3)) == (3, 4)
    assert made == [{"dynamic": False}]


def test_what_is_not_installed_is_missed_at_once():
    import midifrag.engine.loading.light_imports as light

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(light, "_LATER", ("no_such_package_anywhere",))
        with light.light_imports(), pytest.raises(ImportError):
            importlib.import_module("no_such_package_anywhere")


@pytest.mark.parametrize("how", ["import later_one.inner", "from later_one.inner import VALUE", "import later_one"])
def test_what_lies_in_a_package_that_is_imported_later_can_be_imported_meanwhile(tmp_path, monkeypatch, how):
    import midifrag.engine.loading.light_imports as light

    (tmp_path / "later_one").mkdir()
    (tmp_path / "later_one" / "__init__.py").write_text("")
    (tmp_path / "later_one" / "inner.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(light, "_LATER", ("later_one",))
    with light.light_imports():
        exec(how, {})
        is_there = getattr(sys.modules["later_one"], "__file__", None) is not None
    assert is_there is (how != "import later_one")
    assert importlib.import_module("later_one.inner").VALUE == 7
    del sys.modules["later_one.inner"], sys.modules["later_one"]
