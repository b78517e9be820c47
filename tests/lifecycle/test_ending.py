from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle.ending import facts_sha256, read_plan, write_plan
from tests.lifecycle.world import START, ending_plan, production, resolved, sandbox
from tests.portfolios import tenant
from tiers.errors import CatalogError


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    plan = ending_plan(production())
    write_plan(plan, tmp_path / "p.json")
    assert read_plan(tmp_path / "p.json") == plan
    assert plan.expires_at == START + timedelta(hours=24)
    assert plan.id.startswith("acme-")
    assert plan.phrase == "decommission acme of local: 4 resources"


def test_a_plan_is_never_overwritten(tmp_path: Path) -> None:
    write_plan(ending_plan(sandbox()), tmp_path / "p.json")
    with pytest.raises(CatalogError, match="is there already"):
        write_plan(ending_plan(sandbox()), tmp_path / "p.json")


@pytest.mark.parametrize("field", sorted(ending_plan(production()).model_dump(mode="json")))
def test_any_change_by_hand_is_noticed(field: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write_plan(ending_plan(production()), path)
    document = json.loads(path.read_text(encoding="utf-8"))
    was = document[field]
    document[field] = not was if isinstance(was, bool) else [] if isinstance(was, list) else f"{was}1"
    if isinstance(was, int) and not isinstance(was, bool):
        document[field] = was + 1
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(CatalogError):
        read_plan(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"schema_version": 2}'])
def test_what_is_no_plan_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"p\.json"):
        read_plan(path)
    with pytest.raises(CatalogError, match="cannot be read"):
        read_plan(tmp_path / "gone.json")


def test_the_way_to_the_end_is_the_same_tenant_and_another_tier_is_not() -> None:
    running = resolved(tenant("acme", tier="ha-postgresql"))
    assert facts_sha256(running) == facts_sha256(resolved(production()))
    assert facts_sha256(running) == facts_sha256(resolved(production(protected=False)))
    assert facts_sha256(running) != facts_sha256(resolved(tenant("acme", tier="dedicated-db")))
    assert facts_sha256(running) != facts_sha256(resolved(tenant("other", tier="ha-postgresql")))
