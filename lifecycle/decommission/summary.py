"""What a decommission plan says to people: what goes, what each step will do, what stays, what it saves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lifecycle.decommission.outcomes import (
    BACK_UP,
    DELETE_COPIES,
    EXPORT,
    NO_DUMPS,
    REMOVE,
    SHOWN,
    STOP,
    UNPROTECT,
    VERIFY,
)
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.savings import sentence


def intended(plan: DecommissionPlan) -> Mapping[str, str]:
    """What each step will do, by its stored name."""
    return {
        STOP: "lifecycle_stage becomes decommissioning, and all pods stop",
        BACK_UP: _last_dump(plan),
        EXPORT: _export(plan),
        UNPROTECT: "protected becomes false, its databases and folders on shared systems are deleted",
        REMOVE: "remove the tenant's file and all its resources",
        DELETE_COPIES: "delete file systems that replication filled; backups of files stay",
        VERIFY: "search the account for what remains, by tag and by name",
    }


def _last_dump(plan: DecommissionPlan) -> str:
    if plan.requested_dump:
        return (
            "a last dump is made, although its offer has none, and must be there and complete; an empty "
            "database is told and not dumped"
        )
    if plan.final_dump:
        return "a last dump is made, and must be there and complete"
    return f"no dump: {NO_DUMPS}, and none was asked for; what its database and files hold is lost"


def _export(plan: DecommissionPlan) -> str:
    if plan.requested_dump or not plan.final_dump:
        return "nothing is exported: its offer has no export"
    return "copy the last dump to where the client can fetch it"


def goes(plan: DecommissionPlan) -> Iterator[str]:
    """What is removed, counted by kind; the counts add up to those of the phrase."""
    for what in sorted({target.what for target in plan.targets if target.holds_data}):
        found = [target for target in plan.targets if target.what == what]
        kept = sum(target.retained for target in found)
        yield f"{len(found)} {what}{f', {kept} of them retained' if kept else ''}"
    others = sum(not target.holds_data for target in plan.targets)
    yield f"{others} resources that hold no data; {len(plan.targets)} in all"


def stays(plan: DecommissionPlan) -> str:
    """What is kept afterwards."""
    kept = [f"backups, for {plan.keep_days} days"] if plan.keep_days else []
    if plan.requested_dump:
        kept.append(
            "the last dump, until the rule of the bucket of backups deletes it, and a copy of its files; "
            "their size and price are known once they are made"
        )
    return "; ".join(kept) or "nothing"


def steps(plan: DecommissionPlan) -> Iterator[str]:
    """A line for each step."""
    return (f"{SHOWN[name]}: {words}" for name, words in intended(plan).items())


def markdown(plan: DecommissionPlan, why: str, saved: Mapping[str, Any], commands: Mapping[str, str]) -> str:
    """The text of a pull request or an issue that asks for an approval of *plan*.

    Args:
        plan: The plan.
        why: Why it is due.
        saved: The document of its `Savings`.
        commands: The commands to run next, by what they do.
    """
    whose = f"{plan.environment} of {plan.client}, tier {plan.tier}, stack {plan.stack}"
    lines = [
        f"# Decommission {plan.tenant}",
        "",
        f"{whose}, account {plan.account}. It is due: {why}. Nothing was changed yet.",
        "",
        "## What goes",
        "",
        *(f"- {each}" for each in goes(plan)),
        "",
        "## How it goes",
        "",
        *(f"{number}. {each}" for number, each in enumerate(steps(plan), start=1)),
        "",
        "## What stays, and what it costs",
        "",
        f"- {stays(plan)}",
        f"- {sentence(saved, plan.tenant)}",
        *what_to_do(plan.made_at, plan.sha256, commands),
    ]
    return "\n".join(lines) + "\n"


def what_to_do(made_at: datetime, sha256: str, commands: Mapping[str, str]) -> Iterator[str]:
    """The last lines of every plan's text: which plan it is of, and the commands to run next."""
    yield from ("", "## What to do", "")
    yield f"The plan was made at {made_at:%Y-%m-%d %H:%M} UTC; its sha256 is `{sha256}`."
    for what, command in commands.items():
        yield from ("", f"{what}:", "", "```console", command, "```")
