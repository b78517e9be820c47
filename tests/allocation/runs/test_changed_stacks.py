from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.runs.changed_stacks import changed_stacks

STACKS = {"alps": "alps", "alps-dr": "alps", "local": "local", "prod": "nordic"}


def named(*files: str, stacks: dict[str, str] | None = None) -> list[str]:
    return [each.stack for each in changed_stacks(files, STACKS if stacks is None else stacks)]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("portfolios/alps/tenants/acme.yaml", ["alps", "alps-dr"]),
        ("portfolios/nordic/platform.yaml", ["prod"]),
        ("stacks/Pulumi.alps.yaml", ["alps"]),
        ("Pulumi.local.yaml", ["local"]),
        ("portfolios/shared/catalog/gold.yaml", [*STACKS]),  # no stack's own: others may refer to it
        ("portfolios/README.txt", [*STACKS]),
        ("Pulumi.yaml", [*STACKS]),
        ("catalog/pricebook/aws.yaml", [*STACKS]),
        ("__main__.py", [*STACKS]),
        ("README.md", []),
        ("catalog/README.md", []),
        ("docs/runbook.html", []),
        (".github/workflows/update.yml", []),
        (".gitlab/costack/update.yml", []),
        ("../another/program.py", []),
        ("stacks/Pulumi.gone.yaml", []),
    ],
)
def test_a_file_is_for_the_stacks_that_may_read_it(file: str, expected: list[str]) -> None:
    assert named(file) == expected


def test_what_is_not_known_is_for_all() -> None:
    assert [each.stack for each in changed_stacks(None, STACKS)] == [*STACKS]
    assert named() == []


def test_stacks_without_production_come_first() -> None:
    found = changed_stacks(["Pulumi.yaml"], STACKS, {"alps", "nordic"})
    assert [each.stack for each in found] == ["local", "alps", "alps-dr", "prod"]


PATHS = st.sampled_from(
    [
        *("Pulumi.yaml", "README.md", "stacks/Pulumi.alps.yaml", "../x", "catalog/a.yaml", "docs/a"),
        *(f"portfolios/{name}/tenants/acme.yaml" for name in ("alps", "local", "nordic", "gone")),
    ]
)


@given(st.lists(PATHS, max_size=6), st.lists(PATHS, max_size=3))
def test_more_changes_never_update_fewer_stacks(files: list[str], more: list[str]) -> None:
    assert {*named(*files)} <= {*named(*files, *more)}
    assert {*named(*files)} | {*named(*more)} == {*named(*files, *more)}


@given(st.text(min_size=1, max_size=30).filter(lambda text: "/" not in text and text not in (".", "..")))
def test_a_file_nobody_knows_is_for_all(name: str) -> None:
    assert named(f"modules/{name}.py") == [*STACKS]
