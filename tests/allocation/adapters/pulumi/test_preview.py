from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.pulumi.preview import plans_of_preview
from tests.allocation.previews import changed
from tests.portfolios import local_plan
from tiers.errors import CatalogError
from tiers.plan.plan import Plan


def steps(before: Plan | None, after: Plan | None) -> list[dict[str, Any]]:
    """What `pulumi preview --json --show-sames` says of the components."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for side, plan in (("oldState", before), ("newState", after)):
        if plan is None:
            continue
        dumped = plan.model_dump(mode="json")
        tenants = dumped.pop("tenants")
        components = [("SharedPlatform", plan.portfolio, dumped)]
        components += [("TenantStack", each["tenant"], each) for each in tenants]
        for kind, name, reported in components:
            step = found.setdefault((kind, name), {"urn": f"urn:pulumi:s::p::costack:index:{kind}::{name}"})
            step[side] = {"type": f"costack:index:{kind}", "inputs": {"plan": reported}}
    for step in found.values():
        step["op"] = (
            "same"
            if step.get("oldState") == step.get("newState")
            else "update"
            if "oldState" in step and "newState" in step
            else "create"
            if "newState" in step
            else "delete"
        )
    return list(found.values())


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "preview.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_both_plans_are_read_to_the_last_fact(tmp_path: Path) -> None:
    before, after = local_plan(), changed("cobalt", "ha-postgresql")
    assert plans_of_preview(written(tmp_path, {"steps": steps(before, after)})) == (before, after)


def test_numbers_that_are_floats_are_whole(tmp_path: Path) -> None:
    """Pulumi's documents have no other numbers."""
    path = tmp_path / "preview.json"
    text = json.dumps({"steps": steps(local_plan(), local_plan())})
    path.write_text(text.replace('"users": 8', '"users": 8.0'), encoding="utf-8")
    assert plans_of_preview(path) == (local_plan(), local_plan())


def test_a_stack_that_is_new_has_no_plan_before(tmp_path: Path) -> None:
    assert plans_of_preview(written(tmp_path, {"steps": steps(None, local_plan())})) == (None, local_plan())


def test_who_leaves_is_on_one_side_only(tmp_path: Path) -> None:
    fewer = local_plan().model_copy(update={"tenants": local_plan().tenants[1:]})
    _, after = plans_of_preview(written(tmp_path, {"steps": steps(local_plan(), fewer)}))
    assert [each.tenant for each in after.tenants] == [each.tenant for each in fewer.tenants]


@pytest.mark.parametrize("inputs", [True, ["plan"], {"plan": 7}, {"plan": [1]}])
def test_a_tenant_that_cannot_be_read_is_not_taken_for_one_that_leaves(
    tmp_path: Path, inputs: object
) -> None:
    listed = steps(local_plan(), local_plan())
    last = next(step for step in listed if step["urn"].endswith("TenantStack::acme"))
    last["newState"]["inputs"] = inputs
    with pytest.raises(CatalogError, match=r"newState of urn:.*::acme: expected a plan among its inputs; "):
        plans_of_preview(written(tmp_path, {"steps": listed}))


def test_a_replacement_is_one_component(tmp_path: Path) -> None:
    listed = steps(local_plan(), local_plan())
    again = [{**step, "op": "create-replacement"} for step in listed if "TenantStack" in step["urn"]]
    assert plans_of_preview(written(tmp_path, {"steps": listed + again}))[1] == local_plan()


@pytest.mark.parametrize(
    ("document", "reported"),
    [
        ([], "expected an object with `steps`"),
        ({"steps": []}, "holds no costack:index:SharedPlatform"),
        ({"steps": [1]}, "expected an object with `steps`"),
        (
            {
                "steps": steps(None, local_plan()),
                "diagnostics": [{"severity": "error", "message": "no\nway"}],
            },
            "the preview failed: no way",
        ),
        (
            {
                "steps": [
                    step for step in steps(local_plan(), changed("acme", users="9")) if step["op"] != "same"
                ]
            },
            "holds no costack:index:SharedPlatform|leaves out what is unchanged",
        ),
        ({"steps": steps(local_plan(), None)}, "holds no costack:index:SharedPlatform as it will be"),
    ],
)
def test_what_is_no_whole_preview_is_reported_with_the_remedy(
    tmp_path: Path, document: Any, reported: str
) -> None:
    with pytest.raises(CatalogError, match=reported):
        plans_of_preview(written(tmp_path, document))


def test_two_platforms_are_too_many(tmp_path: Path) -> None:
    other = local_plan().model_copy(update={"portfolio": "other", "tenants": ()})
    listed = steps(None, local_plan()) + steps(None, other)
    with pytest.raises(CatalogError, match="holds 2 platforms"):
        plans_of_preview(written(tmp_path, {"steps": listed}))


def test_a_plan_of_another_version_is_reported_with_its_place(tmp_path: Path) -> None:
    listed = steps(None, local_plan())
    listed[0]["newState"]["inputs"]["plan"]["currency"] = "dollars"
    with pytest.raises(CatalogError, match=r"newState: currency: .* preview with the version of costack"):
        plans_of_preview(written(tmp_path, {"steps": listed}))


@pytest.mark.parametrize(
    ("text", "reported"), [("{", "1: is not JSON"), ("[" * 100_000, "nested too deeply")]
)
def test_what_is_no_json_is_reported(tmp_path: Path, text: str, reported: str) -> None:
    path = tmp_path / "preview.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=reported):
        plans_of_preview(path)


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"gone\.json: no such file"):
        plans_of_preview(tmp_path / "gone.json")
