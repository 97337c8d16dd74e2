"""rich takes the width that it finds when a console is made for good: they are made before a test sets one."""

import midifrag.commands.console

__all__ = ["midifrag"]
