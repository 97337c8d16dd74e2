import numpy as np

from midifrag.playback import native
from tests.playback.virtual import Device


def test_compiled_code_is_kept_for_this_very_code(tmp_path, monkeypatch):
    assert native._name() == native.KEPT
    changed = tmp_path / "limiter.py"
    changed.write_text("# another one")
    monkeypatch.setattr(native.limiter, "__file__", str(changed))
    assert native._name() != native.KEPT


def test_a_stream_is_given_where_everything_lies_and_how_large_it_is():
    device = Device(slots=5, channels=3)
    data = native.user_data(device.state)
    arrays = len(device.state)
    assert data[:arrays].tolist() == [array.ctypes.data for array in device.state]
    assert data[arrays : arrays + 3].tolist() == [5, 3, len(device.state.audio)]
    assert data[arrays + 3] >= 1
    assert data.dtype == np.int64
