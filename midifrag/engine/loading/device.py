"""What differs between devices outside the arithmetic: memory running out, and bringing results to the host."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from midifrag.engine.loading.pinned import PinnedBlocks, locked, pinned

_log = logging.getLogger(__name__)

_MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc failed",
    "alloc_failed",
    # What cuDNN says when it finds no room to work in.
    "unable to find an engine",
)
#: What cuBLAS and cuDNN say on a card without room for their own memory, and of other failures too.
_FULL_CARD_WORDS = (
    "cublas_status_not_initialized",
    "cudnn_status_not_initialized",
    "cudnn_status_internal_error",
    "cudnn_status_execution_failed",
)
#: Bytes that are left free on a card that such a library finds full.
_FULL_CARD_BYTES = 512 << 20
#: Bytes of a card's free memory that are left to the desktop and to what CUDA itself takes.
_SPARED_BYTES = 256 << 20


def set_up_device(device: torch.device) -> None:
    """Make a device this thread's own, and sums on it exact: fp32 has ten bits of fraction by torch's default."""
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
        # What cuDNN guesses to be quickest may be a thousand times slower; lengths are few, and all met in warm-up.
        torch.backends.cudnn.benchmark = True
        # As stable-audio-tools has it: sums of half-precision products are taken in fp32.
        torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
        _prefer_flash_attention(device)
        _refuse_to_spill(device)


def _prefer_flash_attention(device: torch.device) -> None:
    """Without cuDNN's attention, which takes 30 ms of the host for each new shape and is no quicker than flash.

    torch tries it first on Hopper. Where flash attention is not to be had, it stays.
    """
    if torch.cuda.get_device_capability(device) >= (8, 0) and torch.backends.cuda.is_flash_attention_available():
        torch.backends.cuda.enable_cudnn_sdp(False)


def memory_fraction(free: int, held: int, total: int) -> float:
    """The share of a card's memory that torch may take, which has ``held`` bytes of it while others are ``free``."""
    return min(1.0, max(0.05, (free + held - _SPARED_BYTES) / total))


def _refuse_to_spill(device: torch.device) -> None:
    """On Windows, have memory run out where the card's does.

    The driver would go on in the machine's own memory, ten times slower; what runs out is tried again in smaller parts.
    """
    if sys.platform == "win32":
        free, total = torch.cuda.mem_get_info(device)
        torch.cuda.set_per_process_memory_fraction(memory_fraction(free, reserved_bytes(device), total), device)


def add_up_in_fp16(device: torch.device, wanted: bool) -> None:
    """Whether a card adds up products in fp16 too, which is twice as fast on a GeForce card and less exact."""
    if device.type != "cuda":
        return
    try:
        torch.backends.cuda.matmul.allow_fp16_accumulation = wanted
    except AttributeError:
        if wanted:
            _log.warning("fp16_accumulation: PyTorch %s has no such thing; going on without", torch.__version__)


def is_memory_error(error: BaseException) -> bool:
    """Whether the device or the machine ran out of memory, at first or in what followed."""
    if says_memory_is_short(error):
        return True
    return error.__context__ is not None and is_memory_error(error.__context__)


def says_memory_is_short(error: BaseException) -> bool:
    """Whether an error is itself about memory; torch says so in many ways."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    told = str(error).lower()
    return any(words in told for words in _MEMORY_WORDS) or (
        any(words in told for words in _FULL_CARD_WORDS) and _card_is_full()
    )


def _card_is_full() -> bool:
    try:
        return torch.cuda.mem_get_info()[0] < _FULL_CARD_BYTES
    except (RuntimeError, AssertionError):
        # There is no card, or it is gone: then memory is not what it lacks.
        return False


def first_line(error: BaseException) -> str:
    """What an error says, in one line; some say nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def device_name(device: torch.device) -> str:
    """What a device is called: a card by its maker's name, any other by its kind."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def live_bytes(device: torch.device) -> int | None:
    """Bytes of a card's memory that tensors lie in; None for other devices, which do not tell."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else None


def reserved_bytes(device: torch.device) -> int:
    """Bytes of a card's memory that torch has taken; 0 for other devices, which do not tell."""
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else 0


def held_bytes(device: torch.device) -> int:
    """Bytes of a card's memory that are in use, also by recordings that run at other times; 0 for other devices."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return reserved_bytes(device)


def peak_bytes(device: torch.device, work: Callable[[], object]) -> int:
    """Do ``work``. Returns the bytes that it took of a card's memory at most, beside those that were in use before."""
    if device.type != "cuda":
        work()
        return 0
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    return torch.cuda.max_memory_allocated(device) - before


def free_bytes(device: torch.device) -> int | None:
    """Bytes that can still be had on a card, also of what torch keeps for later; None for other devices."""
    if device.type != "cuda":
        return None
    reserved = torch.cuda.memory_reserved(device)
    free, total = torch.cuda.mem_get_info(device)
    if sys.platform == "win32":
        free = min(free, int(torch.cuda.get_per_process_memory_fraction(device) * total) - reserved)
    return free + reserved - torch.cuda.memory_allocated(device)


def free_cached(device: torch.device) -> None:
    """Give back what torch keeps for later."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def to_device(values: Sequence[int | float], device: torch.device) -> Tensor:
    """A few numbers on a device, see `brought`."""
    return brought(torch.tensor(values), device)


def brought(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host's on a device, which does not wait for it; nor does the host for what that still does.

    Where no page-locked memory is to be had, as there is little of it under WSL 2, the host waits.
    """
    return pinned(tensor).to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def fits_in_memory(device: torch.device, work: Callable[[], object]) -> bool:
    """Do ``work`` that only saves time later; False where memory ran out in it, which is told in the log."""
    try:
        work()
    except (RuntimeError, MemoryError) as error:
        if not is_memory_error(error):
            raise
        _log.warning("out of memory while getting ready; going on without: %s", first_line(error))
    else:
        return True
    free_cached(device)
    return False


class HostCopy:
    """A tensor on its way to the host, into one of ``blocks`` if given; the device goes on meanwhile where it can."""

    def __init__(self, tensor: Tensor, blocks: PinnedBlocks | None = None) -> None:
        self._done: torch.cuda.Event | None = None
        self._blocks, self._lent = blocks, None
        if tensor.device.type == "cuda":
            self._lent = None if blocks is None else blocks.lend(tensor.shape, tensor.dtype)
            self._host = (
                locked(tensor.nbytes).view(tensor.dtype).view(tensor.shape) if self._lent is None else self._lent.tensor
            )
            self._host.copy_(tensor, non_blocking=True)
            # Others wait with a core that turns.
            self._done = torch.cuda.Event(blocking=True)
            self._done.record()
        else:
            self._host = tensor.cpu()

    @property
    def immediate(self) -> bool:
        """Whether it is there without waiting, as on a CPU."""
        return self._done is None

    @property
    def arrived(self) -> bool:
        """Whether it is there now."""
        return self._done is None or self._done.query()

    def wait(self) -> Tensor:
        """The tensor on the host."""
        if self._done is not None:
            self._done.synchronize()
        return self._host

    def release(self) -> None:
        """It has arrived, and nobody reads it any more."""
        if self._blocks is not None and self._lent is not None:
            self._blocks.give_back(self._lent)
            self._lent = None
