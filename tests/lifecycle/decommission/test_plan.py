from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from allocation.statement.statement import Term
from lifecycle.decommission.plan import DecommissionPlan, facts_sha256, read_plan, write_plan
from tests.lifecycle.world import START, ending_plan, production, resolved, sandbox
from tests.portfolios import tenant
from tiers.errors import CatalogError
from tiers.facts.names import RESTORE_TEST_JOB
from tiers.vocabulary import Environment


def sha256(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan, file = ending_plan(production()), tmp_path / "plan.json"
    write_plan(plan, file)
    assert read_plan(file) == plan
    text = file.read_text(encoding="utf-8")
    assert text.startswith('{\n  "')
    assert text.endswith("}\n")


def test_what_a_plan_states() -> None:
    plan = ending_plan(production())
    assert plan.expires_at == START + timedelta(hours=24)
    assert plan.id == f"acme-{plan.sha256[:12]}"
    assert len(plan.sha256) == 64
    assert plan.phrase == "decommission acme of local: 4 resources"


def test_who_pays_for_what_is_kept_pays_no_fee() -> None:
    expected = Term("acme", "acme-ltd", Environment.PRODUCTION, "ha-postgresql", fee=0)
    assert ending_plan(production()).term == expected


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_an_interruption_leaves_no_part_of_a_plan(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        assert not (tmp_path / "plan.json").exists()
        raise KeyboardInterrupt

    path = tmp_path / "plan.json"
    with monkeypatch.context() as patch:
        patch.setattr(os, call, interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_plan(ending_plan(production()), path)
    assert list(tmp_path.iterdir()) == []
    write_plan(ending_plan(production()), path)
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_writer_that_was_killed_leaves_no_way_into_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scratch file may be another name of the plan: SIGKILL comes between link and unlink."""
    path = tmp_path / "plan.json"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        write_plan(ending_plan(production()), path)
    before = path.read_bytes()
    with pytest.raises(CatalogError, match="exists already"):
        write_plan(ending_plan(sandbox()), path)
    assert path.read_bytes() == before


def test_a_plan_is_never_overwritten(tmp_path: Path) -> None:
    write_plan(ending_plan(sandbox()), tmp_path / "p.json")
    with pytest.raises(CatalogError, match="exists already"):
        write_plan(ending_plan(sandbox()), tmp_path / "p.json")
    with pytest.raises(CatalogError, match="cannot be written: No such file"):
        write_plan(ending_plan(sandbox()), tmp_path / "nowhere" / "p.json")


@pytest.mark.parametrize("field", sorted(ending_plan(production()).model_dump(mode="json")))
def test_any_change_by_hand_is_noticed(field: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write_plan(ending_plan(production()), path)
    document = json.loads(path.read_text(encoding="utf-8"))
    was = document.get(field, False)
    document[field] = not was if isinstance(was, bool) else [] if isinstance(was, list) else f"{was}1"
    if isinstance(was, int) and not isinstance(was, bool):
        document[field] = was + 1
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(CatalogError):
        read_plan(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stack": "production"}, "was changed after it was made"),
        ({"keep_days": "x"}, "keep_days: "),
        ({"schema_version": 2}, "schema_version: "),
        ({"sha256": None}, "was changed after it was made"),
        ({"targets": [{}]}, "targets.0."),
    ],
)
def test_a_plan_that_was_touched_is_none(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "plan.json"
    write_plan(ending_plan(production()), file)
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**document, **change}), encoding="utf-8")
    with pytest.raises(CatalogError, match=said) as error:
        read_plan(file)
    assert "https" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"schema_version": 2}', "[" * 100_000, "1"])
def test_what_is_no_plan_is_reported(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"p\.json"):
        read_plan(path)
    with pytest.raises(CatalogError, match="no such file"):
        read_plan(tmp_path / "gone.json")


def test_the_same_plan_has_the_same_hash_and_another_has_another() -> None:
    plan = ending_plan(production())
    again = DecommissionPlan.model_validate(dict(reversed(plan.model_dump(mode="json").items())))
    assert again.sha256 == plan.sha256
    assert plan.model_copy(update={"keep_days": plan.keep_days + 1}).sha256 != plan.sha256


def test_the_hash_of_a_plan_can_be_checked_without_costack(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    write_plan(ending_plan(production()), file)
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document.pop("sha256") == sha256(document)


def test_the_way_to_the_end_is_the_same_tenant_and_another_is_not() -> None:
    running = resolved(tenant("acme", tier="ha-postgresql"))
    assert facts_sha256(running) == facts_sha256(resolved(production()))
    assert facts_sha256(running) == facts_sha256(resolved(production(protected=False)))
    assert facts_sha256(running) != facts_sha256(resolved(tenant("acme", tier="dedicated-db")))
    assert facts_sha256(running) != facts_sha256(resolved(tenant("other", tier="ha-postgresql")))
    assert facts_sha256(running) != facts_sha256(running.model_copy(update={"facts": running.facts[1:]}))
    assert facts_sha256(running) != facts_sha256(running.model_copy(update={"users": running.users + 1}))


def test_a_plan_of_yesterday_hashed_the_same_facts_the_same_way() -> None:
    running = resolved(tenant("acme", tier="ha-postgresql"))
    # Version 0.2 and those before it had no fields `protected` and `extended`.
    later = {"protected", "extended"}
    bare = running.model_copy(update={"facts": ()}).model_dump(mode="json", exclude=later)
    # Nor had those before this one a scheduled restore test.
    facts = [fact.id for fact in running.facts if fact.name != RESTORE_TEST_JOB]
    assert len(facts) == len(running.facts) - 1
    assert facts_sha256(running) == sha256({"tenant": bare, "facts": facts})
