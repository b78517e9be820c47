"""A tenant that turns against its neighbours on a shared server, on every version of PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lifecycle.conftest import LIKE_RDS
from tests.lifecycle.hostile import ATTEMPTS, LIMIT, ONE, OTHER, TEMPORARY_KIB, Attempt
from tests.lifecycle.pods import running_pods, set_up
from tests.portfolios import ROOT, plan_of, tenant
from tests.postgres import EVERY_MAJOR, Server, running_server
from tiers.facts.data import DatabaseInstance, TenantDatabase
from tiers.plan.plan import facts_of

PAGE = ROOT / "docs" / "shared-server.md"


@pytest.fixture(scope="module", params=EVERY_MAJOR, ids=lambda major: f"postgresql-{major}")
def shared(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with a small limit of temporary files, and two tenants set up by database_setup.sh."""
    settings = (f"temp_file_limit={TEMPORARY_KIB}kB",)
    with (
        running_server(request.param, like_rds=request.param == LIKE_RDS, settings=settings) as server,
        running_pods(server) as pods,
    ):
        for each in (ONE, OTHER):
            done = set_up(pods, each["user"], each["database"], each["password"], LIMIT)
            assert done.returncode == 0, done.stderr
        yield server


@pytest.mark.sample(30)
@pytest.mark.postgres
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda each: re.sub(r"\W+", "-", each.what))
def test_what_comes_of_an_attempt(shared: Server, attempt: Attempt) -> None:
    attempt.check(shared)


def test_the_page_has_the_rows_that_are_tried_here() -> None:
    rows = re.findall(
        r"^\| (?!-|a tenant)(.+?) \| (.+?) \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(each.what, each.outcome) for each in ATTEMPTS]


def test_a_tier_with_a_server_of_its_own_has_no_neighbour_to_hear() -> None:
    plan = plan_of(tenant("acme"), tenant("borealis"), tenant("cobalt", tier="dedicated-db"))
    servers = {
        each.tenant: {fact.server for fact in facts_of(each.facts, TenantDatabase)} for each in plan.tenants
    }
    assert servers["acme"] == servers["borealis"] == {"platform/database"}
    assert servers["cobalt"] == {"cobalt/server"}
    limits = {
        fact.id: fact.temp_file_limit_gib for fact in plan.all_facts() if isinstance(fact, DatabaseInstance)
    }
    assert limits == {"platform/database": 5, "cobalt/server": None}
