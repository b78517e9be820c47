from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import cost_estimate
from tests.allocation.previews import conditions
from tests.portfolios import LOCAL
from tiers.errors import CatalogError
from tiers.plan.estate.names import LIMITS, names_of, tight
from tiers.plan.estate.siblings import PlannedPortfolio, faults_between, faults_within, sibling_folders
from tiers.plan.resolve import plan_of_folder, planned
from tiers.portfolio.loading import Catalogs


def portfolio(root: Path, name: str, *tenants: str, cluster: str | None = None, folder: str = "") -> Path:
    """A portfolio in a folder of its name, on a cluster of its own, with host names of its own."""
    made = root / (folder or name)
    (made / "tenants").mkdir(parents=True)
    platform = yaml.safe_load((LOCAL / "platform.yaml").read_text(encoding="utf-8"))
    platform["portfolio"] = name
    platform["cluster"]["name"] = cluster or name
    (made / "platform.yaml").write_text(yaml.safe_dump(platform), encoding="utf-8")
    for tenant in tenants:
        text = (LOCAL / "tenants" / "halcyon.yaml").read_text(encoding="utf-8")
        text = text.replace("halcyon.odoo", f"{tenant}.{name}.odoo").replace("halcyon", tenant)
        (made / "tenants" / f"{tenant}.yaml").write_text(text, encoding="utf-8")
    return made


def read(folder: Path) -> PlannedPortfolio:
    problems: list[str] = []
    found = planned(folder, Catalogs(), problems)
    assert problems == []
    assert found is not None
    return found


def between(*folders: Path) -> list[str]:
    return list(faults_between([read(each) for each in folders]))


def test_portfolios_that_share_nothing_have_no_faults(tmp_path: Path) -> None:
    one, other = portfolio(tmp_path, "north", "acme"), portfolio(tmp_path, "south", "acme")
    assert between(one, other) == []
    assert plan_of_folder(one).portfolio == "north"


def test_the_folder_has_the_portfolios_name(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(LOCAL, tmp_path / "mine"))
    (fault,) = faults_within(read(copied))
    assert fault.startswith(
        f"{copied}/platform.yaml:2: portfolio: 'local' is not the name of the folder, 'mine'"
    )
    assert "(portfolio: mine)" in fault
    with pytest.raises(CatalogError, match="is not the name of the folder"):
        plan_of_folder(copied)


def test_the_folders_name_is_read_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = portfolio(tmp_path, "north", "acme")
    monkeypatch.chdir(folder)
    assert plan_of_folder(Path()).portfolio == "north"
    monkeypatch.chdir(folder / "tenants")
    assert plan_of_folder(Path("..")).portfolio == "north"


def test_a_copy_does_not_stop_the_one_it_was_copied_from(tmp_path: Path) -> None:
    original = portfolio(tmp_path, "north", "acme")
    shutil.copytree(original, tmp_path / "copied")
    assert plan_of_folder(original).portfolio == "north"


def test_a_host_name_belongs_to_one_portfolio(tmp_path: Path) -> None:
    one, other = portfolio(tmp_path, "north", "acme"), portfolio(tmp_path, "south", "zeta")
    file = other / "tenants" / "zeta.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("zeta.south.odoo", "acme.north.odoo"), encoding="utf-8")
    (fault,) = between(one, other)
    line = next(number for number, row in enumerate(text.splitlines(), 1) if row.startswith("hostname"))
    assert fault == (
        f"{file}:{line}: hostname: 'acme.north.odoo.example.com' is already used in {one}/tenants/acme.yaml"
    )
    for folder in (one, other):
        with pytest.raises(CatalogError, match="is already used in"):
            plan_of_folder(folder)


@pytest.mark.parametrize("says", ["north", "south"])
def test_a_domain_of_a_client_is_closed_to_every_portfolio(tmp_path: Path, says: str) -> None:
    folders = {name: portfolio(tmp_path, name, "zeta") for name in ("north", "south")}
    other = folders["south" if says == "north" else "north"]
    file = folders[says] / "platform.yaml"
    with file.open("a", encoding="utf-8") as platform:
        platform.write(f"client_domains: {{vega: [{other.name}.odoo.example.com]}}\n")
    (fault,) = between(*folders.values())
    assert fault.startswith(f"{other}/tenants/zeta.yaml:")
    assert fault.endswith(f"lies in a domain of client vega, as client_domains says in {file}")


def test_two_ways_to_one_name_are_refused(tmp_path: Path) -> None:
    one, other = portfolio(tmp_path, "local", "eu-acme"), portfolio(tmp_path, "local-eu", "acme")
    (fault,) = between(one, other)
    assert fault.startswith(f"{other}/tenants/acme.yaml:")
    assert "'local-eu-acme-postgresql', as those of " in fault
    assert f"{one}/tenants/eu-acme.yaml" in fault


