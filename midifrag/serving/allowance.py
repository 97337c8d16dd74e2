"""What one token has of all replicas together: each of them bounds what it has there, and a way in what is beyond one.

A token that asks for little pays nothing for that. Where it has more than a small part of its quota through a way in,
the replicas are asked what it has in all before the next job is; their answer counts for a moment, with what this way
in has let through since. So what is asked at both ways in within that moment may be a little more than the quota.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from midifrag.clock import Clock
from midifrag.engine.line import messages as line
from midifrag.serving.quotas import MINUTE, Quota

#: The part of its quota that a token may have before replicas are asked, and seconds that their answer counts.
SMALL, FRESH = 1 / 8, 0.25
#: How often they are asked before a job is not let through.
LOOKS = 3


@dataclass(eq=False, slots=True)
class Grant:
    """A job of so many ``seconds`` of audio that was let through; ``over`` says why one was not."""

    seconds: float
    asked_at: float
    over: str = ""
    #: From when on a replica that has it counts it.
    known_at: float = float("inf")
    is_followed: bool = True
    has_ended: bool = False

    def hear(self, message: line.Message, now: float) -> None:
        """Take in what its replica says of it."""
        self.known_at = min(self.known_at, now)
        self.has_ended = isinstance(message, line.Rendered | line.Failed | line.Cancelled | line.Refused)

    def leave(self, now: float) -> None:
        """Nobody listens to it here any more."""
        self.known_at, self.is_followed = min(self.known_at, now), False


@dataclass(eq=False, slots=True)
class _Account:
    grants: list[Grant] = field(default_factory=list)
    #: What all replicas said last, when they were asked, and when that was known.
    in_flight: int = 0
    spent: float = 0.0
    asked_at: float = float("-inf")
    answered_at: float = float("-inf")
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Allowance:
    """Of one way in. ``used`` asks all replicas what an owner has: jobs in flight, and seconds in the last minute."""

    def __init__(
        self,
        quota: Quota,
        clock: Clock,
        used: Callable[[str], Awaitable[tuple[int, float]]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._quota, self._clock, self._used, self._pause = quota, clock, used, pause
        self._accounts: dict[str, _Account] = {}

    async def ask(self, owner: str, seconds: float) -> Grant:
        """Let a job through, or say why not; its grant wants to be told what becomes of it."""
        account, now = self._accounts.setdefault(owner, _Account()), self._clock.now()
        account.grants = [one for one in account.grants if one.is_followed or one.asked_at > now - MINUTE]
        if not self._is_small(account, now, seconds):
            for _ in range(LOOKS):
                since = await self._look(owner, account)
                in_flight = account.in_flight + sum(not one.has_ended for one in since)
                over = self._quota.refusal(in_flight, account.spent + sum(one.seconds for one in since), seconds)
                if not over:
                    break
                if not since:
                    return Grant(seconds, now, over)
                # Some of these may be in what the replicas said, too.
                await self._pause(FRESH)
            else:
                return Grant(seconds, now, over)
        grant = Grant(seconds, now)
        account.grants.append(grant)
        return grant

    async def _look(self, owner: str, account: _Account) -> list[Grant]:
        """Have all replicas say what an owner has, unless they just did; what was let through since."""
        async with account.asking:
            # From when it is there: where one replica is slow to answer, who waited meanwhile does not ask again.
            if self._clock.now() - account.answered_at >= FRESH:
                asked_at = self._clock.now()
                account.in_flight, account.spent = await self._used(owner)
                account.asked_at, account.answered_at = asked_at, self._clock.now()
        return [one for one in account.grants if one.known_at >= account.asked_at]

    def _is_small(self, account: _Account, now: float, seconds: float) -> bool:
        in_flight = 1 + sum(not one.has_ended for one in account.grants)
        spent = seconds + sum(one.seconds for one in account.grants if one.asked_at > now - MINUTE)
        return in_flight <= SMALL * self._quota.in_flight and spent <= SMALL * self._quota.seconds_a_minute
