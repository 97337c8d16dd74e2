import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["midifrag.audio", "midifrag.engine.messages", "midifrag.engine.protocol"])
def test_words_about_samples_do_not_import_numpy(module):
    program = f"import sys, {module}; print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
