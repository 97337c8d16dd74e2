"""What a landing would wait for, done ahead while a spare waits for its press: the fragment, and both files' audio."""

from __future__ import annotations

import logging
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from midifrag.audio import Audio
from midifrag.errors import AudioError
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import EncodedFragment, EncodedTake, encode_fragment, encode_take
from midifrag.fragment.options import FragmentOptions

#: Bytes that a spare takes at most for each byte of its audio: that itself, up to 24 and up to 32 bits a sample.
SHARE = 1 + (24 + 32) / 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A take that only has to be written; the fragment was made with these options."""

    options: FragmentOptions
    take: EncodedTake
    fragment: EncodedFragment


class Preparer:
    """Prepares takes on a thread of its own, so that a press beside them waits for none.

    What was prepared lives as long as the array it was made from, so nobody has to say that a spare went stale.
    """

    def __init__(self, archive_bits: int) -> None:
        self._bits = archive_bits
        self._worker = ThreadPoolExecutor(1, "midifrag-prepare")
        self._made: dict[int, tuple[weakref.ref[Audio], Prepared]] = {}

    def prepare(self, audio: Audio, sample_rate: int, options: FragmentOptions) -> None:
        """Begin with a take, float32 of shape (channels, samples), which nobody changes afterwards.

        Never blocks. Does nothing after `close`, nor for a take that is gone when its turn comes.
        """
        with suppress(RuntimeError):
            self._worker.submit(self._prepare, weakref.ref(audio), sample_rate, options)

    def find(self, audio: Audio, options: FragmentOptions) -> Prepared | None:
        """What was prepared of this very array with these options; None if that is not done."""
        made = self._made.get(id(audio))
        if made is None or made[0]() is not audio:
            return None
        return made[1] if made[1].options == options else None

    def forget(self, audio: Audio) -> None:
        """Free what was prepared of this array."""
        self._made.pop(id(audio), None)

    def close(self) -> None:
        """Begin with nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _prepare(self, whose: weakref.ref[Audio], sample_rate: int, options: FragmentOptions) -> None:
        audio = whose()
        if audio is None:
            return
        try:
            fragment = encode_fragment(make_fragment(audio, sample_rate, options), options.bits)
            prepared = Prepared(options, encode_take(audio, sample_rate, self._bits), fragment)
        except AudioError:
            # Told when it is pressed.
            return
        except Exception:
            _log.exception("no fragment could be made ahead")
            return
        key = id(audio)
        self._made[key] = weakref.ref(audio, lambda _gone: self._made.pop(key, None)), prepared
