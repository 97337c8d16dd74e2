"""What was loaded before a test is no garbage of its: whoever collects need not look through millions of objects.

Whether that holds is remembered here: to ask the collector how much it leaves out takes it as long as to look.
"""

import gc
import sys

#: So many modules more are so much to look through that it is worth to do so once and then leave them out.
MANY = 50
_modules = 0


def leave_out() -> None:
    """Leave out all that there is, unless that was done when most of it was there."""
    global _modules
    if len(sys.modules) >= _modules + MANY:
        gc.collect()
        gc.freeze()
        _modules = len(sys.modules)


def give_back() -> None:
    """Look through all of it again, until somebody leaves it out."""
    global _modules
    gc.unfreeze()
    _modules = 0
