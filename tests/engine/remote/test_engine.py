"""The client of a server, over a real socket: what any engine must do, and what it does when the line goes."""

import queue
import shutil
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from midifrag.audio import SourceSound
from midifrag.engine.conformance import EngineConformance
from midifrag.engine.line.coding import as_flac
from midifrag.engine.line.frames import PIECE
from midifrag.engine.loading.adapters import adaptable
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.messages import Cancel, Cancelled, Died, Failed, Ready, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.engine.remote import engine as module
from midifrag.engine.remote import parcel
from midifrag.errors import ModelError
from midifrag.serving import job as serving_job
from tests.engine.tiny_models import tiny_model_folder
from tests.serving.asking import take
from tests.serving.puppet import INFO, TOKEN, Puppet, Server, until
from tests.serving.wire import Wire
from tests.support import PATIENCE


def token_file(folder, token=TOKEN):
    path = folder / "token"
    path.write_text(f"ann: {token}  # hers\n")
    return path


def remote(url, folder, there="sketch", token=TOKEN, patience_ms=60_000, audio="auto"):
    source = {
        "engine": "server", "server": "studio", "there": there, "url": url,
        "token_file": str(token_file(folder, token)), "patience_ms": patience_ms, "audio": audio,
    }  # fmt: skip
    return create_engine(EngineChoice(f"studio/{there}", source))


class Heard(queue.Queue):
    def until(self, kind):
        while not isinstance(event := self.get(timeout=PATIENCE), kind):
            pass
        return event


@contextmanager
def started(engine):
    heard = Heard()
    engine.start(heard.put)
    try:
        yield heard
    finally:
        engine.close()


def sketch(model):
    return create_engine(EngineChoice(model), "thread")


class TestRemoteEngine(EngineConformance):
    timeout_seconds = PATIENCE

    @pytest.fixture(autouse=True)
    def served(self, tmp_path):
        with Server(sketch) as server:
            self.url, self.folder = server.url, tmp_path
            yield

    def make_engine(self):
        return remote(self.url, self.folder)


def test_the_same_seed_is_the_same_sound_as_at_home(tmp_path):
    render = Render(1, "a dark bell", seconds=1.5, seed=77)
    with started(sketch("sketch")) as home, Server(sketch) as server:
        engine = remote(server.url, tmp_path)
        with started(engine) as far:
            home.until(Ready)
            info = far.until(Ready).info
            assert (info.model, info.device.endswith("of studio")) == ("studio/sketch", True)
    with Server(sketch) as server:
        engine, local = remote(server.url, tmp_path), sketch("sketch")
        with started(engine) as far, started(local) as home:
            for one in (engine, local):
                one.send(render)
            here, there = home.until(Rendered), far.until(Rendered)
    np.testing.assert_array_equal(here.audio, there.audio)
    assert (here.used, here.sample_rate, here.notes) == (there.used, there.sample_rate, there.notes)


def test_what_nobody_foresaw_is_told_and_the_engine_is_lost(tmp_path, monkeypatch):
    async def call(*_arguments):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(module, "call", call)
    with started(remote("ws://127.0.0.1:9", tmp_path)) as heard:
        died = heard.until(Died)
        assert ("of all things" in died.reason, died.restarting) == (True, False)


def test_the_servers_first_model_has_no_name(tmp_path):
    with Server(sketch) as server:
        engine = remote(server.url, tmp_path, there="")
        with started(engine) as heard:
            engine.send(Render(1, "bell", seconds=0.5, seed=1))
            assert heard.until(Rendered).job == 1


