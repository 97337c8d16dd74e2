import numpy as np

from midifrag.playback import native
from tests.playback.virtual import Device


def test_compiled_code_lies_in_a_folder_for_this_very_code(tmp_path, monkeypatch):
    monkeypatch.setattr(native.platformdirs, "user_cache_path", lambda _name: tmp_path / "cache")
    folder = native._cache_folder()
    assert folder.parent == tmp_path / "cache"
    assert native._cache_folder() == folder
    changed = tmp_path / "limiter.py"
    changed.write_text("# another one")
    monkeypatch.setattr(native.limiter, "__file__", str(changed))
    assert native._cache_folder() != folder


def test_where_no_cache_can_be_written_it_is_made_for_a_while(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(native.platformdirs, "user_cache_path", lambda _name: tmp_path / "file")
    monkeypatch.setattr(native.tempfile, "tempdir", str(tmp_path))
    assert native._cache_folder().parent == tmp_path
    monkeypatch.setattr(native.tempfile, "gettempdir", lambda: str(tmp_path / "file"))
    monkeypatch.setattr(native.tempfile, "mkdtemp", lambda: str(tmp_path / "last"))
    assert native._cache_folder() == tmp_path / "last"


def test_a_stream_is_given_where_everything_lies_and_how_large_it_is():
    device = Device(slots=5, channels=3)
    data = native.user_data(device.state)
    arrays = len(device.state)
    assert data[:arrays].tolist() == [array.ctypes.data for array in device.state]
    assert data[arrays : arrays + 3].tolist() == [5, 3, len(device.state.audio)]
    assert data[arrays + 3] >= 1
    assert data.dtype == np.int64
