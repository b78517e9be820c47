"""Prints the checklist of an adoption: a line for each tenant, then everything that is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adoption.checklist import Progress
from lifecycle.adoption.phase import Status


def print_progress(found: Sequence[Progress], output: str) -> None:
    """Print the tenants with their phases, as a table or as JSON."""
    if output == "json":
        echo(json.dumps([_document(each) for each in found], indent=2, ensure_ascii=False))
        return
    table = Table(title="adoption", title_justify="left")
    for name in ("tenant", "rows", "done", "phase", "status"):
        table.add_column(name, justify="right" if name in {"rows", "done"} else "left", no_wrap=True)
    for each in found:
        table.add_row(*_row(each))
    print_table(table, _sentences(found))


def _row(each: Progress) -> tuple[str, ...]:
    done = sum(1 for step in each.steps if step.record.status is Status.DONE)
    now = each.now
    where = (str(now.phase), str(now.record.status)) if now else ("all", "done")
    return each.subject.tenant, str(len(each.subject.rows)), f"{done} of {len(each.steps)}", *where


def _sentences(found: Sequence[Progress]) -> Iterator[str]:
    """What is missing for each tenant, else what comes next."""
    for each in found:
        if each.blocked:
            for step in each.blocked:
                yield f"{each.subject.tenant}: {step.phase}: {step.record.why}"
        elif each.now is not None:
            yield f"{each.subject.tenant}: next: {each.now.phase}: {each.now.record.why}"


def _document(each: Progress) -> dict[str, Any]:
    subject = each.subject
    return {
        "tenant": subject.tenant,
        "client": subject.client,
        "environment": subject.environment,
        "spellings": [spelling.spelling for spelling in subject.adopted.spellings],
        "lines": [row.line for row in subject.rows],
        "proposed": subject.adopted.proposed.model_dump(mode="json", exclude={"facts"})
        if subject.adopted.proposed
        else None,
        "now": each.now.phase if each.now else None,
        "phases": [
            {
                "phase": step.phase,
                "status": step.record.status,
                "by": step.record.by,
                "at": f"{step.record.at:%Y-%m-%dT%H:%M:%SZ}",
                "why": step.record.why,
            }
            for step in each.steps
        ],
    }
