from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.portfolios import catalog, local_portfolio
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.budgets.section import BudgetsSpec, budget_faults


def test_a_tier_that_is_not_sold_is_refused() -> None:
    ((where, why),) = budget_faults(BudgetsSpec.model_validate({"tiers": {"gold": "5.00"}}), catalog())
    assert where == ("budgets", "tiers", "gold")
    assert why.startswith("'gold' is not in the catalog")
    assert not list(budget_faults(BudgetsSpec.model_validate({"tiers": {"dedicated-db": "5.00"}}), catalog()))


def test_a_client_without_tenants_is_named() -> None:
    portfolio = local_portfolio()
    budgets = BudgetsSpec.model_validate({"clients": {"left-ltd": "5.00"}})
    changed = portfolio.model_copy(
        update={"platform": portfolio.platform.model_copy(update={"budgets": budgets})}
    )
    said = "platform/budgets: no tenant has the client 'left-ltd': correct it, or take it out"
    assert said in advice(catalog(), changed, resolve(catalog(), changed))


@pytest.mark.parametrize(
    "fields",
    [
        {"portfolio": "0"},
        {"portfolio": "-1.00"},
        {"portfolio": "1.001"},
        {"clients": {"acme-ltd": "NaN"}},
        {"spent_percent": [100, 80]},
        {"spent_percent": [80, 80]},
        {"forecast_percent": [0]},
        {"forecast_percent": [1001]},
        {"tenants": {}},
    ],
)
def test_what_is_no_budget_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BudgetsSpec.model_validate(fields)
