"""The web page: prompt, pads, slots, archive and engine in a browser; see `Page`.

The show's process only carries messages (`midifrag.page.host`). Web server, pages and everything that browsers ask for
run in a process of their own (`midifrag.page.web.server`), so that no browser can delay a press.
"""

from __future__ import annotations

from midifrag.page.host import Page

__all__ = ["Page"]
