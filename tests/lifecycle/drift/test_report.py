from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.report.showback.rendering import as_html
from lifecycle.drift.changes import Change, FieldChange, Refresh
from lifecycle.drift.document import as_openmetrics, document, field_said
from lifecycle.drift.owners import Owners
from lifecycle.drift.page import drift_page, headline
from lifecycle.drift.report import Difference, Drift, Scope, Searched, What, broken_rules, differences_of
from lifecycle.drift.templates import Template, templates_of
from lifecycle.drift.untracked import AddedRule, Found, OwnedRule, Untracked
from tests.portfolios import local_plan
from tiers.inventory import Inventory
from tiers.portfolio.gates.drift import DriftEffect, DriftSpec

SERVER = "aws:rds/instance:Instance"
SCOPE = Scope("production", "local", DriftSpec())
TENANT = {"cost/tenant": "acme"}
RESIZED = Change(
    f"u::p::{SERVER}::server", SERVER, "server", False, (FieldChange("instanceClass", "a", "b"),), TENANT
)
GONE = Change(f"u::p::{SERVER}::lost", SERVER, "lost", True, (), {})
RULE = OwnedRule("acme", "data", AddedRule("sgr-2", "sg-1", 22, 22, "tcp", "0.0.0.0/0"))
STRAY = Untracked(
    Found("bucket", ("<b>stray",), "global"), "", "has no cost tags, and the stack does not have it"
)
TEMPLATES = (Template("platform", "0.3.0", date(2026, 11, 1), 29), Template("acme", None, None, None))


def found(scope: Scope = SCOPE) -> tuple[Difference, ...]:
    searched = Searched((STRAY,), (RULE,))
    return differences_of(Refresh((RESIZED, GONE), 5, 0), searched, Owners(()), scope)


def drift(*differences: Difference, spec: DriftSpec = SCOPE.spec) -> Drift:
    broken = broken_rules(differences, TEMPLATES, spec)
    return Drift("production", "local", differences, 5, TEMPLATES, broken, ("manifests",))


def test_each_difference_has_owner_effects_and_remedy_and_nobodys_comes_last() -> None:
    told = [(each.owner, each.resource, each.what, " ".join(each.effects)) for each in found()]
    assert told == [
        ("acme", "data", What.ADDED, "security"),
        ("acme", "server", What.CHANGED, "money restart"),
        ("platform", "lost", What.GONE, "money data service"),
        ("", "<b>stray", What.UNTRACKED, "untracked"),
    ]
    rule, server, lost, stray = (each.remedy for each in found())
    assert rule.endswith("--group-id sg-1 --security-group-rule-ids sgr-2`")
    assert "portfolios/local/tenants/acme.yaml" in server
    assert lost.startswith("restore its data first")
    assert "drift.expected" in stray


@given(st.sets(st.sampled_from(list(DriftEffect))))
def test_a_difference_is_tolerated_when_all_that_it_does_is(tolerated: set[DriftEffect]) -> None:
    spec = DriftSpec(tolerated=tuple(tolerated))
    differences = found(replace(SCOPE, spec=spec))
    assert [each.tolerated for each in differences] == [
        set(each.effects) <= tolerated for each in differences
    ]
    broken = broken_rules(differences, (), spec)
    assert bool(broken) is any(not each.tolerated for each in differences)
    assert len(differences) == len(found())  # it is still listed


def test_no_difference_breaks_no_rule() -> None:
    assert broken_rules((), TEMPLATES, DriftSpec()) == ()
    assert headline(drift()) == "production is as it was deployed: 5 resources compared, none differs"


def test_old_templates_break_a_rule_and_an_unknown_day_is_not_young() -> None:
    assert broken_rules((), TEMPLATES, DriftSpec(template_age_days=29)) == (
        "acme: was last deployed on an unknown day; template_age_days is 29",
    )
    assert broken_rules((), TEMPLATES[:1], DriftSpec(template_age_days=28)) == (
        "platform: was last deployed 29 days ago; template_age_days is 28",
    )


def test_templates_are_dated_and_what_is_unknown_is_none() -> None:
    inventory = Inventory(
        plan=local_plan(),
        cloud_ids={},
        deployed_on={"acme": date(2026, 11, 1), "cobalt": date(2026, 12, 2)},
        versions={"acme": "0.3.0"},
    )
    by_owner = {each.owner: each for each in templates_of(inventory, date(2026, 12, 1))}
    assert by_owner["acme"] == Template("acme", "0.3.0", date(2026, 11, 1), 30)
    assert by_owner["cobalt"].age_days == 0  # a clock that is behind
    assert by_owner["platform"] == Template("platform", None, None, None)


def test_openmetrics_count_every_owner_and_effect_also_where_there_is_none() -> None:
    text = as_openmetrics(drift(*found()))
    labels = '{portfolio="local",stack="production",tenant="acme",effect='
    assert f'tenant_drift_differences{labels}"security"}} 1\n' in text
    assert f'tenant_drift_differences{labels}"tags"}} 0\n' in text
    assert 'tenant="platform",version="0.3.0"} 29\n' in text
    assert "tenant_drift_broken_rules{portfolio=" in text
    assert text.endswith("# EOF\n")


def test_the_page_has_every_difference_and_escapes_names_of_others() -> None:
    page = as_html(drift_page(drift(*found())))
    assert "&lt;b&gt;stray" in page
    assert "<b>stray" not in page
    assert "4 resources differ from stack production; 5 compared" in page
    assert "files in manifests: they were not compared" in page


def test_the_document_has_null_for_what_is_unknown() -> None:
    made = document(drift(*found()))
    assert made["differences"][-1]["owner"] is None
    assert made["templates"][1] == {"owner": "acme", "version": None, "deployed_on": None, "age_days": None}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (FieldChange("a", None, 3), "a is 3, was not there"),
        (FieldChange("a", True, None), "a is not there, was true"),
        (FieldChange("a", "x" * 90 + "1", "x" * 90 + "2"), "a differs"),
    ],
)
def test_a_field_in_words(field: FieldChange, words: str) -> None:
    assert field_said(field) == words
