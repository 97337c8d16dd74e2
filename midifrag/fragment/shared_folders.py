"""Whether another program lands in the same slots, or archives takes in the same folder."""

from __future__ import annotations

from pathlib import Path

from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.slots import Slots


class SharedFolders:
    """``folders`` are those of slots and archive that another program writes into as well, as of the last look."""

    def __init__(self, slots: Slots, archive: ArchiveHand) -> None:
        self.folders: tuple[Path, ...] = ()
        self._slots = slots
        self._archive = archive

    def look(self) -> None:
        """Find out who else uses these folders."""
        # Slots and archive may lie in one folder.
        shared = [self._slots.folder] if self._slots.is_shared([self._archive.workspace_name]) else []
        if self._archive.folder != self._slots.folder and self._archive.is_shared():
            shared.append(self._archive.folder)
        self.folders = tuple(shared)
