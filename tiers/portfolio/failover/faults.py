"""Why a second cluster, or the failover in a tenant's file, is not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Catalog
from tiers.portfolio.failover.cluster import SecondCluster
from tiers.portfolio.failover.stage import Failover
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, not_among


def second_cluster(platform: Platform, tenant: Tenant) -> SecondCluster | None:
    """The cluster in the second region of *tenant*; None where none is named."""
    network = platform.dr_networks.get(tenant.options.dr_region or "")
    return network.cluster if network else None


def failover_faults(tenant: Tenant, platform: Platform) -> Iterator[Fault]:
    """What the failover in a tenant's file lacks."""
    yield from ((("failover", field), why) for field, why in lacks_for(tenant, platform, tenant.failover))


def lacks_for(tenant: Tenant, platform: Platform, failover: Failover | None) -> Iterator[tuple[str, str]]:
    """What *tenant* lacks to fail over, as the field of its section and a reason; nothing without one."""
    if failover is None:
        return
    region, wanted = tenant.options.dr_region, failover.to
    if wanted != region:
        its = f"its second region is {region}, found '{wanted}'"
        yield "to", its if region else "it has no second region (options.dr_region)"
    elif not tenant.options.warm_standby:
        yield (
            "to",
            "it needs options.warm_standby: true, a server in that region that follows the tenant's own",
        )
    elif second_cluster(platform, tenant) is None:
        yield "to", f"the platform names no cluster in {region}: set dr_networks.{region}.cluster"


def cluster_faults(platform: Platform, catalog: Catalog) -> Iterator[Fault]:
    """Where and why a second cluster names what the catalog does not have, or lacks what the first has."""
    classes = catalog.classes
    for region, network in platform.dr_networks.items():
        cluster = network.cluster
        if cluster is None:
            continue
        where = ("dr_networks", region, "cluster")
        if cluster.node_class not in classes.node_classes:
            missing = not_among(classes.node_classes, cluster.node_class, catalog.classes_file)
            yield (*where, "node_class"), missing
        if (platform.cluster.secret_store is None) is not (cluster.secret_store is None):
            has = "has one" if platform.cluster.secret_store else "has none"
            yield (*where, "secret_store"), f"the first cluster {has}; give both a store, or neither"
        if region == platform.region:
            yield where, f"{region} is the platform's own region"
