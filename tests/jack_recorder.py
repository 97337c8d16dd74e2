"""An independent program that records what a player gives to JACK; run as one, it writes blocks to its output.

A block is JACK's frame time of its first sample and the samples of two channels. A machine that is busy may cost it
some: what is missing is seen by the times. To its error output goes what JACK's time was at moments of the system's.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
import time

import numpy as np

from midifrag.playback.memory import Single

_HEAD = struct.Struct("=II")


class Recorder:
    """Records the program of this ``name`` from when it appears until `stop`.

    `moment_of` then says when a frame was.
    """

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.jack_recorder", name]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        self._bytes = self._times = b""
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_times)]
        for reader in self._readers:
            reader.start()

    def stop(self) -> list[tuple[int, Single]]:
        """Stretches without a gap: the frame of the first sample, and samples of shape (frames, 2)."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        for reader in self._readers:
            reader.join()
        for end in (self._process.stdout, self._process.stderr):
            assert end is not None
            end.close()
        stretches: list[tuple[int, list[Single]]] = []
        at, due = 0, -1
        while at + _HEAD.size <= len(self._bytes):
            frame, count = _HEAD.unpack_from(self._bytes, at)
            at += _HEAD.size
            block = np.frombuffer(self._bytes, np.float32, 2 * count, at).reshape(2, count).T
            at += block.nbytes
            if frame != due:
                stretches.append((frame, []))
            stretches[-1][1].append(block)
            due = frame + count
        return [(frame, np.concatenate(blocks)) for frame, blocks in stretches]

    def moment_of(self, frame: int) -> float:
        """When a frame was, in monotonic seconds."""
        pairs = [line.split() for line in self._times.decode(errors="replace").splitlines()]
        rows = np.array([[float(one) for one in pair] for pair in pairs if len(pair) == 2 and pair[0].isdigit()])
        first = rows[0, 0]
        slope, start = np.polyfit(rows[:, 0] - first, rows[:, 1], 1)
        return float(start + slope * (frame - first))

    def _read_times(self) -> None:
        assert self._process.stderr is not None
        self._times = self._process.stderr.read()

    def _read(self) -> None:
        assert self._process.stdout is not None
        parts = iter(lambda: self._process.stdout.read1(1 << 20), b"")
        self._bytes = b"".join(parts)


def found(stretches: list[tuple[int, Single]], sound: Single) -> int | None:
    """The frame that a sound, of shape (frames, 2), begins at in what was recorded; None where it is not there."""
    for frame, heard in stretches:
        if len(heard) < len(sound):
            continue
        size = 1 << int(np.ceil(np.log2(len(heard) + len(sound))))
        spectra = np.fft.rfft(heard, size, axis=0) * np.fft.rfft(sound, size, axis=0).conj()
        match = np.fft.irfft(spectra, size, axis=0).sum(axis=1)[: len(heard) - len(sound) + 1]
        best = int(np.argmax(match))
        if match[best] > 0.3 * float((sound.astype(np.float64) ** 2).sum()):
            return frame + best
    return None


def main() -> None:
    import jack

    client = jack.Client("recorder", no_start_server=True)
    ports = [client.inports.register(f"in_{number}") for number in range(2)]
    ring = jack.RingBuffer(1 << 24)

    @client.set_process_callback
    def process(frames: int) -> None:
        blocks = b"".join(bytes(port.get_buffer()) for port in ports)
        ring.write(_HEAD.pack(client.last_frame_time, frames) + blocks)

    wanted, ended = sys.argv[1], threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    out = sys.stdout.buffer
    with client:
        out.write(b"ready\n")
        out.flush()
        while not ended.is_set():
            sources = client.get_ports(f"{wanted}:", is_audio=True, is_output=True)
            for source, port in zip(sources, ports, strict=False):
                if not port.is_connected_to(source):
                    client.connect(source, port)
            if not any(port.number_of_connections for port in ports):
                ring.reset()
            out.write(bytes(ring.read(ring.read_space)))
            before, frame, after = time.monotonic(), client.frame_time, time.monotonic()
            if after - before < 0.0002:
                print(frame, (before + after) / 2, file=sys.stderr, flush=True)
            time.sleep(0.02)
        out.flush()


if __name__ == "__main__":
    main()
