"""Knows how AWS lists what only the simulation remembers: who looks for leftovers asks AWS, not the state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.backup import urls as backup_urls
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult
from moto.efs.responses import EFSResponse
from moto.eks import urls as eks_urls
from moto.eks.responses import EKSResponse
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds.responses import RDSResponse
from moto.ssm.models import ssm_backends

from localcloud.aws.clients import DEFAULT_REGION
from localcloud.aws.leftovers import automated_backups
from localcloud.aws.remembered import ID
from localcloud.aws.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Document = Mapping[str, Any]

_BACKUP, _EKS = BackupResponse().dispatch, EKSResponse().dispatch
_PATHS = (
    (eks_urls, "{0}/clusters/(?P<name>[^/]+)/addons$", _EKS),
    (eks_urls, "{0}/clusters/(?P<name>[^/]+)/pod-identity-associations$", _EKS),
    (backup_urls, "{0}/restore-testing/plans$", _BACKUP),
    (backup_urls, "{0}/restore-testing/plans/(?P<name>[^/]+)/selections$", _BACKUP),
)
"""Paths that moto would not know; the others lead somewhere already."""


@dataclass(frozen=True)
class _Listing:
    """One operation.

    Attributes:
        kind: What the store calls the things.
        key: Where the list is in the answer.
        item: What AWS tells of one.
        asked: Parameter -> name in the document, which must be equal where the parameter is given.
    """

    responses: Any
    operation: str
    kind: str
    key: str
    item: Callable[[Document], object]
    asked: Mapping[str, str]

    def answer(self, responses: Any) -> tuple[int, dict[str, str], str]:
        """What AWS would answer."""
        asked = {named: _parameter(responses, name) for name, named in self.asked.items()}
        listed = [
            self.item(held)
            for held in _remembered(responses, self.kind)
            if all(wanted in (None, held.get(named)) for named, wanted in asked.items())
        ]
        return 200, {"Content-Type": "application/json"}, json.dumps({self.key: listed})


_LISTINGS = (
    _Listing(
        BackupResponse,
        "list_backup_selections",
        "backup-Selection",
        "BackupSelectionsList",
        lambda held: {"SelectionId": held[ID], "SelectionName": held["name"], "BackupPlanId": held["planId"]},
        {"backupPlanId": "planId"},
    ),
    _Listing(
        BackupResponse,
        "list_restore_testing_plans",
        "backup-RestoreTestingPlan",
        "RestoreTestingPlans",
        lambda held: {"RestoreTestingPlanName": held["name"], "RestoreTestingPlanArn": held["arn"]},
        {},
    ),
    _Listing(
        BackupResponse,
        "list_restore_testing_selections",
        "backup-RestoreTestingSelection",
        "RestoreTestingSelections",
        lambda held: {
            "RestoreTestingPlanName": held["restoreTestingPlanName"],
            "RestoreTestingSelectionName": held["name"],
        },
        {"RestoreTestingPlanName": "restoreTestingPlanName"},
    ),
    _Listing(
        EFSResponse,
        "describe_replication_configurations",
        "efs-ReplicationConfiguration",
        "Replications",
        lambda held: {"SourceFileSystemId": held["sourceFileSystemId"], "Destinations": []},
        {"FileSystemId": "sourceFileSystemId"},
    ),
    _Listing(
        EKSResponse,
        "list_addons",
        "eks-Addon",
        "addons",
        lambda held: held["addonName"],
        {"name": "clusterName"},
    ),
    _Listing(
        EKSResponse,
        "list_nodegroups",
        "eks-NodeGroup",
        "nodegroups",
        lambda held: held["nodeGroupName"],
        {"name": "clusterName"},
    ),
    _Listing(
        EKSResponse,
        "list_pod_identity_associations",
        "eks-PodIdentityAssociation",
        "associations",
        lambda held: {
            "associationId": held[ID],
            **{name: held[name] for name in ("clusterName", "namespace", "serviceAccount")},
        },
        {"name": "clusterName", "namespace": "namespace", "serviceAccount": "serviceAccount"},
    ),
)


_NEVER_MADE = (
    (RDSResponse, "describe_db_cluster_automated_backups", "DBClusterAutomatedBackups"),
    (ElastiCacheResponse, "describe_serverless_caches", "ServerlessCaches"),
    (ElastiCacheResponse, "describe_serverless_cache_snapshots", "ServerlessCacheSnapshots"),
)
"""Operation and list of what this cloud has no way to make, and AWS lists all the same."""


def list_the_remembered() -> None:
    """Completes moto, once per process."""
    for responses, operation, key in _NEVER_MADE:
        setattr(responses, operation, lambda _, key=key: ActionResult({key: []}))
    for listing in _LISTINGS:
        setattr(listing.responses, listing.operation, lambda self, listing=listing: listing.answer(self))
    for urls, path, dispatch in _PATHS:
        urls.url_paths[path] = dispatch
    _list_replicated_backups()


def _list_replicated_backups() -> None:
    """Beside the backups of the region's own databases, which moto does list."""
    original = RDSResponse.describe_db_instance_automated_backups
    if original.__module__ == __name__:
        return

    def describe_db_instance_automated_backups(self: RDSResponse) -> ActionResult:
        asked = self.params.get("DBInstanceIdentifier")
        own = [
            each for each in automated_backups(self.backend) if asked in (None, each["DBInstanceIdentifier"])
        ]
        replicated = [_backup(held) for held in _remembered(self, "rds-InstanceAutomatedBackupsReplication")]
        wanted = [each for each in replicated if asked in (None, each["DBInstanceIdentifier"])]
        return ActionResult({"DBInstanceAutomatedBackups": [*own, *wanted]})

    setattr(RDSResponse, original.__name__, describe_db_instance_automated_backups)


def _backup(held: Document) -> dict[str, str]:
    source = str(held["sourceDbInstanceArn"])
    return {
        "DBInstanceAutomatedBackupsArn": held[ID],
        "DBInstanceArn": source,
        "DBInstanceIdentifier": source.rpartition(":")[2],
        "Region": source.split(":")[3],
        "Status": "replicating",
    }


def _parameter(responses: Any, name: str) -> object:
    """From the body, the query or the path of the request."""
    given = responses._get_param(name)  # noqa: SLF001 - moto has no other door
    return given or responses.uri_match.groupdict().get(name)


def _remembered(responses: Any, kind: str) -> Iterator[Document]:
    """Everything of one kind in the region that is asked."""
    store: Any = ssm_backends[responses.current_account][DEFAULT_REGION]
    token = None
    while True:
        path = f"{Simulation.ROOT}/{kind}/{responses.region}"
        page, token = store.get_parameters_by_path(path, recursive=True, next_token=token)
        for parameter in page:
            yield json.loads(parameter.value)
        if token is None:
            return
