"""A hard month on stage in an hour: random playing and random faults under a seed, and one law checked over and over.

    uv run python -m tests.faults --hours 1 [--seed 7]

Every press has exactly one outcome within a bound; slots and takes are whole and numbered; log, index, files, lights
and page say the same. `tests.faults.moves` is the table of what happens, `tests.faults.law` is the law. Needs jackd,
and a C compiler for disks that are full, slow or hang.
"""
