"""Which lines of evidence count for a portfolio's tenants: those of another portfolio never do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.actions.costs.tried import left_out, rehearsed_before, restored
from lifecycle import evidence
from tests.lifecycle.rehearsal.results import line
from tests.portfolios import local_plan

END = datetime(2026, 12, 1, tzinfo=UTC)
OURS = {"portfolio": "local", "client": "acme-consulting"}


def restore(path: Path, tenant: str, day: int, **more: Any) -> None:
    told = {"result": "ok", "restore_seconds": 61, "taken_at": "2026-11-01T01:00:00Z", **more}
    at = f"2026-11-{day:02}T02:00:00Z"
    evidence.append(path, {"at": at, "step": "restore-test", "tenant": tenant, **told})


def test_a_restore_of_another_portfolio_or_client_is_not_evidence(tmp_path: Path) -> None:
    path, plan = tmp_path / "tried.jsonl", local_plan()
    restore(path, "acme", 20, portfolio="elsewhere", client="acme-consulting")
    restore(path, "acme", 21, portfolio="local", client="somebody")
    assert restored([path], plan, END) == {}
    restore(path, "acme", 3, **OURS)
    found = restored([path], plan, END)["acme"]
    assert (found.tried_at.day, found.minutes, found.owner_said) == (3, 2, True)
    assert left_out([path], plan, END) == (
        "acme of client acme-consulting in portfolio elsewhere",
        "acme of client somebody in portfolio local",
    )


def test_a_line_that_names_no_portfolio_counts_and_says_so_until_one_names_it(tmp_path: Path) -> None:
    path, plan = tmp_path / "tried.jsonl", local_plan()
    restore(path, "acme", 3)
    restore(path, "nobody", 3)
    assert {name: each.owner_said for name, each in restored([path], plan, END).items()} == {"acme": False}
    restore(path, "acme", 3, **OURS)
    assert restored([path], plan, END)["acme"].owner_said
    assert left_out([path], plan, END) == ()


def test_the_newest_listing_of_backups_is_kept_whichever_test_has_it(tmp_path: Path) -> None:
    path = tmp_path / "tried.jsonl"

    def listed(day: int) -> dict[str, object]:
        return {"oldest": "2026-10-20T01:00:00Z", "listed_at": f"2026-11-{day:02}T02:00:00Z", "count": day}

    restore(path, "acme", 10, **OURS, backups=listed(10))
    restore(path, "acme", 11, **OURS, backups=listed(11))
    restore(path, "acme", 20, **OURS)
    restore(path, "acme", 21, portfolio="elsewhere", client="acme-consulting", backups=listed(21))
    found = restored([path], local_plan(), END)["acme"]
    assert found.kept is not None
    assert (found.tried_at.day, found.kept.count, found.kept.oldest.month) == (20, 11, 10)


def test_a_recovery_of_another_portfolio_proves_nothing(tmp_path: Path) -> None:
    path, plan = tmp_path / "tried.jsonl", local_plan()

    def rehearse(**more: str) -> None:
        told = json.loads(line(tenant="meridian", finished_at="2026-11-24T12:03:20Z", rpo_seconds=100))
        evidence.append(path, {"at": "2026-11-24T12:03:20Z", "step": "rehearsal", **told, **more})

    def known() -> tuple[bool, bool]:
        (each,) = (one for one in rehearsed_before([path], plan, END) if one.tenant == "meridian")
        return each.rehearsed_at is not None, each.owner_said

    tenant = plan.tenant("meridian")
    assert tenant is not None
    rehearse(portfolio="elsewhere", client=tenant.client)
    assert known() == (False, True)
    rehearse()
    assert known() == (True, False)
    rehearse(portfolio="local", client=tenant.client)
    assert known() == (True, True)
