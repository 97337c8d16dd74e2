"""The page's process: one event loop that serves every browser, and one thread that listens to the show."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import pickle
import socket
import tempfile
import threading
from multiprocessing.connection import Connection
from typing import Any

from midifrag.children import ignore_interrupts

#: How much the page steps back behind MIDI, bridge and engine where they share a machine (Unix niceness).
NICENESS = 2
#: Seconds that a browser may be away before what it has open is forgotten; it then loads the page anew.
RECONNECT_SECONDS = 5.0


def serve(setup: bytes, listening: socket.socket, pipe: Connection) -> None:
    """Serve until the show's process ends, or the pipe does. Runs in a process of its own."""
    ignore_interrupts()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # NiceGUI would keep files of its own in the current folder; nothing here is stored.
    os.environ["NICEGUI_STORAGE_PATH"] = tempfile.gettempdir()
    # What only a stranger's request can cause (a page that is not there) is no news for the performer's terminal.
    logging.getLogger("nicegui").setLevel(logging.ERROR)
    configuration, access = pickle.loads(setup)  # noqa: S301 — from our own parent

    import uvicorn
    from fastapi import FastAPI
    from nicegui import app as pages
    from nicegui import core, ui
    from nicegui import run as pools

    from midifrag.events import Notice
    from midifrag.page import texts
    from midifrag.page.model import PageModel
    from midifrag.page.screen import Screens
    from midifrag.page.web.assets import head
    from midifrag.page.web.files import routes
    from midifrag.page.web.guard import Guard
    from midifrag.page.web.late import LatePresses
    from midifrag.page.web.outbox import send_what_is
    from midifrag.page.web.sentences import answer_in_sentences
    from midifrag.page.web.shares import Shares
    from midifrag.page.web.signatures import remember_signatures
    from midifrag.page.web.trouble import Trouble, take_over
    from midifrag.states import NoticeLevel

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Any:
            yield

    sending = threading.Lock()

    def send(message: Any) -> None:
        with sending, contextlib.suppress(OSError):
            pipe.send(message)

    send_what_is()
    remember_signatures()
    take_over(Trouble(lambda line: send(Notice(NoticeLevel.WARNING, line))))

    def forget_pool() -> None:
        """Give back the process pool that NiceGUI makes and nothing here uses: its semaphores would outlive us."""
        pools.process_pool = None
        gc.collect()

    async def run() -> None:
        page = PageModel(configuration, send)
        screens = Screens(page)
        words = {
            "leaving_out": texts.LEAVING_OUT,
            "left_out": texts.LEFT_OUT,
            "token_gone": texts.TOKEN_GONE,
            "bar_and_beat": texts.BAR_AND_BEAT,
            "stands": texts.STANDS,
        }
        ui.add_head_html(head(words), shared=True)
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        app.include_router(routes(page))
        answer_in_sentences(app)

        def open_tab(tab: str = "") -> None:
            screens.open(tab)

        ui.page("/")(open_tab)
        ui.page("/osc")(lambda: screens.open("osc"))
        late = LatePresses(core.sio.handlers["/"]["event"])
        core.sio.on("event", late.event)
        core.sio.on("beat", late.beat)
        pages.on_startup(forget_pool)
        ui.run_with(
            app,
            title=texts.TITLE,
            dark=True,
            language="en-US",
            tailwind=False,
            reconnect_timeout=RECONNECT_SECONDS,
            binding_refresh_interval=None,
            show_welcome_message=False,
        )
        loop = asyncio.get_running_loop()
        threading.Thread(target=_listen, args=(pipe, loop, page.take), name="show", daemon=True).start()
        drawing = loop.create_task(screens.keep_drawn())
        config = uvicorn.Config(
            Guard(Shares(app), access), log_config=None, access_log=False, lifespan="on", ws="websockets-sansio"
        )
        await Server(config).serve(sockets=[listening])
        drawing.cancel()

    asyncio.run(run())


def _listen(pipe: Connection, loop: asyncio.AbstractEventLoop, take: Any) -> None:
    try:
        while True:
            message = pipe.recv()
            loop.call_soon_threadsafe(take, message)
    except (EOFError, OSError):
        # The show is gone; nothing here is worth finishing, and browsers wait for the next one by themselves.
        os._exit(0)
