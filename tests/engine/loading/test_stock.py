import subprocess
import sys

import pytest

from midifrag.engine.loading import stock

SCRIPT = """
import sys
from midifrag.engine.loading.stock import leave_out_compiler, leave_out_training
from midifrag.engine.loading.silence_output import silence_output
leave_out_training()
leave_out_training()
with silence_output():
    import stable_audio_tools.models.factory, stable_audio_tools.models.diffusion
    leave_out_compiler()
    from stable_audio_tools.models import transformer
assert transformer.flex_attention_available is False
print(sorted({"pytorch_lightning", "torchmetrics", "wandb"} & set(sys.modules)))
"""


def test_the_part_that_imports_a_training_is_an_empty_one(monkeypatch):
    monkeypatch.delitem(sys.modules, stock._CALLBACKS, raising=False)
    stock.leave_out_training()
    empty = sys.modules[stock._CALLBACKS]
    assert empty.LoRASafetensorsCheckpoint is empty.StepOffsetCallback is object
    stock.leave_out_training()
    assert sys.modules[stock._CALLBACKS] is empty


def test_windowed_attention_is_not_compiled(monkeypatch):
    from stable_audio_tools.models import transformer

    monkeypatch.setattr(transformer, "flex_attention_available", True)
    stock.leave_out_compiler()
    assert transformer.flex_attention_available is False


@pytest.mark.thorough
def test_the_package_is_imported_without_what_its_training_needs():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