def test_what_is_asked_before_the_server_is_there_waits_for_it(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as first:
        port = first.port
    engine = remote(f"ws://127.0.0.1:{port}", tmp_path)
    with started(engine) as heard:
        heard.until(Warming)
        engine.send(Render(1, "bell", seconds=0.5, seed=1))
        with Server(sketch, port=port):
            assert heard.until(Rendered).job == 1


def test_a_server_that_goes_away_takes_its_jobs_along_after_a_sets_patience_and_comes_back(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as first:
        engine = remote(first.url, tmp_path, patience_ms=300)
        with started(engine) as heard:
            heard.until(Ready)
            engine.send(Render(1, "bell", seconds=0.5, seed=1))
            job = puppet.next(Render).job
            puppet.say(Started(job))
            heard.until(Started)
            first.__exit__()
            died = heard.until(Died)
            assert (died.jobs, died.restarting) == ((1,), True)
            assert "studio does not answer" in died.reason
            # It is not forgotten while it is called.
            heard.until(Warming)
            engine.send(Render(2, "bell", seconds=0.5, seed=1))
            with Server(sketch, port=first.port):
                # What is asked again under its number too.
                engine.send(Render(1, "bell", seconds=0.5, seed=1))
                assert {heard.until(Rendered).job, heard.until(Rendered).job} == {1, 2}


@pytest.mark.parametrize(
    ("there", "token", "told"),
    [("open", TOKEN, "studio has no model 'open'; it has sketch"), ("sketch", "c" * 32, "it refuses the token")],
)
def test_what_can_never_play_is_said(tmp_path, there, token, told):
    with Server(lambda _model: Puppet()) as server:
        engine = remote(server.url, tmp_path, there, token, patience_ms=300)
        with started(engine) as heard:
            assert told in heard.until(Died).reason


def test_a_token_that_is_not_there_is_said(tmp_path):
    with Server(lambda _model: Puppet()) as server:
        engine = remote(server.url, tmp_path, patience_ms=300)
        (tmp_path / "token").unlink()
        with started(engine) as heard:
            assert "token cannot be read" in heard.until(Died).reason


def test_an_entry_without_a_server_is_refused():
    with pytest.raises(ModelError, match="has no url"):
        create_engine(EngineChoice("x", {"engine": "server"}))


def test_an_engine_that_was_never_started_can_be_closed(tmp_path):
    remote("ws://127.0.0.1:1", tmp_path).close()


@pytest.fixture(scope="module")
def bells(tmp_path_factory):
    """A tiny model's folder, and a LoRA for it."""
    folder, drawn = tiny_model_folder(tmp_path_factory.mktemp("models") / "tiny"), torch.Generator().manual_seed(1)
    model = load_stable_audio(EngineChoice("tiny", {"folder": str(folder)}, "cpu", "fp32"))
    tensors = {}
    for name, layer in adaptable(model.module).items():
        outputs, inputs = layer.weight.shape[:2]
        tensors[f"{name}.lora_A.weight"] = torch.randn(3, inputs, generator=drawn) / inputs**0.5
        tensors[f"{name}.lora_B.weight"] = torch.randn(outputs, 3, generator=drawn) / outputs**0.5
    save_file(tensors, file := folder / "dusty.safetensors")
    # Its scale lies beside it, and goes there too.
    (folder / "adapter_config.json").write_text('{"lora_alpha": 1.5}')
    return folder, file


@pytest.fixture(scope="module")
def far_bells(bells):
    """A server of that model, for several tests: loading one takes longer than they do."""
    with Server(tiny_of(bells), models=("tiny",)) as server:
        yield server


def wanting(bells, number=1, strength=1.0):
    """A press that begins from a sound, with a LoRA."""
    audio = (0.3 * np.random.default_rng(2).normal(size=(2, 9_000))).astype(np.float32)
    return Render(number, "a bell", seconds=0.2, seed=77, steps=4, sound=SourceSound.of(audio, 44100), strength=0.7,
                  loras=f"dusty={strength} from {bells[1]}")  # fmt: skip


def tiny_of(bells):
    return lambda _model: create_engine(EngineChoice("tiny", {"folder": str(bells[0])}, "cpu", "fp32"), "thread")


def at_home(bells, render):
    with started(engine := tiny_of(bells)("tiny")) as heard:
        engine.send(render)
        return heard.until(Rendered)


def test_a_press_with_a_sound_and_a_lora_is_rendered_there_as_at_home_over_a_line_that_breaks(
    bells, far_bells, tmp_path
):
    server = far_bells
    render = wanting(bells)
    here = at_home(bells, render)
    # As slow as a modem, so that it breaks in mid-upload; each time it goes on where it was.
    with Wire(server.port, rate=20_000) as wire, started(engine := remote(wire.url, tmp_path, "tiny")) as far:
        far.until(Ready)
        engine.send(render)
        for least in (4_000, 12_000):
            while not (warming := far.until(Warming)).what.startswith("uploading "):
                pass
            assert warming.playable
            until(lambda least=least: server.on_loop(uploaded(server.replica)) > least)
            wire.drop()
        wire.free()
        there = far.until(Rendered)
        # To rounding: how many threads add up is not said.
        np.testing.assert_allclose(there.audio, here.audio, atol=1e-4 * np.abs(here.audio).max())
        assert there.used == here.used
        # It is there now: the next one uploads nothing.
        engine.send(replace(render, job=2))
        while not isinstance(event := far.get(timeout=PATIENCE), Rendered):
            assert not (isinstance(event, Warming) and "uploading" in event.what)


def test_a_diffusion_model_renders_there_as_at_home_whatever_else_is_in_flight(bells, far_bells, tmp_path):
    render = Render(1, "a bell", seconds=0.2, seed=77, steps=6)
    here = at_home(bells, render)
    with started(engine := remote(far_bells.url, tmp_path, "tiny")) as far:
        for number in (2, 3):
            engine.send(Render(number, f"another {number}", seconds=0.2, seed=number, steps=9))
        engine.send(render)
        takes = {take.job: take for take in (far.until(Rendered) for _ in range(3))}
    # In other company, sums are added up in another order.
    np.testing.assert_allclose(takes[1].audio, here.audio, atol=1e-5 * np.abs(here.audio).max())
    assert takes[1].used == here.used
    assert not np.allclose(takes[2].audio, takes[3].audio)


def test_a_lora_that_does_not_fit_is_refused_by_the_engine_there_in_its_words(bells, far_bells, tmp_path):
    file = tmp_path / "other.safetensors"
    save_file({f"model.nowhere.lora_{end}.weight": torch.ones(2, 2) for end in ("A", "B")}, file)
    render = replace(wanting(bells), sound=None, strength=None, loras=f"other=1 from {file}")
    with started(engine := remote(far_bells.url, tmp_path, "tiny")) as far:
        engine.send(render)
        failed = far.until(Failed)
        assert "studio: other does not fit the model" in failed.reason
        engine.send(Render(2, "a bell", seconds=0.2, seed=1, steps=1))
        assert far.until(Rendered).job == 2


def test_what_waits_for_an_upload_can_be_cancelled(tmp_path):
    puppet = Puppet(replace(INFO, begins_from=("sound",)))
    sound = SourceSound.of(np.zeros((1, 400_000), np.float32), 8000)
    with (
        Server(lambda _model: puppet) as server,
        Wire(server.port, rate=100_000) as wire,
        started(engine := remote(wire.url, tmp_path)) as far,
    ):
        far.until(Ready)
        engine.send(Render(1, "bell", seconds=0.5, seed=1, sound=sound))
        while not far.until(Warming).what.startswith("uploading "):
            pass
        engine.send(Cancel(1))
        assert far.until(Cancelled).job == 1
        until(lambda: server.on_loop(in_flight(server.replica)) == 0)
        assert not any(isinstance(one, Render) for one in puppet.heard.queue)


async def in_flight(replica):
    return replica.jobs.in_flight


async def uploaded(replica):
    return sum(one.have for one in replica._uploads._kept.values())


def test_a_file_that_goes_on_its_way_fails_its_press(bells, far_bells, tmp_path, monkeypatch):
    read = parcel._read

    def gone(path, start, size):
        if size <= PIECE:
            raise OSError(5, "Input/output error")
        return read(path, start, size)

    monkeypatch.setattr(parcel, "_read", gone)
    # Another one than those that are there.
    shutil.copy(bells[1], tmp_path / "dusty.safetensors")
    (tmp_path / "adapter_config.json").write_text('{"lora_alpha": 2.5}')
    with started(engine := remote(far_bells.url, tmp_path, "tiny")) as far:
        render = replace(wanting(bells), sound=None, strength=None)
        engine.send(replace(render, loras=f"dusty=1 from {tmp_path / 'dusty.safetensors'}"))
        assert far.until(Failed).reason == "dusty cannot be sent to studio: Input/output error"


@pytest.mark.parametrize("audio", ["flac", "float32"])
def test_takes_travel_as_a_set_says(tmp_path, monkeypatch, audio):
    packed = []
    monkeypatch.setattr(serving_job, "as_flac", lambda *take: packed.append(take) or as_flac(*take))
    render = Render(1, "a dark bell", seconds=0.5, seed=77)
    with started(local := sketch("sketch")) as home:
        local.send(render)
        here = home.until(Rendered)
    with Server(sketch) as server, started(engine := remote(server.url, tmp_path, audio=audio)) as far:
        engine.send(render)
        there = far.until(Rendered)
    assert len(packed) == (audio == "flac")
    error = np.abs(there.audio - here.audio).max() / np.abs(here.audio).max()
    assert error == 0 if audio == "float32" else 0 < error < 10 ** (-138 / 20)


def test_a_take_that_cannot_be_unpacked_fails_its_press(tmp_path, monkeypatch):
    def full(*_arguments):
        raise MemoryError

    monkeypatch.setattr(module, "from_flac", full)
    with Server(sketch) as server, started(engine := remote(server.url, tmp_path, audio="flac")) as far:
        engine.send(Render(1, "a dark bell", seconds=0.1, seed=77))
        assert far.until(Failed).reason == "studio: its take cannot be unpacked: MemoryError()"


def test_a_server_that_ends_is_not_called_again_and_again(tmp_path, monkeypatch):
    calls = []
    call = module.call

    async def counted(*arguments):
        calls.append(1)
        return await call(*arguments)

    monkeypatch.setattr(module, "call", counted)
    monkeypatch.setattr("midifrag.serving.ingress.IDLE", 0.0)
    puppet, again = Puppet(), []
    with Server(lambda _model: puppet) as server, started(engine := remote(server.url, tmp_path)) as far:
        far.until(Ready)
        after = engine._again.after_moving
        engine._again.after_moving = lambda: again.append(after()) or 0.0
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        died = far.until(Died)
        assert (died.jobs, died.finishing) == ((), True)
        until(lambda: len(again) >= 6)
        assert again[5] > again[0]
        assert again[5] >= 2.0
    assert not any(isinstance(one, Ready) for one in far.queue)


def test_who_heard_that_a_server_ends_finds_back_to_one_that_stays(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as server, started(engine := remote(server.url, tmp_path)) as far:
        far.until(Ready)
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        assert far.until(Died).finishing
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, 0.0)
        far.until(Ready)
        engine.send(Render(1, "bell", seconds=1.0, seed=1))
        puppet.say(take(puppet.next(Render).job))
        assert far.until(Rendered).job == 1


def test_a_server_that_dies_while_it_ends_takes_what_it_was_to_finish_along(tmp_path, monkeypatch):
    async def gone(*_arguments):
        raise OSError("nobody is there")

    puppet = Puppet()
    with (
        Server(lambda _model: puppet) as server,
        started(engine := remote(server.url, tmp_path, patience_ms=300)) as far,
    ):
        far.until(Ready)
        engine.send(Render(1, "bell", seconds=1.0, seed=1))
        puppet.say(Started(puppet.next(Render).job))
        far.until(Started)
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        assert far.until(Died).finishing
        monkeypatch.setattr(module, "call", gone)
        engine._loop.call_soon_threadsafe(module.hang_up, engine._socket)
        died = far.until(Died)
        assert (died.jobs, died.finishing, died.restarting) == ((1,), False, True)


def test_a_server_of_another_version_is_told_with_the_way_out(tmp_path, monkeypatch):
    async def other(*_arguments):
        # As a server of today closes that is asked for midifrag.7.
        raise ConnectionClosedError(Close(4406, "this server speaks midifrag.1; update the server's midifrag"), None)

    monkeypatch.setattr(module, "call", other)
    with started(remote("ws://127.0.0.1:9", tmp_path, patience_ms=300)) as heard:
        assert "speaks midifrag.1; update the server's midifrag" in heard.until(Died).reason
