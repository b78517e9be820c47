"""One tenant's directory on the shared file system, as a volume its pods can mount."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_kubernetes as k8s
from pulumi_aws import efs

from components.naming import component_type, physical_name, short_hash
from components.places import FileSystemPlace
from tiers.facts.data import CLAIM_GIB
from tiers.facts.every_fact import FileShare

_CSI_DRIVER: Final = "efs.csi.aws.com"
_STORAGE_CLASS: Final = ""  # bound by name; no storage class provisions it


class Filestore(pulumi.ComponentResource):
    """An access point and its volume. The volume is retained: files stay when a namespace is deleted.

    A volume remembers the uid of its claim (`spec.claimRef.uid`), and a claim of another namespace is another
    claim, as is one that comes back: the volume is then Released for ever, and the new claim waits
    (`syncVolume` in Kubernetes, pkg/controller/volume/persistentvolume/pv_controller.go). So the volume, a
    pointer to the access point, goes with its claim and comes with it. When the namespace changes there is
    another volume first, of another name: the old claim goes only after every pod that has it, also a Job's
    that is over (Kubernetes, "Storage Object in Use Protection").
    """

    def __init__(
        self,
        tenant: str,
        fact: FileShare,
        file_system: FileSystemPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(tenant, fact.name)
        super().__init__(component_type("Filestore"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.fact_id = fact.id
        self.claim_name = name
        self.access_point = self._access_point(name, fact, file_system, child)
        if fact.mounted:
            self._claim(name, fact, self._volume(name, fact, file_system))
        self.register_outputs({})

    def _claim(self, name: str, fact: FileShare, volume: k8s.core.v1.PersistentVolume) -> None:
        k8s.core.v1.PersistentVolumeClaim(
            name,
            metadata={"name": name, "namespace": fact.namespace},
            spec={
                "accessModes": ["ReadWriteMany"],
                "storageClassName": _STORAGE_CLASS,
                "volumeName": volume.metadata["name"],
                "resources": {"requests": {"storage": f"{CLAIM_GIB}Gi"}},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[volume]),
        )

    @staticmethod
    def _access_point(
        name: str, fact: FileShare, file_system: FileSystemPlace, child: pulumi.ResourceOptions
    ) -> efs.AccessPoint:
        return efs.AccessPoint(
            name,
            file_system_id=file_system.id,
            posix_user={"uid": fact.owner_user, "gid": fact.owner_group},
            root_directory={
                "path": fact.path,
                "creation_info": {
                    "owner_uid": fact.owner_user,
                    "owner_gid": fact.owner_group,
                    "permissions": "0750",
                },
            },
            tags={"Name": name},
            opts=child,
        )

    def _volume(
        self, name: str, fact: FileShare, file_system: FileSystemPlace
    ) -> k8s.core.v1.PersistentVolume:
        anew = pulumi.ResourceOptions(
            parent=self,
            replace_on_changes=["spec.claimRef.namespace"],
            # Volumes that are there keep their names, which were those of their claims once.
            ignore_changes=["metadata.name"],
        )
        called = f"{fact.volume or name}-{short_hash(fact.namespace)}"
        handle = pulumi.Output.concat(file_system.id, "::", self.access_point.id)
        return k8s.core.v1.PersistentVolume(
            name,
            metadata={"name": called},
            spec={
                "capacity": {"storage": f"{CLAIM_GIB}Gi"},
                "accessModes": ["ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": _STORAGE_CLASS,
                "mountOptions": ["tls"],
                "claimRef": {"namespace": fact.namespace, "name": name},
                "csi": {"driver": _CSI_DRIVER, "volumeHandle": handle},
            },
            opts=anew,
        )
