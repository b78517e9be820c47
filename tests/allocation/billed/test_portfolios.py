"""Another portfolio's money is set apart; several portfolios in one run share what the rulebook says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.billed import billed_statement, portfolio_statements
from allocation.billed.billed_statement import billed_allocation, deployed_in
from allocation.billed.deployed import Deployed
from allocation.charges import ChargePeriod
from allocation.engine.drivers import CAPACITY
from allocation.engine.rulebook import Rulebook, rules_on
from allocation.errors import AllocationError, UnreconciledStatementError
from allocation.estimate.estimated_statement import estimated_statement
from allocation.money import amount_of, units_of
from allocation.prices.price_book import load_price_book
from allocation.statement.statement import Statement
from tests.allocation.rulebooks import POOL, rulebook
from tests.allocation.small import Line, Usage, loaded
from tests.portfolios import plan_of, tenant
from tests.sampling import examples
from tiers.inventory import Inventory

NOVEMBER = ChargePeriod.month("2026-11")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT, ELSEWHERE = "111122223333", "444455556666"
RDS = "Amazon Relational Database Service"
DIRECT: dict[str, Any] = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
SERVER: dict[str, Any] = {"rule": "server", "pool": "postgresql", "when": {"facts": ["database-instance"]}}
BY_SERVICE: dict[str, Any] = {"rule": "rds", "pool": "postgresql", "when": {"services": [RDS]}}
POSTGRESQL = POOL | {"pool": "postgresql", "driver": {"measure": "database-gib"}}
OTHERS = '{"cost/portfolio": "theirs"}'


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:rds:us-east-1:{account}:db:{name}"


def inventory(portfolio: str, *names: str, account: str = ACCOUNT) -> Inventory:
    """A portfolio of some tenants with a database server of its own in an account."""
    plan = plan_of(*(tenant(name) for name in names))
    tenants = tuple(each.model_copy(update={"portfolio": portfolio}) for each in plan.tenants)
    plan = plan.model_copy(update={"portfolio": portfolio, "tenants": tenants})
    return Inventory(plan=plan, cloud_ids={"platform/database": arn(portfolio, account)})


def deployed(*inventories: Inventory) -> tuple[Deployed, ...]:
    return deployed_in(NOVEMBER, [(LONG_AGO, each) for each in inventories])


def usd(amount: str, **values: Any) -> Line:
    return Line(units_of(Decimal(amount)), values={"service": RDS, "sub_account": ACCOUNT} | values)


def stated(
    lines: list[Line], usage: list[Usage], rules: Rulebook, *inventories: Inventory
) -> tuple[Statement, dict[str, str]]:
    """The statement, and what each tenant pays in cents."""
    with loaded(lines, usage) as connection:
        statement, _, _ = billed_allocation(connection, deployed(*inventories), NOVEMBER, rules)
    return statement, {line.tenant: f"{amount_of(line.total):.2f}" for line in statement.tenants}


def reasons(statement: Statement) -> dict[str, str]:
    return {item.reason: f"{amount_of(item.units):.2f}" for item in statement.unallocated}


OURS = inventory("local", "acme", "borealis")
USAGE = [Usage("acme", "database-gib", 5), Usage("borealis", "database-gib", 13)]
OWN, FOREIGN = usd("430.56", resource_id=arn("local")), usd("1500", resource_id=arn("foreign"))
RULES: dict[str, Any] = {"rules": [DIRECT, SERVER, BY_SERVICE]}
APART = (
    f"unknown-resource: account {ACCOUNT} is another portfolio's too; "
    f"neither a tag nor the inventory says whose it is: {RDS}"
)


@pytest.mark.parametrize(
    ("more", "accounts"),
    [([usd("0.10", tags=OTHERS)], {}), ([], {"shared": [ACCOUNT]})],
    ids=["the bill shows it", "the rulebook says it"],
)
def test_a_server_of_another_portfolio_in_our_account_is_not_paid_by_our_clients(
    more: list[Line], accounts: dict[str, Any]
) -> None:
    """With it acme would pay 536.27."""
    rules = rulebook(POSTGRESQL, **RULES, accounts=accounts)
    statement, paid = stated([OWN, FOREIGN, *more], USAGE, rules, OURS)
    assert paid == {"acme": "119.60", "borealis": "310.96"}
    apart = {"another-portfolio: tagged with portfolio 'theirs'": "0.10"} if more else {}
    assert reasons(statement) == {APART: "1500.00"} | apart
    assert statement.difference == 0


def test_a_server_that_the_inventory_has_not_is_set_apart_by_its_id() -> None:
    """Nothing else shows another portfolio: the inventory lists its servers, and this is none of them."""
    statement, paid = stated([OWN, FOREIGN], USAGE, rulebook(POSTGRESQL, **RULES), OURS)
    assert paid == {"acme": "119.60", "borealis": "310.96"}
    named = f"unknown-resource: the inventory lists what there is of this kind, and not {arn('foreign')}"
    assert reasons(statement) == {named: "1500.00"}
    ours = usd("18", resource_id=arn("by-hand"), tags='{"cost/domain": "shared-platform"}')
    assert stated([OWN, ours], USAGE, rulebook(POSTGRESQL, **RULES), OURS)[1]["acme"] == "124.60"
    snapshot = usd("18", resource_id=arn("local").replace(":db:", ":snapshot:"))
    assert stated([OWN, snapshot], USAGE, rulebook(POSTGRESQL, **RULES), OURS)[1]["acme"] == "124.60"


def test_in_an_account_that_the_rulebook_calls_ours_a_service_decides() -> None:
    told = rulebook(POSTGRESQL, **RULES, accounts={"ours": [ACCOUNT]})
    _, paid = stated([OWN, FOREIGN, usd("0.10", tags=OTHERS)], USAGE, told, OURS)
    assert paid["acme"] == "536.27"


@pytest.mark.sample(1)
@pytest.mark.parametrize("account", [ELSEWHERE, f" {ELSEWHERE} ", "12345678901"])
def test_an_account_that_nobody_knows_is_set_apart(account: str) -> None:
    lines = [OWN, usd("1500", resource_id=arn("foreign"), sub_account=account)]
    statement, paid = stated(lines, USAGE, rulebook(POSTGRESQL, **RULES), OURS)
    bare = account.strip().zfill(12)
    named = f"unknown-account: account {bare} is neither in the inventory nor in the rulebook"
    assert (paid["acme"], reasons(statement)) == ("119.60", {named: "1500.00"})
    ours = rulebook(POSTGRESQL, **RULES, accounts={"ours": [bare]})
    assert stated(lines, USAGE, ours, OURS)[1]["acme"] == "536.27"


def test_a_foreign_account_is_another_portfolios_unless_that_contradicts_itself() -> None:
    rules = rulebook(POSTGRESQL, **RULES, accounts={"foreign": [ELSEWHERE]})
    lines = [
        OWN,
        usd("1", sub_account=ELSEWHERE),
        usd("2", sub_account=ELSEWHERE, tags='{"cost/tenant": "acme"}'),
        usd("4", sub_account=ELSEWHERE, tags='{"cost/portfolio": "local"}'),
        usd("8", sub_account=ELSEWHERE, resource_id=arn("local")),
    ]
    statement, paid = stated(lines, USAGE, rules, OURS)
    called = f"the rulebook calls account {ELSEWHERE} foreign"
    assert reasons(statement) == {
        f"another-portfolio: {called}": "3.00",
        f"contradicting-tags: cost/portfolio is 'local', and {called}": "4.00",
        f"contradicting-tags: the inventory knows the resource, and {called}": "8.00",
    }
    assert paid["acme"] == "119.60"


def test_without_any_account_known_the_service_decides() -> None:
    nowhere = OURS.model_copy(update={"cloud_ids": {}})
    _, paid = stated([usd("18")], USAGE, rulebook(POSTGRESQL, **RULES), nowhere)
    assert paid == {"acme": "5.00", "borealis": "13.00"}


THEIRS = inventory("theirs", "cobalt", "delta", account=ELSEWHERE)
BOTH = [*USAGE, Usage("cobalt", "database-gib", 1), Usage("delta", "database-gib", 1)]


def test_each_portfolio_pays_for_its_own_and_nobody_for_the_rest() -> None:
    lines = [
        OWN,
        usd("20", resource_id=arn("theirs", ELSEWHERE), sub_account=ELSEWHERE),
        usd("3", tags='{"cost/tenant": "delta"}'),
        usd("7", tags='{"cost/portfolio": "a third"}'),
        usd("11", sub_account=None),
        usd("0.5", tags='{"cost/tenant": "nobody", "cost/portfolio": "theirs"}'),
    ]
    statement, paid = stated(lines, BOTH, rulebook(POSTGRESQL, **RULES), OURS, THEIRS)
    assert paid == {"acme": "119.60", "borealis": "310.96", "cobalt": "10.00", "delta": "13.00"}
    local, theirs = statement.parts
    assert (local.portfolio, theirs.portfolio) == ("local", "theirs")
    assert [line.tenant for line in theirs.tenants] == ["cobalt", "delta"]
    assert (amount_of(local.charged), amount_of(theirs.charged)) == (Decimal("430.56"), Decimal("23.5"))
    assert amount_of(statement.apart) == 18
    assert statement.charged == local.charged + theirs.charged + statement.apart
    assert {part.difference for part in statement.parts} == {0}
    assert reasons(theirs) == {"unknown-tenant: the inventory has no tenant 'nobody'": "0.50"}
    nobodys = "no-portfolio: nothing says whose it is, and pool postgresql is not shared with it"
    assert reasons(statement)[nobodys] == "11.00"
    assert statement.pools == ("postgresql",)


@pytest.mark.parametrize("portfolio", ["local", "theirs"])
def test_a_unit_that_no_statement_has_fails_the_run(monkeypatch: pytest.MonkeyPatch, portfolio: str) -> None:
    summed = portfolio_statements.charged_by_portfolio

    def off_by_one(*arguments: Any) -> dict[str, int]:
        found = summed(*arguments)
        return found | {portfolio: found[portfolio] + 1}

    monkeypatch.setattr(billed_statement, "charged_by_portfolio", off_by_one)
    lines = [usd("1", tags=f'{{"cost/tenant": "{name}"}}') for name in ("acme", "cobalt")]
    with pytest.raises(UnreconciledStatementError, match="1E-10 too little"):
        stated(lines, BOTH, rulebook(POSTGRESQL, **RULES), OURS, THEIRS)


def test_what_portfolios_share_is_shared_by_rule() -> None:
    """One server under two portfolios: one of them bought it, and the rule says that both use it."""
    shared = POSTGRESQL | {
        "members": {"portfolios": ["local", "theirs"], "mixes_environments_because": "one"}
    }
    line = usd("20", resource_id=arn("local"))
    _, paid = stated([line], BOTH, rulebook(shared, **RULES), OURS, THEIRS)
    assert paid == {"acme": "5.00", "borealis": "13.00", "cobalt": "1.00", "delta": "1.00"}


def test_the_platforms_of_two_portfolios_pay_for_what_each_takes_of_a_shared_pool() -> None:
    shared = POSTGRESQL | {
        "members": {"portfolios": ["local", "theirs"], "mixes_environments_because": "one"},
        "serves": {"platform": "usage"},
    }
    platform = POSTGRESQL | {"pool": "platform", "domain": "shared-platform"}
    usage = [*BOTH, Usage("theirs/platform", "database-gib", 20)]
    statement, paid = stated(
        [usd("40", resource_id=arn("local"))], usage, rulebook(shared, platform, **RULES), OURS, THEIRS
    )
    assert paid == {"acme": "5.00", "borealis": "13.00", "cobalt": "11.00", "delta": "11.00"}
    assert {part.portfolio: amount_of(part.charged) for part in statement.parts} == {
        "local": 18,
        "theirs": 22,
    }
    for consumer in ("platform", CAPACITY):
        with pytest.raises(
            AllocationError, match=f"'{consumer}' may be that of any".replace("(", r"\(").replace(")", r"\)")
        ):
            stated(
                [],
                [*BOTH, Usage(consumer, "database-gib", 1)],
                rulebook(shared, platform, **RULES),
                OURS,
                THEIRS,
            )


def test_a_shared_pool_that_serves_each_platform_by_a_percentage_is_refused() -> None:
    shared = POSTGRESQL | {
        "members": {"portfolios": ["local", "theirs"], "mixes_environments_because": "one"},
        "serves": {"platform": 50},
    }
    platform = POSTGRESQL | {"pool": "platform", "domain": "shared-platform"}
    with pytest.raises(
        AllocationError, match=r"shared by local, theirs and serves 'platform', .* by 50 percent"
    ):
        stated([OWN], BOTH, rulebook(shared, platform, **RULES), OURS, THEIRS)


def test_a_portfolio_that_was_not_measured_is_not_compared_with_one_that_was() -> None:
    with pytest.raises(AllocationError, match="measured for other portfolios and not for theirs"):
        stated([OWN], USAGE, rulebook(POSTGRESQL, **RULES), OURS, THEIRS)


def test_a_resource_of_two_inventories_is_of_neither_alone() -> None:
    twin = THEIRS.model_copy(update={"cloud_ids": {"platform/database": arn("local")}})
    statement, _ = stated([OWN], BOTH, rulebook(POSTGRESQL, **RULES), OURS, twin)
    assert amount_of(statement.apart) == Decimal("430.56")


def test_a_portfolio_in_the_tags_is_that_of_the_tenant_and_of_the_resource() -> None:
    lines = [
        usd("1", tags='{"cost/tenant": "acme", "cost/portfolio": "theirs"}'),
        usd("2", tags='{"cost/portfolio": "local"}', resource_id=arn("theirs", ELSEWHERE)),
        usd("4", tags='{"cost/tenant": "acme", "cost/portfolio": "LOCAL"}'),
    ]
    statement, paid = stated(lines, BOTH, rulebook(POSTGRESQL, **RULES), OURS, THEIRS)
    assert reasons(statement) == {
        "contradicting-tags: cost/tenant is 'acme', and cost/portfolio is 'theirs'": "1.00",
        "contradicting-tags: cost/portfolio is 'local', but the inventory of theirs has the resource": "2.00",
    }
    assert paid["acme"] == "4.00"


def test_an_estimate_takes_part_in_the_pools_that_name_its_portfolio() -> None:
    prices = load_price_book("USD", regions=frozenset({"us-east-1"}))
    rules = rules_on(NOVEMBER.start.date())
    named = [
        pool.model_copy(
            update={"members": pool.members.model_copy(update={"portfolios": ("local", "theirs")})}
        )
        for pool in rules.pools
    ]
    shared = rules.model_copy(update={"pools": tuple(named)})
    alone, both = (estimated_statement(OURS, NOVEMBER, prices, book) for book in (rules, shared))
    assert [line.total for line in both.tenants] == [line.total for line in alone.tenants]
    assert alone.pooled > 0


@examples(8, of=1000)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**12), 10**12),
            st.sampled_from(("", "acme", "cobalt", "nobody")),
            st.sampled_from(("", "local", "theirs", "a third")),
            st.sampled_from((None, ACCOUNT, ELSEWHERE, "777788889999")),
            st.sampled_from((None, arn("local"), arn("theirs", ELSEWHERE), arn("foreign"))),
        ),
        max_size=8,
    )
)
def test_the_statements_and_what_is_apart_are_the_bill(
    rows: list[tuple[int, str, str, str | None, str | None]],
) -> None:
    lines = []
    for units, named, portfolio, account, resource in rows:
        tags = {"cost/tenant": named} if named else {}
        tags |= {"cost/portfolio": portfolio} if portfolio else {}
        values = {"service": RDS, "sub_account": account, "resource_id": resource, "tags": json.dumps(tags)}
        lines.append(Line(units, values=values))
    statement, _ = stated(lines, BOTH, rulebook(POSTGRESQL, **RULES), OURS, THEIRS)
    local, theirs = statement.parts
    assert statement.charged == sum(row[0] for row in rows)
    assert statement.charged == local.charged + theirs.charged + statement.apart
    others = [line.direct for line in statement.tenants if line.tenant in {"borealis", "delta"}]
    assert others == [0, 0]
