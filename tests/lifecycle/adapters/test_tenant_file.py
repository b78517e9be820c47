from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from lifecycle.adapters.tenant_file import remove, set_field, set_fields
from tiers.errors import CatalogError
from tiers.portfolio.folders import file_of
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen

TEXT = """# The client that pays late.
tenant: acme # since 2024
client: acme-consulting
environment: production
tier: dedicated-db
region: us-east-1
service_line: odoo-hosting
hostname: acme.odoo.example.com # do not change
options:
  users: 8
"""


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "some-name.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "tenants" / "other.yaml").write_text(TEXT.replace("acme", "acme-two"), encoding="utf-8")
    return tmp_path


def test_a_file_that_the_system_does_not_let_be_written_is_told_and_left(tmp_path: Path) -> None:
    """No file beside it can have a longer name: as where a folder is read-only, or a disk is full."""
    path = tmp_path / f"{'a' * 250}.yaml"
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(CatalogError, match="cannot be written: File name too long; it stays as it was"):
        set_field(path, "lifecycle_stage", "suspended")
    assert path.read_text(encoding="utf-8") == TEXT


def test_one_line_changes_and_everything_else_stays(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    assert set_field(path, "lifecycle_stage", "decommissioning")
    assert path.read_text(encoding="utf-8") == TEXT.replace(
        "# do not change\n", "# do not change\nlifecycle_stage: decommissioning\n"
    )
    assert not set_field(path, "lifecycle_stage", "decommissioning")
    assert set_field(path, "protected", "false")
    assert not load_model(Tenant, path).protected
    assert set_field(path, "tier", "ha-postgresql")
    assert path.read_text(encoding="utf-8").count("tier:") == 1


def test_lines_end_as_they_did(portfolio: Path) -> None:
    path, expected = file_of(portfolio, "acme"), {}
    for end in ("\n", "\r\n"):
        path.write_text(TEXT, encoding="utf-8", newline=end)
        assert set_fields(path, {"tier": "ha-postgresql", "options.users": "77"})
        expected[end] = path.read_bytes()
    assert expected["\r\n"] == expected["\n"].replace(b"\n", b"\r\n")
    assert b"users: 77\r\n" in expected["\r\n"]


def test_fields_come_and_go_together(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    move = "{from_tier: dedicated-db, stage: expand}"
    assert set_fields(path, {"tier": "shared-namespace", "move": move})
    moved = load_model(Tenant, path)
    assert (moved.tier, moved.move and moved.move.stage) == ("shared-namespace", "expand")
    assert set_fields(path, {"tier": "dedicated-db", "move": None})
    assert path.read_text(encoding="utf-8") == TEXT
    assert not set_fields(path, {"move": None})


def test_a_field_of_several_lines_is_one_field(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    block = "move:\n  from_tier: shared-namespace\n  stage: switch\n"
    path.write_text(TEXT.replace("region:", f"{block}region:"), encoding="utf-8")
    assert set_field(path, "move", "{from_tier: shared-namespace, stage: contract}")
    assert path.read_text(encoding="utf-8").count("stage:") == 1
    assert set_fields(path, {"move": None})
    assert path.read_text(encoding="utf-8") == TEXT


def test_what_would_be_no_tenant_is_not_written(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    with pytest.raises(
        CatalogError, match=r"some-name\.yaml:\d+: protected: false is only for lifecycle_stage"
    ):
        set_field(path, "protected", "false")
    assert path.read_text(encoding="utf-8") == TEXT
    assert sorted(each.name for each in path.parent.iterdir()) == ["other.yaml", "some-name.yaml"]


@pytest.mark.parametrize("host", ["hostname :", '"hostname":'])
def test_a_field_without_a_place_is_told(host: str, portfolio: Path) -> None:
    """Nothing that a command asks for may be left out without a word."""
    path = file_of(portfolio, "acme")
    unusual = TEXT.replace("hostname:", host)
    path.write_text(unusual, encoding="utf-8")
    with pytest.raises(
        CatalogError, match="found no place for `lifecycle_stage`; write lifecycle_stage: dec"
    ):
        set_field(path, "lifecycle_stage", "decommissioning")
    unusual += '"display_name": zenith\n'
    path.write_text(unusual, encoding="utf-8")
    with pytest.raises(CatalogError, match="found no place for `display_name`; take display_name out of it"):
        set_fields(path, {"display_name": None})
    assert path.read_text(encoding="utf-8") == unusual


FOUR: Final = """options:
    # What they told us.
    users: 8

    maintenance_window: sun:03:00-sun:04:00
"""


def test_a_line_below_a_section_has_the_sections_own_indentation(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    text = TEXT.replace("options:\n  users: 8\n", FOUR)
    path.write_text(text, encoding="utf-8")
    assert set_fields(path, {"options.workload_class": "m"})
    assert path.read_text(encoding="utf-8") == text.replace("options:\n", "options:\n    workload_class: m\n")
    assert set_fields(path, {"options.workload_class": "l", "options.users": "9"})
    assert path.read_text(encoding="utf-8") == text.replace(
        "options:\n", "options:\n    workload_class: l\n"
    ).replace("users: 8", "users: 9")
    assert set_fields(path, {"options.workload_class": None, "options.users": "8"})
    assert path.read_text(encoding="utf-8") == text


def test_only_the_key_of_the_section_itself_changes(portfolio: Path) -> None:
    """Not one of that name in another section, nor one further in."""
    path = portfolio / "platform.yaml"
    path.write_text(PLATFORM, encoding="utf-8")
    assert set_fields(path, {"cache.rotation": "{number: 1}"}, Sections)
    changed = PLATFORM.replace("cache: # shared\n", "cache: # shared\n  rotation: {number: 1}\n")
    assert path.read_text(encoding="utf-8") == changed
    assert set_fields(path, {"cache.rotation": "{number: 2}"}, Sections)
    assert path.read_text(encoding="utf-8") == changed.replace("{number: 1}", "{number: 2}")
    assert set_fields(path, {"cache.rotation": None}, Sections)
    assert path.read_text(encoding="utf-8") == PLATFORM
    assert not set_fields(path, {"cache.rotation": None}, Sections)


PLATFORM: Final = """database:
  rotation: of something else
cache: # shared
  inner:
    rotation: further in
  nodes: 2
after:
  rotation: of something else again
"""


class Sections(Frozen):
    """A file with the same key in several places."""

    database: dict[str, str]
    cache: dict[str, Any]
    after: dict[str, str]


def test_a_file_is_removed_once(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    assert remove(path)
    assert not remove(path)


@pytest.mark.parametrize(
    ("section", "after"),
    [
        ('odoo: {version: "18.0"} # as sold', 'odoo: {version: "19.0"} # as sold'),
        (
            "odoo: {update: {number: 1, modules: [sale]}}",
            'odoo: {version: "19.0", update: {number: 1, modules: [sale]}}',
        ),
        ("odoo: {version: 18.0-lts, update: {number: 1, modules: [a]}}", None),
        ("odoo:\n  version: 18.0-lts # as sold", 'odoo:\n  version: "19.0"'),
    ],
)
def test_a_field_of_a_section_in_braces_takes_the_place_of_the_old_one(
    portfolio: Path, section: str, after: str | None
) -> None:
    path = file_of(portfolio, "acme")
    path.write_text(f"{TEXT}{section}\n", encoding="utf-8")
    assert set_fields(path, {"odoo.version": '"19.0"'})
    wanted = after or section.replace("18.0-lts", '"19.0"')
    assert path.read_text(encoding="utf-8") == f"{TEXT}{wanted}\n"


@pytest.mark.parametrize(
    ("section", "after"),
    [
        ('odoo: {version: "18.0", upgraded_to: "18.0"} # as sold', 'odoo: {version: "18.0"} # as sold'),
        ('odoo: {upgraded_to: "18.0", version: "18.0"}', 'odoo: {version: "18.0"}'),
        (
            'odoo: {version: "18.0", upgraded_to: "18.0", update: {number: 1, modules: [a]}}',
            'odoo: {version: "18.0", update: {number: 1, modules: [a]}}',
        ),
        ('odoo: {upgraded_to: "18.0"}', "odoo: {}"),
        ('odoo:\n  version: "18.0"\n  upgraded_to: "18.0"', 'odoo:\n  version: "18.0"'),
    ],
)
def test_a_field_goes_from_a_section_in_braces(portfolio: Path, section: str, after: str) -> None:
    path = file_of(portfolio, "acme")
    path.write_text(f"{TEXT}{section}\n", encoding="utf-8")
    assert set_fields(path, {"odoo.upgraded_to": None})
    assert path.read_text(encoding="utf-8") == f"{TEXT}{after}\n"
