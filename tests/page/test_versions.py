"""Which version of a file an address means."""

import os

from midifrag.page.versions import version_of


def test_a_file_that_is_written_anew_is_another_version(tmp_path):
    path = tmp_path / "take.wav"
    assert version_of(path) == ""
    path.write_bytes(b"one")
    first = version_of(path)
    assert first == version_of(path)
    path.write_bytes(b"longer")
    second = version_of(path)
    os.utime(path, ns=(0, 0))
    assert len({first, second, version_of(path), ""}) == 4
