from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.actions.change.move
import cli.actions.change.rotate
from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import as_with_tokens, catalog
from tiers.inventory import Inventory
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

RUNNER = CliRunner()


def costack(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(app, [*arguments, "--stack", "local", "--portfolio", str(folder)])


def rotate(folder: Path, *arguments: str) -> Any:
    return costack(folder, "rotate", *arguments)


def file_of(folder: Path, tenant: str = "acme") -> str:
    return (folder / "tenants" / f"{tenant}.yaml").read_text(encoding="utf-8")


def test_a_rotation_is_one_line_and_one_update_a_step(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder)
    for number in (1, 2):
        result = rotate(folder, "acme", "--begin")
        assert result.exit_code == Exit.OK, result.output
        assert "the next `pulumi up` makes a second login of acme's database" in result.stdout
        assert "first password, password of its user in the shared session cache" in result.stdout
        assert "after it: costack rotate acme --stack local" in result.stdout
        for stage in ("second-login", "first-login"):
            assert f"rotation: {{number: {number}, stage: {stage}}}\n" in file_of(folder)
            up()
            assert f"acme is at stage {stage} of rotation {number}" in rotate(folder, "acme").stdout
            result = rotate(folder, "acme", "--next")
            assert result.exit_code == Exit.OK, result.output
        assert "removes the second login of acme's database; the rotation is finished" in result.stdout
        assert f"rotation: {{number: {number}}}\n" in file_of(folder)
        up()
        assert f"acme is not rotating (its secrets have number {number})" in rotate(folder, "acme").stdout
    assert file_of(folder).replace("rotation: {number: 2}\n", "") == before


def test_the_way_back(folder: Path, up: Callable[[], None]) -> None:
    rotate(folder, "meridian", "--begin")
    up()
    result = rotate(folder, "meridian", "--back")
    assert result.exit_code == Exit.OK, result.output
    assert "rotation: {number: 1, stage: back}\n" in file_of(folder, "meridian")
    up()
    assert rotate(folder, "meridian", "--next").exit_code == Exit.OK
    assert "rotation: {number: 0}\n" in file_of(folder, "meridian")


@pytest.mark.usefixtures("up")
def test_the_way_back_is_open_when_the_first_update_failed(folder: Path) -> None:
    """Such as on a server whose minor version forgets whom the second login works for."""
    rotate(folder, "acme", "--begin")
    result = rotate(folder, "acme", "--back")
    assert result.exit_code == Exit.OK, result.output
    assert "rotation: {number: 1, stage: back}\n" in file_of(folder)
    result = rotate(folder, "acme", "--next")
    assert result.exit_code == Exit.POLICY
    assert "but at stage back of rotation 1 in its file: run `pulumi up` first" in result.stderr


@pytest.mark.usefixtures("up")
def test_a_tenant_with_its_own_cache_rotates_the_token_too(folder: Path) -> None:
    said = rotate(folder, "meridian", "--begin").stdout
    assert (
        "first password, token of its session cache; at its end: master user of its PostgreSQL server\n"
        in said
    )
    other = rotate(folder, "halcyon", "--begin").stdout
    assert "first password, token of its session cache\n" in other


def test_no_step_is_skipped(folder: Path, up: Callable[[], None]) -> None:
    assert rotate(folder, "acme", "--begin").exit_code == Exit.OK
    written = file_of(folder)
    result = rotate(folder, "acme", "--next")
    assert result.exit_code == Exit.POLICY
    assert "acme is not rotating (its secrets have number 0) in stack 'local'" in result.stderr
    assert "but at stage second-login of rotation 1 in its file: run `pulumi up` first" in result.stderr
    assert file_of(folder) == written
    asked = rotate(folder, "acme")
    assert (asked.exit_code, "but at stage second-login" in asked.stdout) == (Exit.OK, True)
    up()
    assert rotate(folder, "acme", "--next").exit_code == Exit.OK


def test_a_tenant_does_one_thing_at_a_time(folder: Path, up: Callable[[], None]) -> None:
    rotate(folder, "acme", "--begin")
    up()
    before = file_of(folder)
    refused = costack(folder, "move", "acme", "--to", "dedicated-db")
    assert refused.exit_code == Exit.POLICY
    assert "rotation 1 of acme is at stage second-login: finish that with `costack rotate`" in refused.stderr
    assert file_of(folder) == before
    costack(folder, "move", "borealis", "--to", "dedicated-db")
    up()
    refused = rotate(folder, "borealis", "--begin")
    assert refused.exit_code == Exit.POLICY
    assert "borealis is moving from shared-namespace to dedicated-db: finish that" in refused.stderr


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "rotation: {number: 0, stage: back}",
            "rotation 0 has no stage back: the first rotation has number 1",
        ),
        ("rotation: {number: 1, stage: half}", "'second-login', 'first-login' or 'back'"),
        (
            "rotation: {number: 1, stage: back}\nlifecycle_stage: decommissioning",
            "rotation has a stage, and lifecycle_stage is decommissioning: finish the rotation first",
        ),
        (
            "rotation: {number: 1, stage: back}\nmove: {from_tier: dedicated-db, stage: contract}",
            "rotation has a stage, and so has move: finish one of them, then begin the other",
        ),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_line(folder: Path, line: str, said: str) -> None:
    path = folder / "tenants" / "acme.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("hostname:", f"{line}\nhostname:"), encoding="utf-8"
    )
    result = RUNNER.invoke(app, ["validate", str(folder)])
    assert result.exit_code == Exit.CONFIGURATION
    assert said in result.stderr
    assert "acme.yaml" in result.stderr


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("acme", "--next"), Exit.POLICY, "the secrets of acme are not being rotated; begin with --begin"),
        (("acme", "--back"), Exit.POLICY, "the secrets of acme are not being rotated; begin with --begin"),
        (("acme", "--begin", "--next"), Exit.CONFIGURATION, "name only one of --begin, --next and --back"),
        (("nobody", "--begin"), Exit.CONFIGURATION, "no file has tenant 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_and_not_written(
    folder: Path, arguments: tuple[str, ...], code: Exit, said: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    result = rotate(folder, *arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert {path: path.read_bytes() for path in folder.rglob("*.yaml")} == before


@pytest.fixture
def early(folder: Path, up: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """The folder, deployed by a version that knew no users of caches, until the next `up`."""
    del up  # what it makes of the folder is put in its place here
    plan = as_with_tokens(resolve(catalog(), load_portfolio(folder, catalog())))
    inventory = Inventory(plan=plan, cloud_ids={})
    monkeypatch.setattr(cli.actions.change.rotate, "deployed_inventory", lambda *_: inventory)
    return inventory


@pytest.mark.usefixtures("early")
def test_the_shared_cache_goes_over_to_users_in_two_updates(folder: Path, up: Callable[[], None]) -> None:
    file = folder / "platform.yaml"
    before = file.read_text(encoding="utf-8")
    result = rotate(folder, "platform", "--begin")
    assert result.exit_code == Exit.OK, result.output
    assert "gives each tenant a user of its own in the shared cache" in result.stdout
    assert "--next, or --back" not in result.stdout
    assert "\ncache:\n  rotation: {number: 1, stage: both-tokens}\n" in file.read_text("utf-8")
    soon = rotate(folder, "platform", "--next")
    assert soon.exit_code == Exit.POLICY
    assert "but at stage both-tokens of rotation 1 in its file: run `pulumi up`" in soon.stderr
    assert "run `pulumi up` first" in rotate(folder, "platform").stdout
    up()
    assert "the platform is at stage both-tokens of rotation 1" in rotate(folder, "platform").stdout
    refused = rotate(folder, "platform", "--begin")
    assert (refused.exit_code, "finish it with --next" in refused.stderr) == (Exit.POLICY, True)
    assert rotate(folder, "platform", "--back").exit_code == Exit.POLICY
    result = rotate(folder, "platform", "--next")
    assert (result.exit_code, "the token no longer open" in result.stdout) == (Exit.OK, True)
    up()
    assert file.read_text(encoding="utf-8").replace("  rotation: {number: 1}\n", "") == before
    refused = rotate(folder, "platform", "--next")
    assert "the token of the shared cache is not being rotated; begin with --begin" in refused.stderr
    refused = rotate(folder, "platform", "--begin")
    assert refused.exit_code == Exit.POLICY
    assert "each tenant logs in to the shared cache as a user of its own" in refused.stderr


def test_no_tenant_is_locked_out_when_the_token_ends(
    folder: Path, early: Inventory, up: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update of some tenants failed: what is deployed of them is what was there before."""
    kept = {each.tenant: each for each in early.plan.tenants}
    assert rotate(folder, "platform", "--begin").exit_code == Exit.OK
    up()
    asked = resolve(catalog(), load_portfolio(folder, catalog()))
    failed = {"acme", "borealis", "meridian"}  # the last one's cache is its own
    tenants = tuple(kept[each.tenant] if each.tenant in failed else each for each in asked.tenants)
    late = Inventory(plan=asked.model_copy(update={"tenants": tenants}), cloud_ids={})
    written = (folder / "platform.yaml").read_bytes()
    with monkeypatch.context() as failing:
        failing.setattr(cli.actions.change.rotate, "deployed_inventory", lambda *_: late)
        refused = rotate(folder, "platform", "--next")
        question = rotate(folder, "platform")
    sentence = (
        "pods of acme, borealis may still log in to the shared cache with the token in stack 'local', "
        "because the last update did not come to its end there: run `pulumi up` first"
    )
    assert (refused.exit_code, refused.stderr.strip().endswith(sentence)) == (Exit.POLICY, True), (
        refused.stderr
    )
    assert (question.exit_code, sentence in question.stdout) == (Exit.OK, True)
    assert (folder / "platform.yaml").read_bytes() == written
    assert rotate(folder, "platform", "--next").exit_code == Exit.OK


@pytest.mark.usefixtures("early")
def test_a_file_without_a_place_for_the_line_is_named(folder: Path) -> None:
    file = folder / "platform.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    first = lines.index("cache:")
    flow = ",\n  ".join(line.strip() for line in lines[first + 1 : first + 8])
    file.write_text(
        "\n".join([*lines[:first], f"cache: {{\n  {flow}}}", *lines[first + 8 :], ""]), encoding="utf-8"
    )
    result = rotate(folder, "platform", "--begin")
    assert result.exit_code == Exit.CONFIGURATION
    assert "platform.yaml: found no place for `cache.rotation`" in result.stderr
