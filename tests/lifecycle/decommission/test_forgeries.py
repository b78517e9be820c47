"""Plans and evidence that somebody edited, with hashes and chains made whole again: none is believed."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle import evidence
from lifecycle.decommission.outcomes import STEPS
from lifecycle.decommission.plan import DecommissionPlan, read_plan, write_plan
from lifecycle.errors import LifecycleError, RefusedError
from tests.lifecycle.decommission.test_steps import ended
from tests.lifecycle.world import START, ending_plan, production, world_of
from tests.sampling import EVERY
from tiers.errors import CatalogError

COUNT = 10_000 if os.environ.get(EVERY) else 400
Edit = Callable[[random.Random, dict[str, Any]], None]


def another(dice: random.Random, value: Any) -> Any:
    """Another value of the same kind, and sometimes of another kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return dice.choice([0, 1, value + 1, -value, 10**9])
    if isinstance(value, list):
        return dice.choice([[], value[1:], [*value, *value[:1]], list(reversed(value))])
    if isinstance(value, dict):
        return {key: another(dice, each) if dice.random() < 0.5 else each for key, each in value.items()}
    if value is None:
        return dice.choice(["", "because", 1])
    words = ["us-west-2", "borealis", "staging", "standard", "999999999999"]
    return dice.choice(["", f"{value}x", str(value)[:-1], *words])


def plans(dice: random.Random, true: DecommissionPlan) -> Iterator[dict[str, Any]]:
    """Documents of edited plans."""
    document = true.model_dump(mode="json")
    free = {"schema_version", "made_at", "early_because"}
    while True:
        edited = json.loads(json.dumps(document))
        for name in dice.sample(sorted(edited.keys() - free), dice.randint(1, 3)):
            if name == "targets" and dice.random() < 0.7:
                target = dice.choice(edited["targets"])
                field = dice.choice(sorted(target.keys() - {"protect", "retained"}))
                target[field] = another(dice, target[field])
            else:
                edited[name] = another(dice, edited[name])
        if edited != document:
            yield edited


def test_no_edited_plan_is_carried_out(tmp_path: Path) -> None:
    dice = random.Random(20261129)  # noqa: S311 - a fixed sample
    world, true = world_of(production()), ending_plan(production())
    edits, path, record = plans(dice, true), tmp_path / "plan.json", tmp_path / "evidence.jsonl"
    said = {"unreadable": 0, "refused": 0}
    for _ in range(COUNT):
        try:
            plan = DecommissionPlan.model_validate(next(edits))
            path.unlink(missing_ok=True)
            write_plan(plan, path)
            plan = read_plan(path)
        except (CatalogError, ValueError):
            said["unreadable"] += 1
            continue
        if same(plan, true):
            continue
        with pytest.raises(RefusedError):
            ended(world, plan, record).run()
        said["refused"] += 1
        assert world.calls == []
        assert not record.exists()
    assert min(said.values()) > COUNT / 10, said


def same(plan: DecommissionPlan, true: DecommissionPlan) -> bool:
    """Whether the edit changed only the order of resources, or what Kubernetes alone knows of one."""

    def core(one: DecommissionPlan) -> Any:
        targets = [
            (t.urn, t.type, *(() if t.type.startswith("kubernetes:") else (t.id, t.arn, t.region, t.also)))
            for t in one.targets
        ]
        return one.model_copy(update={"targets": ()}), sorted(set(targets))

    return bool(core(plan) == core(true))


def lines(dice: random.Random, plan: DecommissionPlan) -> list[dict[str, Any]]:
    """Lines of evidence as somebody would like them to be."""
    made = []
    for step in dice.sample(STEPS, dice.randint(1, len(STEPS))):
        at = START + timedelta(minutes=dice.choice([-99999, 1, 9, 99999]))
        line = {
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "plan": plan.id,
            "plan_sha256": dice.choice([plan.sha256, plan.sha256, plan.sha256, "0" * 64]),
            "tenant": plan.tenant,
            "step": step,
            "result": dice.choice(["ok", "ok", "ok", "failed"]),
            "inputs": {
                "exports": dice.choice([[], ["exports/acme/x.dump"]]),
                "dump": "x",
                "file_systems": [],
            },
        }
        made.append(line)
    return made


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of lines need not survive the machine."""
    monkeypatch.setattr("lifecycle.evidence.os.fsync", lambda _: None)


@pytest.mark.sample(1)
@pytest.mark.parametrize("tested", [True, False])
def test_no_forged_line_saves_a_step(tested: bool, tmp_path: Path) -> None:  # noqa: FBT001
    dice = random.Random(20261130)  # noqa: S311 - a fixed sample
    plan, ended_well = ending_plan(production()), 0
    for number in range(COUNT // 2):
        world, record = world_of(production()), tmp_path / f"{number}.jsonl"
        world.restored = world.restored if tested else None
        for line in lines(dice, plan):
            evidence.append(record, line)
        with suppress(LifecycleError):
            ended(world, plan, record).run()
        assert world.restorable
        if world.live is None:
            ended_well += 1
            assert tested
            assert world.exports
            assert world.calls.count("up") >= 2
        record.unlink()
    assert (ended_well > COUNT / 4) is tested
