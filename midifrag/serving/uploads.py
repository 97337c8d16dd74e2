"""What clients have uploaded to a replica: sounds and LoRAs, a file each, known by their checksums, apart by token.

A token sees its own alone: another one that names the same checksum is asked for all of it. What is kept of a token is
bounded, and what all replicas of a machine keep together: each has an equal share of that. What no job needs goes
first, the least recently used of it. Nothing of it outlives the replica.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open

from midifrag.clock import Clock
from midifrag.config.loras import SENT
from midifrag.engine.line import messages as line
from midifrag.engine.loading.file_kinds import FileKind, kind_of
from midifrag.engine.loading.lora_check import as_lora, lora_problem
from midifrag.errors import CheckpointError, MidifragError
from midifrag.fragment.files import discard
from midifrag.serving.upload_folder import make_folder, sharing
from midifrag.serving.upload_limits import USUAL_LIMITS, Parcel, UploadLimits

#: What a LoRA's list of tensors may be long, in bytes: thousands of them.
_MOST_HEADER = 8 << 20
#: How often one may come otherwise than its checksum says before it is refused.
TRIES = 3
#: What the smallest sound, and the smallest LoRA, count as at least: each costs more than its bytes.
_LEAST_KEPT, _LEAST_READ = 1 << 16, 1 << 20


class UploadError(MidifragError):
    """An upload that is not taken, with what is wrong with it."""


@dataclass(eq=False, slots=True)
class Kept:
    """One upload, as far as it has come. ``users`` are how many jobs need it; ``refusal`` says why it is none."""

    parcel: Parcel
    path: Path
    ticket: int
    used_at: float
    have: int = 0
    is_whole: bool = False
    refusal: str = ""
    users: int = 0
    tries: int = 0
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def may_go(self) -> bool:
        """Whether no job needs it, and no piece of it is being written: that would make its file anew."""
        return not self.users and not self.lock.locked()

    def wanted(self) -> line.Wanted:
        """What a client is asked for."""
        return line.Wanted(sha256=self.parcel.sha256, ticket=self.ticket, have=self.have)

    def write(self, data: bytes) -> None:
        """Add a piece, and look at the whole where that was the last; waits for the disk. Raises `UploadError`."""
        if self.have + len(data) > self.parcel.size:
            raise UploadError(f"it has more than the {self.parcel.size:,} bytes that were told")
        try:
            with self.path.open("r+b" if self.have else "wb") as file:
                file.seek(self.have)
                file.write(data)
        except OSError as error:
            raise UploadError(f"the server cannot keep it: {error.strerror or error}") from error
        self._digest.update(data)
        self.have += len(data)
        if self.have == self.parcel.size:
            self._finish()

    def _finish(self) -> None:
        if self._digest.hexdigest() != self.parcel.sha256:
            self.tries += 1
            if self.tries >= TRIES:
                raise UploadError("it did not arrive as its checksum says; send it again")
            self.begin_anew()
            return
        if isinstance(self.parcel, line.LoraFile):
            _check_lora(self.path)
        self.is_whole = True

    def begin_anew(self) -> None:
        """Ask for all of it."""
        self.have, self._digest = 0, hashlib.sha256()
        self.ask_again()

    def ask_again(self) -> None:
        """Ask for what is not there yet, under another ticket: what is on its way is left out."""
        self.ticket = secrets.randbits(62)


def _check_lora(path: Path) -> None:
    """Raise `UploadError` for a file that is no safetensors file of a LoRA. Nothing is ever unpickled of it."""
    try:
        problem = _lora_problem(path)
    except SafetensorError:
        problem = "it is damaged: its list of tensors cannot be meant"
    except CheckpointError as error:
        problem = as_lora(error)
    except Exception as error:  # a stranger's file may be wrong in any way
        problem = f"it cannot be read ({type(error).__name__})"
    if problem is not None:
        raise UploadError(problem.replace(str(path), "it"))


def _lora_problem(path: Path) -> str | None:
    with path.open("rb") as file:
        if int.from_bytes(file.read(8), "little") > _MOST_HEADER:
            return "it is no .safetensors file, or its list of tensors is too long"
    if kind_of(path, may_be_lora=True) is not FileKind.SAFETENSORS:
        return "it is no .safetensors file, and no others are opened here"
    with safe_open(str(path), framework="numpy"):
        # Whoever will read it looks at its shapes and places, too.
        return lora_problem(path)


class Uploads:
    """All uploads of a replica. All but `Kept.write` belongs to its loop.

    ``sharers`` counts the replicas that keep some on this machine's disk, this one among them.
    """

    def __init__(
        self,
        clock: Clock,
        limits: UploadLimits = USUAL_LIMITS,
        folder: Path | None = None,
        sharers: Callable[[], int] = sharing,
    ) -> None:
        self._clock, self.limits, self._sharers = clock, limits, sharers
        self._folder, self._secret = folder, secrets.token_bytes(16)
        self._kept: dict[tuple[str, str], Kept] = {}
        self._tickets: dict[tuple[str, int], Kept] = {}
        #: Of LoRAs that were here whole and are not any more, which an engine may have read.
        self._read: dict[str, dict[str, int]] = {}

    def want(self, owner: str, parcel: Parcel) -> Kept:
        """An owner's upload, or room for it; to be given back with `let_go`. Raises `UploadError`.

        One whose size is told otherwise than before is another one, whatever its checksum.
        """
        kept = self._kept.get((owner, parcel.sha256))
        if kept is not None and (type(kept.parcel), kept.parcel.size) != (type(parcel), parcel.size):
            if kept.is_whole or not kept.may_go:
                raise UploadError("it is here with another size, or as something else")
            self._forget(owner, kept)
            kept = None
        if isinstance(parcel, line.LoraFile):
            self._check_read(owner, parcel)
        if kept is None or kept.refusal:
            kept = self._new(owner, parcel, kept)
        kept.users += 1
        kept.used_at = self._clock.now()
        return kept

    def let_go(self, kept: Kept) -> None:
        """A job needs it no more."""
        kept.users -= 1
        kept.used_at = self._clock.now()

    def has(self, owner: str, sha256: str) -> bool:
        """Whether an owner's upload of this checksum is there, or on its way."""
        return (owner, sha256) in self._kept

    def find(self, owner: str, ticket: int) -> Kept | None:
        """The upload that has a ticket now; None for what is none, or is another's."""
        kept = self._tickets.get((owner, ticket))
        return kept if kept is not None and kept.ticket == ticket else None

    def renumber(self, owner: str, kept: Kept, before: int) -> None:
        """One that had the ticket ``before`` may have begun anew."""
        if kept.ticket != before:
            self._tickets.pop((owner, before), None)
            self._tickets[owner, kept.ticket] = kept

    def expire(self, keep: float, busy: Container[str] = ()) -> None:
        """Forget what came in part, and what was refused, where nobody has wanted it for so many seconds.

        Nothing of owners that are ``busy`` sending.
        """
        oldest = self._clock.now() - keep
        for (owner, _), kept in tuple(self._kept.items()):
            if owner not in busy and kept.may_go and not kept.is_whole and kept.used_at <= oldest:
                self._forget(owner, kept)
        if self._kept:
            # There may be one more who shares it by now.
            self._make_way(self._kept.items(), 0, self._share)

    def close(self) -> None:
        """Delete everything."""
        self._kept.clear()
        self._tickets.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _new(self, owner: str, parcel: Parcel, earlier: Kept | None) -> Kept:
        most = self.limits.most(parcel)
        if parcel.size > most:
            raise UploadError(f"it has {parcel.size:,} bytes, and this server takes {most:,}")
        if earlier is not None:
            if earlier.users:
                raise UploadError(earlier.refusal)
            self._forget(owner, earlier)
        # First, so that this replica is counted among those that share the disk.
        path = self._path(owner, parcel)
        self._make_room(owner, parcel.size)
        kept = Kept(parcel, path, secrets.randbits(62), self._clock.now())
        self._kept[owner, parcel.sha256] = kept
        self._tickets[owner, kept.ticket] = kept
        return kept

    def _path(self, owner: str, parcel: Parcel) -> Path:
        """Where it lies: the same place each time, since an engine keeps what it has read by that."""
        if self._folder is None:
            self._folder = make_folder()
        # A secret one: whoever hears of a name learns nothing of what is in it.
        told = hashlib.sha256(self._secret + f"{owner}\n{parcel.sha256}".encode()).hexdigest()[:16]
        return self._folder / f"{SENT}{told}{'.safetensors' if isinstance(parcel, line.LoraFile) else ''}"

    @property
    def _share(self) -> int:
        """Bytes of this machine's disk that this replica may have."""
        return self.limits.disk // max(1, self._sharers())

    def _make_room(self, owner: str, size: int) -> None:
        mine = [one for one in self._kept.items() if one[0][0] == owner]
        size = max(size, _LEAST_KEPT)
        bounds = (
            (mine, self.limits.kept, "that a token has here"),
            (self._kept.items(), self._share, "that this engine has of its machine's disk, for all tokens"),
        )
        for _, most, whose in bounds:
            if size > most:
                # Nobody has to make way for what never has room.
                raise UploadError(f"it has {size:,} bytes, more than the {most:,} bytes {whose}")
        for kept, most, whose in bounds:
            held = self._make_way(kept, size, most)
            if held + size > most:
                raise UploadError(f"the jobs in flight need {held:,} of the {most:,} bytes {whose}; wait")

    def _make_way(self, those: Iterable[tuple[tuple[str, str], Kept]], size: int, most: int) -> int:
        """Forget of ``those`` what no job needs, used longest ago first, until so much more has room; what is left."""
        those = tuple(those)
        held = sum(_room(kept.parcel) for _, kept in those)
        for (owner, _), kept in sorted(those, key=lambda one: one[1].used_at):
            if held + size <= most:
                break
            if kept.may_go:
                self._forget(owner, kept)
                held -= _room(kept.parcel)
        return held

    def _check_read(self, owner: str, parcel: line.LoraFile) -> None:
        """Raise `UploadError` where an engine would have read more than a token may have it read."""
        here = (kept.parcel for (other, _), kept in self._kept.items() if other == owner)
        sizes = self._read.get(owner, {}) | {one.sha256: one.size for one in here if isinstance(one, line.LoraFile)}
        sizes[parcel.sha256] = parcel.size
        if sum(max(size, _LEAST_READ) for size in sizes.values()) > self.limits.lora_total:
            most = self.limits.lora_total
            raise UploadError(f"this token's LoRAs take more than {most:,} bytes of its engine; start the server anew")

    def _forget(self, owner: str, kept: Kept) -> None:
        self._kept.pop((owner, kept.parcel.sha256), None)
        if kept.is_whole and isinstance(kept.parcel, line.LoraFile):
            self._read.setdefault(owner, {})[kept.parcel.sha256] = kept.parcel.size
        self._tickets.pop((owner, kept.ticket), None)
        # For pieces that waited for their turn.
        kept.refusal = kept.refusal or "it is not kept any more"
        discard(kept.path)


def _room(parcel: Parcel) -> int:
    return max(parcel.size, _LEAST_KEPT)
