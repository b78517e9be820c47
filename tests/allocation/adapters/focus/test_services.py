from __future__ import annotations

import yaml

from allocation.adapters.focus.services import CATEGORIES, SUBCATEGORIES
from tests.portfolios import ROOT


def test_every_subcategory_is_of_a_category_focus_allows() -> None:
    assert len(set(CATEGORIES)) == len(CATEGORIES) == 19
    assert {category for category, _ in SUBCATEGORIES} <= set(CATEGORIES)


def test_no_service_is_sorted_twice() -> None:
    services = [service for services in SUBCATEGORIES.values() for service in services]
    assert len(services) == len(set(services))


def test_every_service_the_rulebook_names_has_a_subcategory() -> None:
    book = yaml.safe_load((ROOT / "allocation/rulebook/2026-11.yaml").read_text(encoding="utf-8"))
    named = {service for rule in book["rules"] for service in rule["when"].get("services", ())}
    assert len(named) > 20
    assert named - {service for services in SUBCATEGORIES.values() for service in services} == set()
