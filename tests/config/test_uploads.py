"""How much a server takes of uploads: within limits, and said in megabytes."""

import pytest
from pydantic import ValidationError

from midifrag.config.uploads import UploadSettings
from midifrag.serving.upload_limits import UploadLimits, limits_of


def test_what_is_not_said_is_what_a_replica_has_of_its_own():
    assert limits_of(UploadSettings()) == UploadLimits()


def test_each_limit_is_taken():
    said = UploadSettings(sound_mb=1, lora_mb=2, kept_mb=3, loras_mb=4, disk_mb=5)
    assert limits_of(said) == UploadLimits(1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000)


@pytest.mark.parametrize("key", ["sound_mb", "lora_mb", "kept_mb", "loras_mb", "disk_mb"])
def test_nothing_is_no_limit(key):
    with pytest.raises(ValidationError, match=key):
        UploadSettings(**{key: 0})
