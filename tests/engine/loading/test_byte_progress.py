from midifrag.engine.loading import byte_progress
from midifrag.engine.loading.byte_progress import in_mebibytes


def test_how_long_the_rest_takes_is_told(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(byte_progress, "monotonic", lambda: now[0])
    heard = []
    told = in_mebibytes(lambda *news: heard.append(news))
    for done, at in (
        (0, 100),
        (1 << 20, 101),
        ((1 << 20) + 5, 101.5),
        (4 << 20, 104),
        (100 << 20, 200),
        (400 << 20, 500),
    ):
        now[0] = at
        told(done, 400 << 20, "x.ckpt")
    assert heard == [
        (0, 400, "downloading x.ckpt (MiB)"),
        (1, 400, "downloading x.ckpt (MiB)"),
        (4, 400, "downloading x.ckpt (MiB), about 7 min left"),
        (100, 400, "downloading x.ckpt (MiB), about 5 min left"),
        (400, 400, "downloading x.ckpt (MiB)"),
    ]


def test_a_slow_download_gives_a_sign_of_life(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(byte_progress, "monotonic", lambda: now[0])
    heard = []
    told = in_mebibytes(lambda *news: heard.append(news))
    for second in range(5):
        now[0] = second
        told(second * 1000, 10 << 20, "x.ckpt")
    assert len(heard) == 5


def test_nobody_who_listens_is_told():
    assert in_mebibytes(None) is None
