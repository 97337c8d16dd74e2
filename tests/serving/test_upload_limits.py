"""How much is taken of uploads, in bytes; what a set says of that, see tests/config/test_uploads.py."""

from midifrag.engine.line import messages as line
from midifrag.serving.upload_limits import UploadLimits


def test_each_kind_has_a_limit_of_its_own():
    limits = UploadLimits(sound=1, lora=2)
    sound = line.Sound(sha256="a" * 64, channels=1, samples=1, sample_rate=8000)
    lora = line.LoraFile(name="dusty", strength=1.0, sha256="a" * 64, size=1)
    assert (limits.most(sound), limits.most(lora)) == (1, 2)
