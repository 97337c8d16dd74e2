"""What a performer should know of the disk while a show runs: that it is slow, or that another program writes there."""

from __future__ import annotations

from pathlib import Path

from midifrag.events import Notice
from midifrag.fragment.file_names import MOVED_ASIDE
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer import FragmentWriter
from midifrag.states import NoticeLevel

#: Takes that wait for the disk beyond which a performer is told, if that lasts for this many looks.
BACKLOG, SLOW_LOOKS = 8, 8


class DiskWatch:
    """Looks at what a writer has found out. Each thing is told once, and again when it has been otherwise meanwhile."""

    def __init__(self, writer: FragmentWriter, slots: Slots) -> None:
        self._writer = writer
        self._slots = slots
        self._slow_looks = 0
        self._shared: tuple[Path, ...] = ()

    def first_words(self) -> list[Notice]:
        """What there is to say at the start: who shares the folders, and what of the performer's own lies in slots."""
        self._writer.look_around()
        notices = self.who_shares()
        if own := [state.file for state in self._slots.states if state.foreign]:
            text = f"not made by midifrag: {', '.join(own)} in {self._slots.folder}"
            aside = f"before a fragment takes its place, such a file is moved to {MOVED_ASIDE} in there, for good"
            notices.append(Notice(NoticeLevel.WARNING, f"{text}; {aside}"))
        return notices

    def notices(self) -> list[Notice]:
        """What is new since the last look."""
        return self.who_shares() + self._slow()

    def who_shares(self) -> list[Notice]:
        """Warn of folders that another program has begun to use; it is warned as well, whoever came first."""
        shared = self._writer.shared
        new, self._shared = [folder for folder in shared if folder not in self._shared], shared
        return [Notice(NoticeLevel.WARNING, self._shared_text(folder)) for folder in new]

    def _shared_text(self, folder: Path) -> str:
        if folder == self._slots.folder:
            text = f"another program lands fragments in {folder} too, and each replaces the other's"
            return f"{text}; give one of them another folder with --fragments"
        return f"another program archives its takes in {folder} too; none is lost, but their numbers take turns"

    def _slow(self) -> list[Notice]:
        backlog = self._writer.backlog
        if backlog > BACKLOG:
            self._slow_looks += 1
            if self._slow_looks == SLOW_LOOKS:
                return [Notice(NoticeLevel.WARNING, f"the disk is slow: {backlog} takes wait to be written")]
        elif backlog <= BACKLOG // 2:
            self._slow_looks = 0
        return []
