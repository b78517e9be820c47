from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plugin import example
from tests.portfolios import LOCAL, ROOT, catalog, local_plan
from tiers.plan.from_program import (
    DocumentError,
    catalog_of_document,
    plan_of_documents,
    tenant_plan_of_documents,
)


def faults(*tenants: dict[str, Any], platform: dict[str, Any] | None = None) -> list[tuple[Any, str]]:
    with pytest.raises(DocumentError) as caught:
        plan_of_documents(platform or example.platform(), tenants, catalog())
    return caught.value.faults


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def acme(**changes: Any) -> dict[str, Any]:
    return {**example.tenants()[0], **changes}


def test_values_make_the_plan_that_the_same_files_make() -> None:
    def parsed(path: str) -> Any:
        return yaml.safe_load((LOCAL / path).read_text(encoding="utf-8"))

    files = [f"tenants/{path.name}" for path in (LOCAL / "tenants").glob("*.yaml")]
    assert plan_of_documents(parsed("platform.yaml"), [parsed(f) for f in files], catalog()) == local_plan()


def test_whole_numbers_may_arrive_as_the_wire_sends_them() -> None:
    whole, floating = acme(options={"users": 8}), acme(options={"users": 8.0})
    plans = [plan_of_documents(example.platform(), [each], catalog()) for each in (whole, floating)]
    assert plans[0] == plans[1]


def test_all_mistakes_are_reported_at_once_each_at_its_place() -> None:
    found = faults(acme(options={"users": "-3"}), acme(tenant="other", client="?"))
    assert found == [
        (("tenants", 0, "options", "users"), "expected a number above 0, found '-3'"),
        (
            ("tenants", 1, "client"),
            (
                "Value should be 1 to 50 letters, digits, '.', '_' or '-', "
                "starting and ending with a letter or digit (got '?')"
            ),
        ),
    ]


def test_what_the_catalog_lacks_is_reported_at_its_place() -> None:
    ((where, message),) = faults(acme(tier="gold"))
    assert where == ("tenants", 0, "tier")
    assert message.startswith("'gold' is not in the catalog; there are ")
    spoilt = {**example.platform(), "database": {**example.platform()["database"], "database_class": "xxl"}}
    ((where, message),) = faults(acme(), platform=spoilt)
    assert where == ("platform", "database", "database_class")


def test_a_name_is_given_once() -> None:
    assert faults(acme(), acme(hostname="b.example.com"))[0] == (
        ("tenants", 0, "tenant"),
        "'acme' appears 2 times",
    )
    assert {where for where, _ in faults(acme(), acme(tenant="b"))} == {
        ("tenants", 0, "hostname"),
        ("tenants", 1, "hostname"),
    }


def test_a_name_of_any_field_is_given_once() -> None:
    known = acme()["hostname"]
    twice = acme(tenant="b", hostname="b.example.com", routes={"aliases": [known]})
    assert faults(acme(), twice) == [
        (("tenants", 0, "hostname"), f"'{known}' appears 2 times"),
        (("tenants", 1, "routes", "aliases", 0), f"'{known}' appears 2 times"),
    ]


def test_a_region_that_takes_no_more_replications_is_reported() -> None:
    copied = example.tenants()[1]
    many = [{**copied, "tenant": f"t{n}", "hostname": f"t{n}.example.com"} for n in range(21)]
    ((where, message),) = faults(*many)
    assert where == ("tenants", 20, "options", "dr_region")
    assert "replication 21" in message


def test_the_mistakes_of_a_single_tenant_begin_with_its_own_fields() -> None:
    with pytest.raises(DocumentError, match=r"^region: is 'eu-west-1', but the platform is in"):
        tenant_plan_of_documents(example.platform(), acme(region="eu-west-1"), catalog())


def test_a_tenant_alone_has_the_plan_it_has_in_company() -> None:
    for document in example.tenants():
        _, alone = tenant_plan_of_documents(example.platform(), document, catalog())
        assert alone in example.plan().tenants


def test_a_platform_may_name_a_catalog_beside_its_program() -> None:
    example = ROOT / "examples" / "own-catalog"
    platform = document(example / "portfolios" / "alpine" / "platform.yaml") | {"catalog": "catalog"}
    tenants = [document(path) for path in sorted((example / "portfolios/alpine/tenants").glob("*.yaml"))]
    sold = catalog_of_document(platform, example)
    assert [each.tier for each in plan_of_documents(platform, tenants, sold).tenants] == ["basic", "premium"]
    assert catalog_of_document({}) == catalog()
    assert catalog_of_document({"catalog": "/srv"}) == catalog()  # told as a mistake of the platform
    with pytest.raises(DocumentError, match=r"platform.catalog: .*nowhere: no such folder"):
        catalog_of_document({"catalog": "nowhere"}, example)


def test_another_catalog_than_the_platforms_own_is_not_taken(tmp_path: Path) -> None:
    platform = document(LOCAL / "platform.yaml") | {"catalog": "catalog"}
    with pytest.raises(
        DocumentError, match=r"platform\.catalog: 'catalog' is not what the program was given"
    ):
        plan_of_documents(platform, [], catalog())
    (tmp_path / "catalog").mkdir()
    with pytest.raises(DocumentError) as told:
        catalog_of_document(platform, tmp_path)
    assert [where for where, _ in told.value.faults] == [("platform", "catalog")] * 2
