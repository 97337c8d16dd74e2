"""Where what lands comes from: a take as it was rendered, one of the archive, or a fragment that lies in a slot."""

from __future__ import annotations

import dataclasses
import logging
from contextlib import suppress
from typing import assert_never

import numpy as np

from midifrag.audio import Audio
from midifrag.errors import AudioError, MidifragError, StorageError
from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import EncodedFragment, encode_fragment
from midifrag.fragment.length import SAME, FragmentLength, MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import Preparer
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.recorded_length import recorded_length
from midifrag.fragment.slots import Slots
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.wav import without_texts
from midifrag.fragment.writer_commands import ArchiveOnly, LandArchived, LandCommand, LandLast, LandTake

#: The audio of a take of which only the fragment is needed.
_NOTHING: Audio = np.zeros((1, 0), np.float32)

_log = logging.getLogger(__name__)


class Sources:
    """Makes what the writer puts somewhere; ``preparer`` may have made it ahead."""

    def __init__(self, slots: Slots, hand: ArchiveHand, preparer: Preparer) -> None:
        self._slots = slots
        self._hand = hand
        self._preparer = preparer

    def take_of(self, command: LandCommand | ArchiveOnly, began: float) -> tuple[UnwrittenTake, str]:
        """What a command is about, and why it must not land; "" if it may. ``began`` is in monotonic seconds.

        Raises `MidifragError` where there is nothing that could land.
        """
        match command:
            case LandTake() | ArchiveOnly():
                record = dataclasses.replace(command.record, job=command.job, number=None, slot=None, landed_at=None)
                take = UnwrittenTake(command.job, command.audio, command.sample_rate, record, began)
                reason = (
                    command.reason
                    if isinstance(command, ArchiveOnly)
                    else self._cut(take, command.options, command.length)
                )
            case LandArchived():
                lying = self._lying(command, began)
                take, reason = self._archived(command, command.take, began) if lying is None else (lying, "")
            case LandLast():
                take, reason = self._newest(command, began)
            case _:
                assert_never(command)
        if not isinstance(command, ArchiveOnly):
            take.fixed, take.arrival, take.options = command.slot, command.arrival, command.options
        if reason and take.record.number is None:
            take.record = dataclasses.replace(take.record, reason=reason)
        return take, reason

    def cut_anew(self, take: UnwrittenTake, length: MusicalLength) -> bool:
        """Make a take's fragment of another length; where that cannot be done, it keeps the one that it has."""
        before, take.length = take.fragment, length
        try:
            if take.kept and take.record.number is not None:
                # What lies in a slot is cut to one length.
                record, take.audio, take.sample_rate = self._hand.read(take.record.number)
                take.length = recorded_length(record, length.bpm, length.signature) or length
            reason = "it is not archived yet" if take.audio is _NOTHING else self._cut(take, take.options, take.length)
        except MidifragError as error:
            reason = str(error)
        if reason:
            _log.warning("job %s keeps the length of the tempo before: %s", take.job, reason)
            take.fragment = before
        return not reason

    def _newest(self, command: LandLast, began: float) -> tuple[UnwrittenTake, str]:
        for number in self._hand.newest(command.bank, command.preset):
            take, reason = self._archived(command, number, began)
            if not reason:
                return take, ""
        raise StorageError("there is no earlier take of it in the archive")

    def _archived(
        self, command: LandArchived | LandLast, number: int | None, began: float
    ) -> tuple[UnwrittenTake, str]:
        if number is None:
            raise StorageError("its take is not archived yet")
        record, audio, sample_rate = self._hand.read(number)
        record = dataclasses.replace(record, job=command.job)
        take = UnwrittenTake(command.job, audio, sample_rate, record, began)
        length = recorded_length(record, command.arrival.bpm, command.arrival.signature)
        return take, self._cut(take, command.options, length)

    def _lying(self, command: LandArchived, began: float) -> UnwrittenTake | None:
        """The fragment that still lies in the slot where it landed; None if another one does, or it cannot be read."""
        found = None
        if command.source is not None:
            with suppress(StorageError):
                found = self._slots.read(*command.source)
        if found is None:
            return None
        content, whole = found
        length = command.length
        seconds = length.seconds if length is not None and command.take is not None else content.seconds
        if abs(seconds - content.seconds) > SAME:
            return None
        record = TakeRecord(content.prompt, content.preset, job=command.job, number=content.take)
        take = UnwrittenTake(command.job, _NOTHING, 1, record, began, kept=True)
        take.fragment, take.length = EncodedFragment(without_texts(whole), content.seconds), length
        return take

    def _cut(self, take: UnwrittenTake, options: FragmentOptions, length: FragmentLength | None) -> str:
        """Make the fragment; return why there is none."""
        take.length = length
        try:
            prepared = self._preparer.find(take.audio, options, length)
            if prepared is not None:
                take.encoded, take.fragment = prepared.take, prepared.fragment
            else:
                made = make_fragment(take.audio, take.sample_rate, options, length)
                take.fragment = encode_fragment(made, options.bits)
        except AudioError as error:
            return str(error)
        except Exception as error:
            # Whatever goes wrong here, the take itself must still get into the archive.
            _log.exception("no fragment could be made of job %s", take.job)
            return f"unexpected: {error!r}"
        return ""
