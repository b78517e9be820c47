"""The record of a tenant or a platform: what an update makes last, and what a destroy has to remove first.

It depends on everything of its owner. So it says what was really applied: an update that fails, is cancelled
or leaves a resource out does not reach it. And while it is protected nothing of its owner can be deleted: the
engine leaves alone what a protected resource depends on, with `destroy` and `--target`, too, and asks no
program (Pulumi 3.259, deployment_executor.go, performPostSteps).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pulumi
import stamina
from pulumi.runtime import invoke
from pulumi.runtime.settings import get_monitor

from components.naming import physical_name
from tiers.catalog.tier import Catalog
from tiers.change.versions.refusals import refused_versions_of_tenant
from tiers.change.versions.upgrades import next_step, next_step_of_tenant
from tiers.deployed import RECORD, VERSION, Deployed, deployed_of, refusals
from tiers.errors import CatalogError
from tiers.facts.data import DatabaseInstance
from tiers.plan.plan import Plan, TenantPlan, facts_of

_UNREADABLE: Final = "failed to load checkpoint"
"""In the engine's answer, whatever the reason (Pulumi 3.259, backend/diy/state.go, `getCheckpoint`)."""


def record(
    owner: pulumi.ComponentResource, name: str, applied: Mapping[str, Any], *, protected: bool
) -> pulumi.Output[Mapping[str, Any]]:
    """Declare the record of *owner*, after everything else in it; gives the plan that was applied.

    Pulumi keeps the first value that a `Stash` had, as its `output`, besides the newest, its `input`.

    Args:
        owner: The component with all its resources.
        name: The portfolio or the tenant.
        applied: Plain data without secrets; `plan` is what the resources were declared from.
        protected: Whether the engine refuses to delete anything of the owner.
    """
    # A component that depends on itself would wait for ever, so its children are named (pulumi, resource.py).
    children = list(owner._childResources)  # noqa: SLF001 - the SDK has no other list of them
    made = pulumi.Stash(
        physical_name(name, RECORD),
        input={**applied, VERSION: version()},
        opts=pulumi.ResourceOptions(parent=owner, depends_on=children, protect=protected),
    )
    # Of a record that an update leaves out this is what it was before.
    return made.input.apply(lambda known: known["plan"])


@cache
def version() -> str:
    """The version of Costack that declares: of the checkout, which a plugin is, too, or of the package."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("costack")


def may_follow(plan: Plan, catalog: Catalog, elsewhere: Mapping[str, str] = MappingProxyType({})) -> Plan:
    """The *plan* as far as the next update may go; if it may not follow what is there, the program ends here.

    Args:
        plan: What is to be deployed.
        catalog: What its tenants are sold from.
        elsewhere: The tenants of other stacks of the portfolio, with these stacks.

    Raises:
        pulumi.RunError: With every reason.
    """
    there = _there()
    if found := list(refusals(there, plan, pulumi.get_stack(), catalog, elsewhere)):
        raise pulumi.RunError(str(CatalogError(*found)))
    step, said = next_step(plan, there.servers)
    for sentence in said:
        pulumi.warn(sentence)
    return step


def tenant_as_far(portfolio: str, tenant: TenantPlan) -> TenantPlan:
    """The same of a tenant's plan in a program that declares it by itself.

    Raises:
        pulumi.RunError: With every reason.
    """
    if not facts_of(tenant.facts, DatabaseInstance):
        return tenant
    there = _there()
    if left := list(refused_versions_of_tenant(portfolio, tenant, there.servers)):
        raise pulumi.RunError(str(CatalogError(*(f"{each}; nothing was changed" for each in left))))
    step, said = next_step_of_tenant(portfolio, tenant, there.servers)
    for sentence in said if portfolio not in there.portfolios else ():  # else its platform has said it
        pulumi.warn(sentence)
    return step


class _Read(NamedTuple):
    """What was read of a stack, and the engine's monitor that told it: each update has one of its own."""

    monitor: Any
    stack: str
    deployed: Deployed


_LAST: Final[list[_Read]] = []
"""What this process has read last: a plugin builds all components of an update in one process."""


def _there() -> Deployed:
    """What the stack has before this update: read once, by the first component that asks.

    What the update itself changes meanwhile is not meant, and reading all of the state for each tenant took
    time that grows with the square of their number. A failure is read again.
    """
    address, stack = _monitor(), pulumi.get_stack()
    if not any((each.monitor, each.stack) == (address, stack) for each in _LAST):
        _LAST[:] = [_Read(address, stack, _read())]
    return _LAST[0].deployed


def _monitor() -> Any:
    """The address of the engine's monitor, which each update has anew.

    For each component the SDK makes another stub of it and keeps its address nowhere else (pulumi 3.272,
    provider/server.py, `reset_options`). A stub without it stands for itself: then more is read, not less.
    """
    monitor = get_monitor()
    channel = getattr(getattr(monitor, "RegisterResource", None), "_channel", None)
    return monitor if channel is None else channel.target()


def _read() -> Deployed:
    """What the stack has now.

    The engine saves the state of this very update while it is read. In a folder the attributes beside it are
    not replaced at once (gocloud.dev, blob/fileblob/attrs.go, `setAttrs`), so half a file may be seen.

    Raises:
        pulumi.RunError: When it stays unreadable.
    """
    stack = pulumi.get_stack()
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    try:
        for attempt in stamina.retry_context(on=_is_unreadable, wait_initial=0.05, wait_max=0.5):
            with attempt:
                # What `StackReference` asks, too.
                read = invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": name})
    except Exception as error:
        if not _is_unreadable(error):
            raise
        reason = str(error).partition(_UNREADABLE)[2].strip(": \n")
        raise pulumi.RunError(
            f"the state of stack '{stack}' cannot be read ({reason}); run `costack recover --stack {stack}`"
        ) from None
    return deployed_of(read.value["outputs"])


def _is_unreadable(error: Exception) -> bool:
    return _UNREADABLE in str(error)
