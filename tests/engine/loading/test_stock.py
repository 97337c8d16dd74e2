import subprocess
import sys

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


def test_the_package_is_imported_without_what_its_training_needs():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
