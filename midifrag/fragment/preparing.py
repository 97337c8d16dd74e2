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
from midifrag.fragment.length import FragmentLength, MusicalLength
from midifrag.fragment.options import FragmentOptions

#: Bytes that a spare takes at most for each byte of its audio: that itself, up to 24 and up to 32 bits a sample.
SHARE = 1 + (24 + 32) / 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A take that only has to be written; the fragment was made with these options, of this length."""

    options: FragmentOptions
    length: FragmentLength | None
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
        #: How each array that waits for its turn was wanted last.
        self._wanted: dict[int, tuple[FragmentOptions, FragmentLength | None]] = {}

    def prepare(
        self, audio: Audio, sample_rate: int, options: FragmentOptions, length: FragmentLength | None = None
    ) -> None:
        """Begin with a take, float32 of shape (channels, samples), which nobody changes afterwards.

        Never blocks. Does nothing after `close`, nor for a take that is gone when its turn comes, or that is then
        wanted in another way: a tempo that moves on asks for each take again and again.
        """
        self._wanted[id(audio)] = options, length
        with suppress(RuntimeError):
            self._worker.submit(self._prepare, id(audio), weakref.ref(audio), sample_rate, options, length)

    def find(self, audio: Audio, options: FragmentOptions, length: FragmentLength | None = None) -> Prepared | None:
        """What was prepared of this very array, so cut; None if that is not done."""
        made = self._made_of(audio)
        if made is None or made.options != options:
            return None
        if isinstance(made.length, MusicalLength) and isinstance(length, MusicalLength):
            return made if made.length.is_cut_like(length, made.take.sample_rate) else None
        return made if made.length == length else None

    def forget(self, audio: Audio) -> None:
        """Free what was prepared of this array."""
        self._made.pop(id(audio), None)

    def close(self) -> None:
        """Begin with nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _made_of(self, audio: Audio) -> Prepared | None:
        made = self._made.get(id(audio))
        return made[1] if made is not None and made[0]() is audio else None

    def _prepare(
        self,
        key: int,
        whose: weakref.ref[Audio],
        sample_rate: int,
        options: FragmentOptions,
        length: FragmentLength | None,
    ) -> None:
        audio, wanted = whose(), self._wanted.get(key)
        if wanted == (options, length):
            self._wanted.pop(key, None)
        if audio is None or wanted not in (None, (options, length)):
            return
        try:
            fragment = encode_fragment(make_fragment(audio, sample_rate, options, length), options.bits)
            before = self._made_of(audio)
            take = encode_take(audio, sample_rate, self._bits) if before is None else before.take
        except AudioError:
            # Told when it is pressed.
            return
        except Exception:
            _log.exception("no fragment could be made ahead")
            return
        ref = weakref.ref(audio, lambda _gone: self._made.pop(key, None))
        self._made[key] = ref, Prepared(options, length, take, fragment)
