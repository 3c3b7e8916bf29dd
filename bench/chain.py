"""The longest chain of Azure's own latencies in a run, and the depth of a run in round trips. Pure.

A request *depends* on an earlier one only where Azure leaves no choice. That it merely came later counts for nothing,
so a tool that asks one thing after another without need doesn't get a longer chain to be measured against:

- **token**: on the token request for its host's audience;
- **told**: on the first answer that told an identifier or host name that it says (the run was not given it);
- **inside**: on the write that made what its path lies in, the instance before its role assignments;
- **operation**: and on the first answer that told that the operation of that write was over. That answer depends on the
  operation: its seconds, from the write on;
- **asked again**: on the refusal of the same request (the tool's pause between them does not count);
- **Retry-After**: a poll depends on the answer that said when to poll: its seconds, where they were waited for.

Each request adds the seconds that were injected into it, and nothing else: the emulator's own work, the network, and
the client's work and pauses are not Azure's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.traffic import Request

_SLACK = 0.05
"""Seconds by which a client may be early for a Retry-After: the clock of the record begins in the server."""


@dataclass(frozen=True)
class Link:
    """That a request depends on an earlier one."""

    to: int
    why: str
    seconds: float = 0.0
    """What Azure prescribes between the earlier one's answer, or its beginning, and this one's beginning."""
    from_start: bool = False


@dataclass(frozen=True)
class Part:
    """One request in a chain, after what it waited for."""

    request: Request
    why: str
    """Why it depends on the one before; "" for the first."""
    waited: float
    """The seconds prescribed between them."""
    since: float
    """The time from which these seconds counted."""


@dataclass(frozen=True)
class Chain:
    """A sequence of requests that each depend on the one before, and Azure's seconds in it."""

    seconds: float
    parts: tuple[Part, ...]


def longest(run: Sequence[Request], *, waits: bool = True) -> Chain:
    """Return the longest chain; without `waits` Retry-After counts for nothing, as if polls could come at any time."""
    before: list[float] = []
    came: list[Link | None] = []
    for position, request in enumerate(run):
        best, link = 0.0, None
        for prior in _links(run, position, request):
            seconds = prior.seconds if waits or prior.why != "Retry-After" else 0.0
            length = before[prior.to] + seconds + (0.0 if prior.from_start else run[prior.to].latency)
            if length > best:
                best, link = length, Link(prior.to, prior.why, seconds, prior.from_start)
        before.append(best)
        came.append(link)
    if not run:
        return Chain(0.0, ())
    ends = [length + request.latency for length, request in zip(before, run, strict=True)]
    last: int | None = max(range(len(run)), key=ends.__getitem__)
    total, parts = max(ends), list[Part]()
    while last is not None:
        link = came[last]
        earlier = run[link.to] if link else None
        since = 0.0 if earlier is None else earlier.started if link and link.from_start else earlier.ended
        parts.append(Part(run[last], link.why if link else "", link.seconds if link else 0.0, since))
        last = link.to if link else None
    return Chain(total, tuple(reversed(parts)))


def depth(run: Iterable[Request]) -> int:
    """Return the round trips one after another: the most requests that each began after the one before was answered.

    That holds for any run, and says most where all answers take as long as each other.
    """
    count, free = 0, float("-inf")
    for request in sorted(run, key=lambda prior: prior.ended):
        if request.started >= free:
            count, free = count + 1, request.ended
    return count


def _links(run: Sequence[Request], position: int, request: Request) -> Iterable[Link]:
    earlier = [(at, prior) for at, prior in enumerate(run[:position]) if prior.ended <= request.started]
    if not request.audience:
        tokens = [at for at, prior in earlier if prior.audience and _for(prior.audience, request.host)]
        if tokens:
            yield Link(tokens[-1], "token")
    for thing in request.asks:
        telling = [(at, prior) for at, prior in earlier if thing in prior.tells]
        if telling and not any(thing in prior.asks for prior in run[: telling[0][0] + 1]):
            yield Link(min(telling, key=lambda pair: pair[1].ended)[0], "told")
    yield from _writes(earlier, request)
    for at, prior in reversed(earlier):
        if prior.status >= 400 and (prior.method, prior.path) == (request.method, request.path):
            yield Link(at, "asked again")
            break
    for at, prior in reversed(earlier):
        if request.path in (*prior.links, prior.path) and prior.retry_after:
            if request.started >= prior.ended + prior.retry_after - _SLACK:
                yield Link(at, "Retry-After", prior.retry_after)
            break


def _writes(earlier: list[tuple[int, Request]], request: Request) -> Iterable[Link]:
    for at, prior in earlier:
        if prior.method not in ("PUT", "PATCH", "POST") or prior.status >= 300 or prior.audience:
            continue
        made = prior.path.removesuffix("/register")
        inside = request.path.startswith(f"{made}/") and request.host == prior.host
        if inside and prior.method != "POST":
            yield Link(at, "inside")
        if not prior.operation:
            continue
        over = prior.started + prior.operation
        told = [(there, seen) for there, seen in earlier if _tells(seen, prior, made) and seen.started >= over - 0.01]
        if inside and told:
            yield Link(min(told, key=lambda pair: pair[1].ended)[0], "operation")
        if request.started >= over - 0.01 and _tells(request, prior, made):
            yield Link(at, "operation", prior.operation, from_start=True)


def _tells(seen: Request, write: Request, made: str) -> bool:
    """Whether a read tells how the operation of a write goes."""
    return seen.method == "GET" and seen.host == write.host and (seen.path == made or seen.path in write.links)


def _for(audience: str, host: str) -> bool:
    return host == audience or host.endswith(f".{audience}")
