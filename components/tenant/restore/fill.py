"""The containers that fill a side database from a backup; they follow each other in one pod."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pulumi

from components.kubernetes import jobs, pods
from components.kubernetes.pods import Manifest
from components.restore_test import FETCH, FETCHED, REPORT, RESTORED
from components.scripts import SAMPLE, script
from components.tenant.restore.origin import Origin
from tiers.facts.copies import fetched_gib
from tiers.facts.every_fact import FileShare, Job, TenantDatabase
from tiers.plan.plan import TenantPlan, facts_of, process_of
from tiers.portfolio.restore.anonymised import AnonymisedSection, wanted

CONFIGURATION: Final[Manifest] = {
    "name": "configuration",
    "mountPath": pods.CONFIGURATION_DIRECTORY,
    "readOnly": True,
}
_FILL, _ANONYMISE, READY = "fill", "anonymise", "ready"
WITHOUT_ROLE: Final = (_FILL, READY)
"""The containers that get no token of the role that reads the bucket."""
COUNTS_GIB: Final = 1


class BackupFill:
    """Fills a tenant's side database from a backup, and compares both.

    Args:
        tenant: The tenant.
        fact: The job whose pod it is.
        names: The environment variables with the names of the databases, and the mark.
        origin: Whose backup it is.
        which: Which of its backups, as environment variables of restore_test_fetch.sh.
        keeps: Whether the result is left in the bucket.
        results: Where, below the manifests; '' among the restore tests of that tenant, as one of them.
        expected: What must be true of it before it is ready, as variables of side_database_ready.sh.
        anonymised: What of a person is taken out of it, once its rows were compared.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        fact: Job,
        names: Mapping[str, pulumi.Input[str]],
        origin: Origin,
        which: Mapping[str, pulumi.Input[str]],
        *,
        keeps: bool,
        results: str = "",
        expected: Mapping[str, str] = MappingProxyType({}),
        anonymised: AnonymisedSection | None = None,
    ) -> None:
        self._tenant, self._fact, self._names, self._origin = tenant, fact, names, origin
        self._which, self._keeps, self._results = which, keeps, results
        self._expected, self._anonymised = expected, anonymised

    def steps(self) -> list[Manifest]:
        """The containers in their order."""
        there, backups = {"FETCHED": FETCHED}, self._origin.in_bucket(self._origin.owner)
        fetched = {**there, **backups, **self._which}
        reported = {
            **there,
            "RESTORED": RESTORED,
            **backups,
            "KEEP_RESULT": "yes" if self._keeps else "no",
            **({"RESULTS": self._results} if self._results else {}),
        }
        filled = {
            **there,
            "RESTORED": RESTORED,
            **self._names,
            "SAMPLE": str(SAMPLE),
            "MEASURE_SQL": script("measure.sql"),
            "SEQUENCES_SQL": script("sequences.sql"),
            "NEWEST_SQL": script("newest.sql"),
            "AS_SQL": script("database_sql.sh"),
            "COUNT": script("restored_counts.sh"),
        }
        read = at(FETCHED, read=True)
        marked = {**there, **self._names, "VERSION": self._version(), **self._expected}
        return [
            self._step(FETCH, "restore_test_fetch.sh", fetched, [at(FETCHED)]),
            self._step(_FILL, "side_database_fill.sh", filled, [CONFIGURATION, read, at(RESTORED)]),
            self._step(REPORT, "restore_test_report.sh", reported, [at(FETCHED), at(RESTORED, read=True)]),
            *self._anonymising(),
            self._step(READY, "side_database_ready.sh", marked, [CONFIGURATION, read]),
        ]

    def volumes(self) -> list[Manifest]:
        """The volumes of these containers, but for odoo.conf and the scratch directory of the last one."""
        return [
            pods.empty(FETCHED.strip("/"), self.room_gib),
            pods.empty(RESTORED.strip("/"), COUNTS_GIB),
            *(pods.empty(scratch(name), COUNTS_GIB) for name in (FETCH, _FILL, REPORT)),
            *(pods.empty(scratch(each["name"]), COUNTS_GIB) for each in self._anonymising()),
        ]

    @property
    def without_role(self) -> tuple[str, ...]:
        """The containers that get no token of the role that reads the bucket."""
        return (_FILL, *(each["name"] for each in self._anonymising()), READY)

    def _anonymising(self) -> list[Manifest]:
        """The container that takes out what of a person is in the data of another."""
        section = self._anonymised
        if section is None:
            return []
        env = {
            "FETCHED": FETCHED,
            **self._names,
            "COLUMNS": json.dumps(wanted(section)),
            **({"ATTACHMENTS": "yes"} if section.attachments else {}),
        }
        mounts = [CONFIGURATION, at(FETCHED, read=True)]
        return [self._step(_ANONYMISE, "side_database_anonymise.sh", env, mounts)]

    @property
    def room_gib(self) -> int:
        """What the backup takes on the node's disk."""
        source = self._tenant.restored_from
        if source is not None:
            return fetched_gib(source.database_gib, source.filestore_gib)
        data = max((fact.storage_gib for fact in facts_of(self._tenant.facts, TenantDatabase)), default=0)
        files = max((fact.storage_gib for fact in facts_of(self._tenant.facts, FileShare)), default=0)
        return fetched_gib(data, files)

    def _version(self) -> str:
        process = process_of(self._tenant)
        return process.version if process else ""

    def _step(
        self, name: str, runs: str, env: Mapping[str, pulumi.Input[str]], mounts: Sequence[Manifest]
    ) -> Manifest:
        return step_of(self._fact, name, runs, env, mounts, room_gib=self.room_gib)


def step_of(
    fact: Job,
    name: str,
    runs: str,
    env: Mapping[str, pulumi.Input[str]],
    mounts: Sequence[Manifest],
    *,
    room_gib: int = 0,
) -> Manifest:
    """A container of the operations image; each but the last has a scratch directory of its own."""
    return pods.container(
        name,
        fact.image,
        fact.compute,
        mounts=mounts,
        scratch="scratch" if name == READY else scratch(name),
        disk_gib=room_gib + 2 * COUNTS_GIB,
        env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **env}),
        **jobs.command(script(runs)),
    )


def at(place: str, *, read: bool = False) -> Manifest:
    """The mount of the volume that is called as its place."""
    return {"name": place.strip("/"), "mountPath": place, "readOnly": read}


def scratch(container: str) -> str:
    """What one container leaves in its own is not read by another's tools."""
    return f"scratch-{container}"