def test_a_portfolio_may_not_be_called_like_a_tenant_of_another(tmp_path: Path) -> None:
    one, other = portfolio(tmp_path, "local", "acme"), portfolio(tmp_path, "local-acme", "zeta")
    faults = between(one, other)
    assert any(
        each.startswith(f"{other}/platform.yaml:") and f"{one}/tenants/acme.yaml" in each for each in faults
    )


def test_every_name_that_two_portfolios_share_is_found(tmp_path: Path) -> None:
    """Whatever a pair of names is, either no physical name is shared or the pair is refused."""
    words = ("a", "a-b", "b", "a-b-c", "b-c", "c")
    read_once = {
        (name, tenant): read(portfolio(tmp_path / f"{name}+{tenant}", name, tenant))
        for name in words
        for tenant in words
    }
    for one in read_once.values():
        for other in read_once.values():
            if one.plan.portfolio >= other.plan.portfolio:
                continue
            ours, theirs = (
                {(made.kind, made.name) for made in names_of(each.plan) if not made.random}
                for each in (one, other)
            )
            assert bool(faults_between([one, other])) >= bool(ours & theirs)
            bases = [
                {each.plan.portfolio, *(f"{each.plan.portfolio}-{t.tenant}" for t in each.plan.tenants)}
                for each in (one, other)
            ]
            assert bool(faults_between([one, other])) is bool((ours & theirs) or (bases[0] & bases[1]))


def test_one_adopted_cluster_is_one_portfolios(tmp_path: Path) -> None:
    one = portfolio(tmp_path, "north", "acme", cluster="shared")
    other = portfolio(tmp_path, "south", "zeta", cluster="shared")
    namespaces, nodes = between(one, other)
    assert "cluster.name: 'shared' is also the cluster of " in namespaces
    assert "odoo-operations" in namespaces
    assert "cluster.node_groups: the nodes of cluster 'shared' are counted in " in nodes
    assert "write counted_in: north (or south) instead of node_groups" in nodes
    assert f"{one}/platform.yaml" in nodes
    assert f"{other}/platform.yaml" in nodes


def counted_in(folder: Path, other: str) -> None:
    """Let another portfolio count the nodes."""
    path = folder / "platform.yaml"
    platform = yaml.safe_load(path.read_text(encoding="utf-8"))
    del platform["cluster"]["node_groups"]
    platform["cluster"]["counted_in"] = other
    path.write_text(yaml.safe_dump(platform), encoding="utf-8")


def test_a_cluster_that_one_portfolio_counts_costs_the_other_nothing(tmp_path: Path) -> None:
    one = portfolio(tmp_path, "north", "acme", cluster="shared")
    other = portfolio(tmp_path, "south", "zeta", cluster="shared")
    dear = read(other).plan
    counted_in(other, "north")
    assert not [fault for fault in between(one, other) if "cluster.node_groups" in fault]
    assert faults_within(read(other)) == ()
    cheap = read(other).plan
    month = [cost_estimate(plan, conditions()) for plan in (dear, cheap)]
    gone = {charge for charge in month[0].charges if charge not in month[1].charges}
    assert gone == {
        "platform/control-plane#control-plane",
        "platform/nodes-general#instances",
        "platform/nodes-general#volumes",
    }
    assert compared(*month).charged.difference < 0


def test_nodes_that_nobody_counts_are_refused(tmp_path: Path) -> None:
    one = portfolio(tmp_path, "north", "acme", cluster="shared")
    counted_in(one, "south")
    (fault,) = faults_within(read(one))
    assert "cluster.counted_in: there is no portfolio 'south' beside this one" in fault
    other = portfolio(tmp_path, "south", "zeta", cluster="shared")
    assert faults_within(read(one)) == ()
    counted_in(other, "north")
    (fault,) = faults_within(read(one))
    assert f"{other}/platform.yaml does not count the nodes either" in fault


def test_two_accounts_share_no_names_and_no_cluster(tmp_path: Path) -> None:
    one = portfolio(tmp_path, "local", "eu-acme", cluster="shared")
    other = portfolio(tmp_path, "local-eu", "acme", cluster="shared")
    assert len(between(one, other)) == 3
    file = other / "platform.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"account: '210987654321'\n{text}", encoding="utf-8")  # the role of nodes says another
    assert between(one, other) == []
    file.write_text(f"account: '123456789012'\n{text}", encoding="utf-8")
    assert len(between(one, other)) == 3
    file.write_text(text.replace("arn:aws:iam::123456789012:role", "arn:aws:iam::210987654321:role"), "utf-8")
    assert between(one, other) == []


