"""What a change does to the shared network, to the cluster, and to those who reach their data through them.

Sources: components/aws/network.py and file_system.py (a subnet's range and a mount target follow the place of
their zone in the list); EC2 API reference, CreateSubnet (no two subnets of a VPC have a range in common);
pulumi-aws, eks.Cluster and eks.PodIdentityAssociation (another cluster name makes them anew); EKS API
reference, CreateCluster (a name is used once in an account and region).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.facts.compute import ClusterControlPlane, Namespace
from tiers.facts.network import Network
from tiers.facts.record import Origin


def network_changes(before: Network, after: Network) -> Iterator[Change]:
    """What happens to the network of the data services, and to pods that may reach it."""
    if (before.cidr, before.vpc_id) != (after.cidr, after.vpc_id) or before.region != after.region:
        what = "another network would replace it, and every server, cache and file system in it"
        yield Change(EffectKind.DATA, what)
        return
    yield from _subnets(before, after)
    yield from _clients(before, after)


def _subnets(before: Network, after: Network) -> Iterator[Change]:
    old, new = (each.subnet_ids if each.vpc_id else each.zones for each in (before, after))
    parts = [
        f"{what} in {', '.join(names)}"
        for what, names in (("are made anew", _moved(old, new)), ("are removed", _gone(old, new)))
        if names
    ]
    if not parts:
        return
    happens = " and ".join(parts)
    if after.vpc_id:
        what = f"mount targets {happens}: pods lose their files meanwhile"
    else:
        what = (
            f"subnets and mount targets {happens}, because ranges follow the order of zones: pods lose their "
            "files, and the update may fail, as no two subnets may have one range"
        )
    yield Change(EffectKind.DOWNTIME, what)


def _clients(before: Network, after: Network) -> Iterator[Change]:
    if gone := _gone(before.client_cidrs, after.client_cidrs):
        what = f"no longer lets in {', '.join(gone)}: pods there lose database, cache and files"
        yield Change(EffectKind.DOWNTIME, what)
    if moved := _moved(before.client_cidrs, after.client_cidrs):
        what = f"rules for {', '.join(moved)} are written anew: new connections from there may fail meanwhile"
        yield Change(EffectKind.RESTART, what)


def namespace_changes(before: Namespace, after: Namespace) -> Iterator[Change]:
    """What happens to pods that ask for names."""
    if gone := [each.label for each in before.dns_peers if each not in after.dns_peers]:
        what = (
            f"pods may no longer ask {', '.join(gone)} for names: who does finds no database, cache or host"
        )
        yield Change(EffectKind.DOWNTIME, what)


def _gone(before: Sequence[str], after: Sequence[str]) -> list[str]:
    return [each for each in before if each not in after]


def _moved(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What is in both lists and at another place in the second."""
    return [each for at, each in enumerate(before) if each in after and after.index(each) != at]


def cluster_changes(before: ClusterControlPlane, after: ClusterControlPlane) -> Iterator[Change]:
    """What happens to the cluster; of an adopted one only what Costack makes there by its name."""
    created = after.origin is Origin.CREATED
    if before.origin is not after.origin:
        yield _another_kind(before, after)
    elif before.cluster != after.cluster:
        if created:
            what = f"a new, empty cluster {after.cluster} replaces {before.cluster} with all that runs there"
        else:
            what = (
                f"roles of pods and tenants' own nodes are made anew for cluster {after.cluster}: pods of "
                f"{before.cluster} lose their way to AWS (set-up, backups), and those on own nodes end"
            )
        yield Change(EffectKind.DOWNTIME, what)
    if before.ingress_namespace != after.ingress_namespace:
        what = (
            f"Odoo is reached from namespace {after.ingress_namespace} alone, and no longer from "
            f"{before.ingress_namespace}: nobody gets in until the ingress controller runs there"
        )
        yield Change(EffectKind.DOWNTIME, what)
    if created and after.pod_security_groups and not before.pod_security_groups:
        what = (
            "nodes get an interface for pods with a security group of their own; one whose interfaces are all"
            " taken gets none, and runs no such pod until it is exchanged"
        )
        yield Change(EffectKind.NOTICE, what)
    if before.secret_store != after.secret_store:
        yield Change(EffectKind.RESTART, f"pods start anew with Secrets {_source(after)}")
    if created and before.origin is after.origin and before.version != after.version:
        what = f"Kubernetes {before.version} → {after.version}; EKS takes no cluster back to an older version"
        yield Change(EffectKind.NOTICE, what)


def _source(cluster: ClusterControlPlane) -> str:
    if cluster.secret_store is None:
        return "that are written into the cluster"
    return f"from the store {cluster.secret_store}: none starts until External Secrets has brought them"


def _another_kind(before: ClusterControlPlane, after: ClusterControlPlane) -> Change:
    """What happens when an adopted cluster gives way to a created one, or the reverse.

    Databases and files are outside the cluster, and claims only point to them. Objects of Kubernetes stay
    where the stack's provider leads (ADR 6); led elsewhere, it makes all of them anew there.
    """
    anew = "until all of it is made anew there; databases and files stay. `pulumi up` refuses it"
    if before.origin is Origin.CREATED:
        what = (
            f"cluster {before.cluster} was created here, so it is deleted with its nodes and everything in "
            f"it, also what others keep there; nothing of a tenant runs in the adopted cluster {anew}"
        )
        return Change(EffectKind.DATA, what)
    if before.cluster == after.cluster:
        anew += f"; EKS has no second cluster of the name {after.cluster} in the account and region"
    what = (
        f"a new, empty cluster {after.cluster} is created, and roles of pods and tenants' own nodes are made "
        "anew for it: pods of the adopted cluster lose their way to AWS (set-up, backups), and nothing of a "
        f"tenant runs in the new one {anew}"
    )
    return Change(EffectKind.DOWNTIME, what)
