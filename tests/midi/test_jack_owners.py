from __future__ import annotations

import os

import pytest

from midifrag.midi import jack_owners
from midifrag.midi.jack_owners import owners

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only Linux tells")
UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000: 00000002 00000000 00010000 0001 01 11 /dev/shm/jack_stage_0_0
0000000: 00000003 00000000 00000000 0001 03 12 /dev/shm/jack_pads_0_0
0000000: 00000003 00000000 00000000 0001 03 13 /dev/shm/jack_pads-01_0_0
0000000: 00000003 00000000 00000000 0001 03 14 /dev/shm/jack_twin b_0_1
0000000: 00000003 00000000 00000000 0001 03 15
0000000: 00000003 00000000 00000000 0001 03 16 /dev/shm/jack_a_b_0_0
"""


@pytest.fixture
def proc(tmp_path, monkeypatch):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "unix").write_text(UNIX)
    for process, inodes in {7: (12, 13), 8: (14, 15), 9: (16,)}.items():
        (tmp_path / str(process) / "fd").mkdir(parents=True)
        for number, inode in enumerate(inodes):
            (tmp_path / str(process) / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    (tmp_path / "10").mkdir()
    monkeypatch.setattr(jack_owners, "PROC", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("client", "found"), [("pads", [7]), ("pads-01", [7]), ("twin b", [8]), ("a/b", [9]), ("ads", []), ("b", [])]
)
def test_a_client_is_in_the_process_that_holds_its_socket(proc, client, found):
    assert owners(client) == found


def test_where_nothing_is_told_nobody_is_found(proc):
    (proc / "net" / "unix").unlink()
    assert owners("pads") == []