def test_clusters_of_two_regions_are_two(tmp_path: Path) -> None:
    one = read(portfolio(tmp_path, "north", "acme", cluster="shared"))
    other = read(portfolio(tmp_path, "south", "zeta", cluster="shared"))
    platform = other.portfolio.platform.model_copy(update={"region": "eu-west-1"})
    moved = other._replace(portfolio=other.portfolio.model_copy(update={"platform": platform}))
    assert faults_between([one, moved]) == ()


def test_a_sibling_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    folder = portfolio(tmp_path, "north", "acme")
    broken = portfolio(tmp_path, "south", "zeta")
    (broken / "platform.yaml").write_text("portfolio: [", encoding="utf-8")
    assert sibling_folders(folder) == [broken]
    assert plan_of_folder(folder).portfolio == "north"


def test_a_tenant_that_is_too_long_for_its_portfolio_is_told_by_how_much(tmp_path: Path) -> None:
    name, tenant = "a-firm-with-a-long-name", "a-client-with-a-long-name-too"
    folder = portfolio(tmp_path, name, tenant)
    file = folder / "tenants" / f"{tenant}.yaml"
    text = file.read_text(encoding="utf-8").replace("ha-postgresql", "cross-region-backup")
    file.write_text(text.replace("options:\n", "options:\n  dr_region: eu-west-1\n"), encoding="utf-8")
    (fault,) = faults_within(read(folder))
    assert fault.startswith(f"{file}:")
    assert ": tenant: its " in fault
    made = [each for each in names_of(read(folder).plan) if each.length > LIMITS[each.kind]]
    excess = max(each.length - LIMITS[each.kind] for each in made)
    assert f"so take a name that is {excess} shorter" in fault
    with pytest.raises(CatalogError, match="AWS allows"):
        plan_of_folder(folder)


@pytest.mark.whole("what is told is counted by the same function")
def test_what_is_told_to_be_enough_is_enough(tmp_path: Path) -> None:
    """The same portfolio with tenants of every length: refused exactly where a name is too long."""
    for length in range(1, 31):
        folder = portfolio(tmp_path / str(length), "p" * 45, "t" * length)
        one = read(folder)
        refused = [each for each in names_of(one.plan) if each.length > LIMITS[each.kind]]
        assert bool(faults_within(one)) is bool(refused)


@pytest.mark.whole("names that are too long are found in the tests above")
def test_a_name_that_fits_now_and_not_on_other_tiers_is_a_warning(tmp_path: Path) -> None:
    """Warned about exactly where the same name is refused on the tier that needs the most room."""
    warned = set()
    for length in range(1, 31):
        shared, moved = (
            portfolio(tmp_path / f"{tier}-{length}", "p" * 20, "t" * length)
            for tier in ("ha-postgresql", "cross-region-backup")
        )
        file = next((moved / "tenants").glob("*.yaml"))
        text = file.read_text(encoding="utf-8").replace("ha-postgresql", "cross-region-backup")
        file.write_text(text.replace("options:\n", "options:\n  dr_region: eu-west-1\n"), encoding="utf-8")
        warnings = list(tight(read(shared).plan))
        assert bool(warnings) is bool(faults_within(read(moved)))
        warned |= {bool(warnings)}
        assert list(tight(read(moved).plan)) == []
    assert warned == {True, False}


@pytest.mark.parametrize("line", ["tenant: acme", "tenant: 'acme' # since 2024", '"tenant" : acme'])
def test_files_need_not_have_their_tenants_name(tmp_path: Path, line: str) -> None:
    folder = portfolio(tmp_path, "north", "acme")
    file = folder / "tenants" / "acme.yaml"
    said = file.read_text(encoding="utf-8")
    assert "tenant: acme\n" in said
    file.write_text(said.replace("tenant: acme\n", f"{line}\n"), encoding="utf-8")
    file.rename(folder / "tenants" / "first.yaml")
    assert read(folder).file_of("acme") == folder / "tenants" / "first.yaml"


def test_a_parent_domain_in_another_portfolio_is_refused(tmp_path: Path) -> None:
    one, other = portfolio(tmp_path, "north", "acme"), portfolio(tmp_path, "south", "acme")
    file = other / "tenants" / "acme.yaml"
    text = file.read_text(encoding="utf-8").replace("acme.south.odoo.", "north.odoo.")
    file.write_text(text.replace("client: acme", "client: another"), encoding="utf-8")
    for folders in ((one, other), (other, one)):
        (said,) = between(*folders)
        assert "'north.odoo.example.com' is the parent domain of 'acme.north.odoo.example.com'" in said
        assert said.startswith(str(folders[1] / "tenants" / "acme.yaml"))
