"""A pretended CUDA card, and the engine's path on one, on machines that have none.

Tensors "on the card" are wrappers that call themselves ``cuda:0``; inside lies a tensor on the CPU, which computes, or
on meta, which has shapes alone and so takes models of full size. What `torch.cuda` offers of streams, events, graphs,
pinned memory and the allocator is replaced by stand-ins that are at least as strict as what they stand for:

- a tensor of the host's beside one of the card's raises, as torch does, unless it is a single number;
- copies that need not be waited for land when their event was, and hold NaN until then;
- a capture runs nothing and leaves NaN in what it makes; a replay runs its tape again, reads what it read where that
  lies, and makes NaN of what later captures left in the same pool;
- reading from the card, pinned memory, random numbers and giving memory back break a capture, which then cannot be
  ended, and stays underway for good (torch 2.11);
- a stream that touches what another one is at work on, without waiting for it, is noticed, and so is a replay that
  reads freed memory;
- memory is counted, in each pool, and may run out: at a size, or at any allocation.

What it cannot show: numbers and plans of cuBLAS and cuDNN, fragments of memory, the random numbers of a card, Windows.

`card` has the card and puts it in place; `memory`, `streams`, `host`, `capture`, `tensors` and `dispatch` are its
parts. `playing` has what tests share.
"""
