"""What must not happen: on a stack that was never up, and after the cloud lost its memory; in this order."""

from __future__ import annotations

import shutil

import pytest

from tests.clouds import restart
from tests.engine.holdings import holdings
from tests.engine.project import STACK, Project

pytestmark = [pytest.mark.engine]


def test_a_portfolio_with_mistakes_creates_nothing(empty: Project) -> None:
    before, tenants = holdings(empty.clients()), "portfolios/local/tenants"
    with (
        empty.edited(f"{tenants}/acme.yaml", "tier: shared-namespace", "tier: gold"),
        empty.edited(f"{tenants}/borealis.yaml", "users: 10", "users: -3"),
    ):
        said = empty.up(code=1)
    assert f"{tenants}/acme.yaml:4: tier: 'gold' is not in the catalog" in said.text
    assert f"{tenants}/borealis.yaml:9: options.users: expected a number above 0, found '-3'" in said.text
    assert "Traceback" not in said.text
    assert empty.registered() == []
    assert holdings(empty.clients()) == before
    assert not list((empty.folder / ".local").rglob("manifests/**/*.yaml"))


@pytest.mark.whole("tests/tiers/plan/estate/test_siblings finds each name")
def test_what_two_portfolios_would_share_creates_nothing(empty: Project) -> None:
    """A host name and an adopted cluster in a folder beside it; a copied folder is the copy's own mistake."""
    before, local = holdings(empty.clients()), empty.folder / "portfolios" / "local"
    other = shutil.copytree(local, local.with_name("other"))
    try:
        assert "Traceback" not in empty.pulumi("preview", "--stack", STACK).text
        with empty.edited("portfolios/other/platform.yaml", "portfolio: local", "portfolio: other"):
            said = empty.up(code=1)
        with empty.edited("portfolios/local/platform.yaml", "portfolio: local", "portfolio: other"):
            renamed = empty.up(code=1)
    finally:
        shutil.rmtree(other)
    for tenant in ("acme", "meridian"):
        assert f"tenants/{tenant}.yaml:" in said.text
    assert "is already used in" in said.text
    assert "the nodes of cluster 'odoo' are counted in" in said.text
    assert "portfolio: 'other' is not the name of the folder, 'local'" in renamed.text
    assert "Traceback" not in said.text + renamed.text
    assert empty.registered() == []
    assert holdings(empty.clients()) == before


def test_a_stack_that_was_never_up_has_no_inventory(empty: Project) -> None:
    said = empty.costack("allocate", "--stack", STACK, code=2)
    assert said.stdout == ""
    assert said.stderr == ("stack 'local': it has no output 'inventory'; run `pulumi up` on this stack\n")


def test_a_stack_that_is_not_there(empty: Project) -> None:
    said = empty.costack("allocate", "--stack", "nope", code=6)
    assert said.stdout == ""
    assert said.stderr.startswith("stack 'nope': the Pulumi backend in use has no such stack; ")
    assert said.stderr.count("\n") == 1


def test_a_stack_whose_state_cannot_be_read(empty: Project) -> None:
    state = empty.local / "state" / ".pulumi" / "stacks" / "costack" / f"{STACK}.json"
    kept = state.read_bytes()
    state.write_text("not a state", encoding="utf-8")
    try:
        said = empty.costack("allocate", "--stack", STACK, code=2)
    finally:
        state.write_bytes(kept)
    assert said.stdout == ""
    assert said.stderr.startswith("stack 'local': cannot be read: ")
    assert said.stderr.count("\n") == 1


@pytest.mark.whole("a cloud of the tests alone loses its memory")
def test_a_cloud_that_lost_its_memory_is_named_before_anything_is_done(empty: Project) -> None:
    for path in (empty.folder / "portfolios" / "local" / "tenants").glob("*.yaml"):
        path.unlink()  # the platform alone is enough to be forgotten
    empty.up()
    assert len(empty.registered()) > 20
    restart(empty.local)
    fresh = holdings(empty.clients())
    said = empty.up(code=1)
    assert "`python -m localcloud reset`" in said.text
    assert "Traceback" not in said.text
    assert holdings(empty.clients()) == fresh
    empty.cloud("reset")
    # Whatever is run in its environment starts the cloud again.
    empty.cloud("exec", "--", "pulumi", "--non-interactive", "stack", "select", "--create", STACK)
    assert empty.registered() == []
    assert empty.cloud("stop").stdout == "stopped\n"
