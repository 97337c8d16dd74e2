"""What a client says to a server."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from midifrag.engine.line.parts import MOST_WISHES, Coding, JobId, Message, ModelName, Place, Whole, Wish


class Ask(Message):
    """Render this; or, where this job is known already, say what becomes of it from here on. Answered in any case."""

    job: JobId
    model: ModelName = ""
    wish: Wish = Field(description="what is to be rendered")
    have: Whole = Field(default=0, description="bytes of its audio that the client has from an earlier connection")
    place: Place = ""
    coding: Coding = Field(default="float32", description="how its audio is to travel, where it can travel so")


class Cancel(Message):
    """Drop a job."""

    job: JobId
    model: ModelName = ""
    place: Place = ""


class Promote(Message):
    """A spare became a press: it goes first now."""

    job: JobId
    model: ModelName = ""
    place: Place = ""


class Kept(Message):
    """The client has all of it: the server may forget the job."""

    job: JobId
    model: ModelName = ""
    place: Place = ""


class Warm(Message):
    """Prepare for renders like these; those beyond a token's quota, and those that want uploads, are left out."""

    model: ModelName = ""
    wishes: Annotated[tuple[Wish, ...], Field(strict=False, max_length=MOST_WISHES)] = ()


class Offer(Message):
    """Prepare for a render like this one, which wants uploads; answered with `lacking`, where one is not there."""

    model: ModelName = ""
    wish: Wish = Field(description="a render to prepare for")


class Upload(Message):
    """A piece of what `lacking` asked for. What has come already is left out; after a gap, the rest is asked anew."""

    takes_raw: ClassVar[bool] = True
    ticket: Whole = Field(description="as `lacking` said")
    start: Whole = Field(description="where it begins, in bytes")
    model: ModelName = ""
    place: Place = ""


class Received(Message):
    """So many bytes of audio have been taken in on this connection: as many may come beyond them as `welcome` says."""

    total: Whole


class Hello(Message):
    """The minor version of these messages that the client speaks; without it, 0."""

    minor: Whole = 0


class Ping(Message):
    """Is there anybody? Four times a second, while a client is connected."""

    number: Whole = 0


class Look(Message):
    """How does the server stand? Answered with `status`."""
