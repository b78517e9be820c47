from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.adoption.inventory import Row
from lifecycle.adoption.state import AdoptedTenant
from lifecycle.adoption.subject import Subject
from lifecycle.adoption.tags import expected_tags, tag_calls, tag_gaps
from tests.lifecycle.adoption.estates import confirmed, row
from tests.portfolios import catalog, local_portfolio
from tiers.tags import KEYS, CostTags
from tiers.vocabulary import Environment


def subject(*rows: Row, tier: str | None = None) -> Subject:
    adopted = AdoptedTenant(spellings=(confirmed("Acme GmbH"),), client="acme-ltd", tier=tier)
    return Subject("acme", adopted, rows, local_portfolio().platform, catalog(), 25)


def gaps(tags: Mapping[str, str], tier: str | None = None) -> dict[str, tuple[str, str, str]]:
    one = subject(row("Acme GmbH", tags=tags), tier=tier)
    return {gap.key: (gap.value, gap.instead, gap.why_not) for gap in tag_gaps(one)}


def test_of_a_resource_without_tags_every_cost_tag_lacks() -> None:
    found = gaps({}, tier="dedicated-db")
    assert set(found) == set(KEYS.values())
    assert found["cost/tenant"] == ("acme", "", "")
    assert found["cost/service-tier"] == ("dedicated-db", "", "")
    assert found["cost/recovery-class"] == ("standard", "", "")
    assert gaps({})["cost/service-tier"] == ("", "", "")


def test_the_expected_tags_are_cost_tags_that_a_bill_is_read_by() -> None:
    one = subject(row("Acme GmbH"), tier="dedicated-db")
    wanted = expected_tags(one, one.rows[0])
    assert CostTags.from_tags(wanted).as_tags() == wanted
    assert gaps(wanted, tier="dedicated-db") == {}


@pytest.mark.parametrize(
    ("tags", "key", "value"),
    [
        ({"Env": "Prod"}, "cost/environment", "production"),
        ({"Umgebung": "Produktion"}, "cost/environment", "production"),
        ({"Customer": "ACME"}, "cost/client", "acme-ltd"),
        ({"user:cost/client": "acme-ltd"}, "cost/client", "acme-ltd"),
        ({"tenant": "Acme GmbH"}, "cost/tenant", "acme"),
    ],
)
def test_another_spelling_is_taken_for_what_it_means(tags: dict[str, str], key: str, value: str) -> None:
    [(name, said)] = tags.items()
    assert gaps(tags)[key] == (value, f"{name}={said}", "")


@pytest.mark.parametrize(
    ("tags", "key", "told"),
    [
        (
            {"Env": "staging"},
            "cost/environment",
            "tag Env=staging means staging, and the CSV says prod",
        ),
        ({"env": "blue"}, "cost/environment", "tag env=blue is no environment that is known"),
        ({"Customer": "Fjord"}, "cost/client", "tag Customer=Fjord means fjord, and the CSV says acme-ltd"),
        ({"cost/tenant": "fjord"}, "cost/tenant", "tag cost/tenant=fjord means fjord, and the CSV says acme"),
    ],
)
def test_a_tag_that_denies_the_csv_is_not_overwritten(tags: dict[str, str], key: str, told: str) -> None:
    assert told in gaps(tags)[key][2]
    [call] = tag_calls(subject(row("Acme GmbH", tags=tags)))
    assert key not in call.tags


def test_what_another_portfolio_has_tagged_gets_no_tag() -> None:
    tags = {"cost/portfolio": "other"}
    told = "tag cost/portfolio=other means portfolio other, and this one is local; take the row out"
    assert gaps(tags)["cost/portfolio"][2].startswith(told)
    assert list(tag_calls(subject(row("Acme GmbH", tags=tags)))) == []


def test_a_tag_that_knows_more_than_the_csv_says_so() -> None:
    one = subject(row("Acme GmbH", tags={"Env": "live"}, environment=None))
    [gap] = [gap for gap in tag_gaps(one) if gap.key == "cost/environment"]
    assert "means production, and no row says it; write it into the column environment" in gap.why_not


@given(st.text(min_size=1, max_size=40), st.sampled_from([None, Environment.STAGING]))
def test_a_call_is_one_line_that_a_shell_reads_back(name: str, environment: Environment | None) -> None:
    for each in tag_calls(subject(row("Acme GmbH", id=name, environment=environment))):
        assert "\n" not in each.command
        assert "\r" not in each.command
        assert each.by_hand is each.command.startswith("# ")
        if not each.by_hand:
            assert name in shlex.split(each.command)


def test_each_kind_of_id_has_its_command() -> None:
    rows = (
        row(line=2, id="i-0a1b2c3d4e5f60718"),
        row(line=3, id="arn:aws:s3:::acme"),
        row(line=4, id="acme-db"),
    )
    commands = [each.command for each in tag_calls(subject(*rows))]
    assert commands[0].startswith("aws ec2 create-tags --region us-east-1 --resources i-0a1b2c3d4e5f60718 ")
    assert commands[1].startswith("aws resourcegroupstaggingapi tag-resources --region us-east-1 ")
    assert commands[2].startswith("# line 4: acme-db: set by hand")
