"""Knows what moto cannot do, and remembers it inside moto, so that it dies with the server's memory."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from localcloud.aws.clients import DEFAULT_REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.aws.clients import Clients

SIMULATED: Mapping[str, str] = {
    # Remembered by the provider, in the store below:
    "backup:CreateBackupSelection": "moto has no backup selections",
    "backup:CreateRestoreTestingPlan": "moto has no restore testing",
    "backup:CreateRestoreTestingSelection": "moto has no restore testing",
    "autoscaling:CreateOrUpdateTags": "moto tags only groups that it made, and made none for a node group",
    "eks:CreateAddon": "moto has no add-ons",
    "eks:CreateNodegroup": "moto knows only clusters that it made, and the cluster is adopted",
    "efs:CreateReplicationConfiguration": "moto does not replicate file systems",
    "eks:CreatePodIdentityAssociation": "moto has no pod identity",
    "elasticache:CreateCacheParameterGroup": "moto has no cache parameter groups",
    "rds:StartDBInstanceAutomatedBackupsReplication": "moto does not replicate automated backups",
    # Remembered by the provider, in the state only:
    "elasticache:IncreaseReplicaCount": "moto cannot change the number of nodes",
    "logs:AssociateKmsKey": "moto cannot change the key of a log group",
    "efs:UpdateFileSystemProtection": "moto has no protection of file systems",
    # Completed inside the server, `localcloud/aws/corrections.py`:
    "backup:DeleteBackupPlan": "moto keeps a deleted backup plan and its name for ever",
    "backup:UpdateBackupPlan": "moto cannot change a backup plan",
    "efs:PutBackupPolicy": "moto can describe the backup policy of a file system but not put it",
    "efs:DeleteFileSystemPolicy": "moto can put a policy on a file system but not take it off",
    "efs:UpdateFileSystem": "moto cannot change the throughput of a file system",
    "elasticache:DeleteCacheSubnetGroup": "moto cannot delete a cache subnet group",
    "elasticache:DeleteReplicationGroup": "moto keeps a deleted replication group and its id for ever",
    "rds:ResetDBParameterGroup": "moto cannot take a parameter back",
    "elasticache:ModifyCacheSubnetGroup": "moto cannot change a cache subnet group",
    # The same, `localcloud/aws/cache_access.py`:
    "elasticache:CreateUserGroup": "moto has no user groups",
    "elasticache:ModifyUser": "moto cannot change a user of a cache",
}
"""AWS operation -> why it is simulated; a test fails as soon as moto itself learns one of them."""

_ROOT = "/localcloud"


@dataclass(frozen=True)
class Simulation:
    """A small store in the parameter store of moto, under a path no program of ours uses."""

    ROOT: ClassVar = f"{_ROOT}/simulated"
    clients: Clients

    def put(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        """Remembers or replaces a document."""
        self._ssm.put_parameter(
            Name=self._path(kind, name),
            Value=json.dumps(document),
            Type="String",
            Tier="Advanced",
            Overwrite=True,
        )

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """The document, None when it was never put or was dropped."""
        try:
            document: dict[str, Any] = json.loads(self._value(self._path(kind, name)))
        except self._ssm.exceptions.ParameterNotFound:
            return None
        return document

    def every(self, kind: str, region: str) -> list[dict[str, Any]]:
        """All documents of a kind in a region."""
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(
            Path=f"{self.ROOT}/{kind}/{region}", Recursive=True
        )
        return [json.loads(each["Value"]) for page in pages for each in page["Parameters"]]

    def drop(self, kind: str, name: str) -> None:
        """Forgets a document; one that is not there is forgotten already."""
        self._ssm.delete_parameters(Names=[self._path(kind, name)])

    @cached_property
    def generation(self) -> str:
        """The identity of the server's memory: another one means that everything created before is gone."""
        # The local cloud's server asks first, before any client can reach it, so there is no race.
        name = f"{_ROOT}/generation"
        try:
            return self._value(name)
        except self._ssm.exceptions.ParameterNotFound:
            own = str(uuid.uuid4())
            self._ssm.put_parameter(Name=name, Value=own, Type="String", Overwrite=False)
            return self._value(name)

    def _value(self, name: str) -> str:
        return str(self._ssm.get_parameter(Name=name)["Parameter"]["Value"])

    @property
    def _ssm(self) -> Any:
        return self.clients.get("ssm", DEFAULT_REGION)

    @staticmethod
    def _path(kind: str, name: str) -> str:
        # A parameter's name has no colons, an ARN has.
        spelled = re.sub(r"[^\w./-]", lambda found: f"_{ord(found[0]):x}_", name, flags=re.ASCII)
        return f"{Simulation.ROOT}/{kind}/{spelled}"
