"""How deployed tenants come from one stack into another, and back: as commands of Pulumi.

Nothing is made, replaced or deleted: resources change the state that holds them. A stack whose
`costack:stack` is not its name refuses every update. So each stack that tenants are moved into has another
one's until they are there, and whoever updates a stack meanwhile is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.portfolio.cells.section import PLATFORM_STACK, order_of, pulumi_name

_KEY: Final = "costack:stack"


class Held(NamedTuple):
    """What a stack of the backend holds, and what its configuration says it is."""

    tenants: Mapping[str, str]
    """Id -> the URN of its component."""
    has_platform: bool = False
    stack: str | None = None
    """Its `costack:stack`; None where it deploys the whole portfolio."""


class Step(NamedTuple):
    """A command of Pulumi: its arguments, and what it is for."""

    arguments: tuple[str, ...]
    told: str

    @property
    def command(self) -> str:
        """As one types it; every argument is a name or a URN, which need no quotes but for `$`."""
        return " ".join(("pulumi", *(f"'{each}'" if "$" in each else each for each in self.arguments)))


def held_in(urns: Iterable[str], stack: str | None) -> Held:
    """What the stack with these resources holds.

    Args:
        urns: Of all its resources.
        stack: Its `costack:stack`.
    """
    tenants: dict[str, str] = {}
    has_platform = False
    for urn in urns:
        kind, name = urn.split("::")[2], urn.rpartition("::")[2]
        if kind == TENANT_STACK:
            tenants[name] = urn
        has_platform = has_platform or kind == SHARED_PLATFORM
    return Held(tenants, has_platform, stack)


def split_steps(base: str, there: Mapping[str, Held], wanted: Mapping[str, str]) -> tuple[Step, ...]:
    """The commands that are left to do, in order, so that each tenant is in the stack that it is assigned to.

    Args:
        base: The stack that deploys the whole portfolio, and what the names of the others begin with.
        there: The stacks of the backend that are of this portfolio, by name.
        wanted: Tenant -> its stack's name within the portfolio; who is deployed and not in it stays.
    """
    return tuple(_split(base, there, wanted))


def join_steps(base: str, there: Mapping[str, Held]) -> tuple[Step, ...]:
    """The way back: the commands that are left to do, so that one stack has everything again."""
    return tuple(_join(base, there))


def _split(base: str, there: Mapping[str, Held], wanted: Mapping[str, str]) -> Iterator[Step]:
    platform, holders = pulumi_name(base, PLATFORM_STACK), dict(there)
    yield from _platform(base, platform, there)
    if platform not in holders:
        holders[platform] = _renamed(holders.pop(base), base, platform)
    moves = _moves(holders, {tenant: pulumi_name(base, stack) for tenant, stack in wanted.items()})
    for stack in sorted({*wanted.values()}, key=order_of):
        name = pulumi_name(base, stack)
        sources = {source: urns for (source, target), urns in moves.items() if target == name}
        yield from _filled(name, stack, there.get(name), sources, platform)


def _platform(base: str, platform: str, there: Mapping[str, Held]) -> Iterator[Step]:
    """The stack that deploys all becomes the platform's, which refuses to be updated as what it was."""
    name = platform if platform in there else base
    if there[name].stack != PLATFORM_STACK:
        yield _set(name, PLATFORM_STACK, "is the platform stack from now on")
    if name == base:
        yield Step(("stack", "rename", platform, "--stack", base), "has the name of the platform stack")


def _filled(
    name: str, stack: str, held: Held | None, sources: Mapping[str, Iterable[str]], platform: str
) -> Iterator[Step]:
    """A stack is made if it is not there, gets its tenants, and may be updated then."""
    if held is None:
        yield Step(("stack", "init", name, "--copy-config-from", platform, "--no-select"), "is made")
    elif sources and held.stack == stack:
        yield _set(name, PLATFORM_STACK, "refuses updates until its tenants are there")
    for source, urns in sources.items():
        yield _move(source, name, urns)
    if sources or held is None or held.stack != stack:
        yield _set(name, stack, "may be updated")


def _join(base: str, there: Mapping[str, Held]) -> Iterator[Step]:
    platform = pulumi_name(base, PLATFORM_STACK)
    for name, held in there.items():
        if name in (base, platform) or not held.tenants:
            continue
        if held.stack != PLATFORM_STACK:
            yield _set(name, PLATFORM_STACK, "refuses updates from now on")
        yield _move(name, platform if platform in there else base, held.tenants.values())
    if platform in there:
        yield Step(("stack", "rename", base, "--stack", platform), "has the whole portfolio")
        yield Step(("config", "rm", _KEY, "--stack", base), "may be updated")
    elif there[base].stack is not None:
        yield Step(("config", "rm", _KEY, "--stack", base), "may be updated")


def _moves(holders: Mapping[str, Held], wanted: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """From which stack into which the components of tenants move."""
    found: dict[tuple[str, str], list[str]] = {}
    for source, held in holders.items():
        for tenant, urn in held.tenants.items():
            target = wanted.get(tenant, source)
            if target != source:
                found.setdefault((source, target), []).append(urn)
    return found


def _renamed(held: Held, base: str, name: str) -> Held:
    """What a stack holds once it has another name, which its URNs begin with."""
    begins, then = f"urn:pulumi:{base}::", f"urn:pulumi:{name}::"
    return held._replace(
        tenants={tenant: then + urn.removeprefix(begins) for tenant, urn in held.tenants.items()}
    )


def _set(name: str, stack: str, told: str) -> Step:
    return Step(("config", "set", _KEY, stack, "--stack", name), told)


def _move(source: str, target: str, urns: Iterable[str]) -> Step:
    arguments = ("state", "move", "--yes", "--source", source, "--dest", target, *urns)
    return Step(arguments, "gets its tenants' resources, which stay as they are")
