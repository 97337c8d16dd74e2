"""``midifrag run`` with Stable Audio 3 from the hub: its gate, what it fetches, and shows without a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from midifrag.fragment.audio_files import read_wav
from tests.doors.osc.peer import free_port, packet, send
from tests.engine.hub_server import TOKEN, Repository, serve
from tests.engine.sa3_models import SUBFOLDER, files_of, save_repository
from tests.support.performing import Performance

NAME = "stabilityai/stable-audio-3-small-music"
ATTEMPTS = 5


def write_set(folder: Path, listen: int) -> None:
    (folder / "presets").mkdir()
    (folder / "presets.yaml").write_text(
        f"model: sa3\nprecision: fp32\nset_list: [one]\nosc: {{listen: {listen}}}\ntime: {{source: internal}}\n"
        "engine: {device: cpu, spares: {enabled: false}}\nports: {pads: {in: nobody}}\n"
    )
    (folder / "presets" / "one.yaml").write_text(
        "name: One\npads: {36: {prompt: rain on tin, seconds: 0.5, seed: 7, steps: 2}}\n"
    )


@contextmanager
def loading(folder: Path) -> Iterator[tuple[Performance, str]]:
    """A show, and what it says of its model. On a busy machine the hub may not answer in the seconds that it has."""
    for _ in range(ATTEMPTS):
        with Performance(folder) as show:
            line = show.line_with("sa3 ready", "sa3 lost")
            if "cannot be reached" not in line:
                yield show, line
                return
            show.interrupt()
    pytest.fail(f"no answer came in {ATTEMPTS} shows: {line}")


def play(folder: Path, listen: int, count: int) -> bytes:
    """Press the pad in a new show, once it is ready; what has landed then, as bytes of its samples."""
    with loading(folder) as (show, line):
        assert "sa3 ready" in line
        send(listen, packet("/midifrag/press", 36, 100))
        assert show.wait_for_log(lambda log: log.jobs(36) == ["landed"]), show.lines
        assert show.interrupt() == 0, show.lines
    audio, _ = read_wav(folder / "fragments" / f"output{count:02d}.wav")
    return audio.tobytes()


@pytest.mark.thorough
@pytest.mark.timeout(1800)  # three shows, each of which loads a text encoder
def test_it_asks_for_the_licence_then_plays_and_then_needs_no_network(tmp_path, monkeypatch) -> None:
    listen, folder = free_port(), tmp_path / "set"
    folder.mkdir()
    write_set(folder, listen)
    with serve() as hub:
        hub.repositories[NAME] = Repository(files_of(save_repository(tmp_path / "repository", NAME)), gated=True)
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        monkeypatch.delenv("HF_TOKEN", raising=False)
        with loading(folder) as (show, line):
            assert "gated" in line
            assert "accept the licence" in line
            show.interrupt()

        monkeypatch.setenv("HF_TOKEN", TOKEN)
        first = play(folder, listen, 1)
        paths = {path for _, path in hub.log}
        assert any(path.endswith(f"/{SUBFOLDER}/model.safetensors") for path in paths)

        hub.log.clear()
        monkeypatch.delenv("HF_TOKEN")
        assert play(folder, listen, 2) == first
        assert hub.log == []
