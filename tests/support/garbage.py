"""What was loaded before a test is no garbage of its: whoever collects need not look through millions of objects.

Whether that holds is remembered here: to ask the collector how much it leaves out takes it as long as to look.
"""

import gc

_is_left_out = False


def leave_out() -> None:
    """Leave out all that there is, unless that was done already."""
    global _is_left_out
    if not _is_left_out:
        gc.collect()
        gc.freeze()
        _is_left_out = True


def give_back() -> None:
    """Look through all of it again, until somebody leaves it out."""
    global _is_left_out
    gc.unfreeze()
    _is_left_out = False
