"""What an ended tenant and an ended sandbox left in a loopback account, with a neighbour's beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from lifecycle import evidence
from lifecycle.decommission.outcomes import GUARD, REMOVE, VERIFY
from lifecycle.decommission.plan import EVIDENCE_SUFFIX, DecommissionPlan, write_plan
from lifecycle.stack_resources import Target
from localcloud.aws.clients import ACCOUNT, Clients
from tests.lifecycle.world import ending_plan, production, sandbox
from tests.portfolios import LOCAL
from tiers.tags import KEYS

REGION: Final = "us-east-1"
TERMS: Final = "purge: {enabled: true, allowed_signers: ../../approvers}\n"
ENDED: Final = "vega"
NEIGHBOUR: Final = "vegan"
SANDBOX: Final = "vega-migration"
SHARED: Final = "local-backups"


def tags(tenant: str) -> dict[str, str]:
    return {KEYS["portfolio"]: "local", KEYS["tenant"]: tenant}


def pairs(tenant: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags(tenant).items()]


@dataclass
class Left:
    """An account, and the folder of a project with evidence of what was left in it."""

    clients: Clients
    folder: Path
    keys: dict[str, str] = field(default_factory=dict)
    points: dict[str, str] = field(default_factory=dict)
    recorded: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(minutes=2))

    @property
    def evidence(self) -> Path:
        return self.folder / "plans"

    @property
    def portfolio(self) -> Path:
        return self.folder / "portfolios" / "local"

    @property
    def due(self) -> datetime:
        """The day after everything is due."""
        return self.recorded + timedelta(days=100)

    def make(self) -> Left:
        """Everything of both tenants and of the neighbour, and the evidence of both ends."""
        shutil.copytree(LOCAL, self.portfolio)
        platform = self.portfolio / "platform.yaml"
        platform.write_text(platform.read_text("utf-8") + TERMS, encoding="utf-8")
        self.evidence.mkdir()
        s3 = self.clients.get("s3")
        s3.create_bucket(Bucket=SHARED)
        shared = [{"Key": KEYS["portfolio"], "Value": "local"}]
        s3.put_bucket_tagging(Bucket=SHARED, Tagging={"TagSet": shared})
        s3.put_bucket_versioning(Bucket=SHARED, VersioningConfiguration={"Status": "Enabled"})
        for name in (ENDED, NEIGHBOUR):
            self._production(name)
        for name in (SANDBOX, NEIGHBOUR):
            for folder in ("dumps", "manifests"):
                for body in (b"first", b"second"):
                    s3.put_object(Bucket=SHARED, Key=f"{folder}/{name}/last", Body=body)
        s3.delete_object(Bucket=SHARED, Key=f"dumps/{SANDBOX}/last")
        self.write(self.plan(ENDED), self.lines(ENDED))
        self.write(self.plan(SANDBOX), self.stored(SANDBOX))
        return self

    def _production(self, name: str) -> None:
        kms, rds, backup, s3 = (self.clients.get(each) for each in ("kms", "rds", "backup", "s3"))
        key = kms.create_key(Tags=[{"TagKey": k, "TagValue": v} for k, v in tags(name).items()])[
            "KeyMetadata"
        ]
        self.keys[name] = key["KeyId"]
        rds.create_db_instance(
            DBInstanceIdentifier=f"local-{name}-postgresql",
            Engine="postgres",
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=20,
            MasterUsername="u",
            MasterUserPassword="password1",
            BackupRetentionPeriod=7,
            StorageEncrypted=True,
            KmsKeyId=key["Arn"],
            CopyTagsToSnapshot=True,
            Tags=pairs(name),
        )
        rds.delete_db_instance(
            DBInstanceIdentifier=f"local-{name}-postgresql",
            FinalDBSnapshotIdentifier=f"local-{name}-postgresql-final-0a1b",
            DeleteAutomatedBackups=False,
        )
        vault = {"BackupVaultName": f"local-{name}-files"}
        backup.create_backup_vault(**vault, EncryptionKeyArn=key["Arn"], BackupVaultTags=tags(name))
        source = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-1"
        made = backup.start_backup_job(
            **vault, ResourceArn=source, IamRoleArn="arn:aws:iam::1:role/r", RecoveryPointTags=tags(name)
        )
        self.points[name] = made["RecoveryPointArn"]
        bucket = f"local-{name}-backups"
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs(name)})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
        for body in (b"first", b"second"):
            s3.put_object(Bucket=bucket, Key=f"dumps/{name}/last", Body=body)

    def plan(self, name: str) -> DecommissionPlan:
        """The plan that ended a tenant."""
        one = sandbox() if name == SANDBOX else production()
        ids = {
            "server": f"local-{name}-postgresql",
            "vault": f"local-{name}-files",
            "bucket": f"local-{name}-backups",
            "key": self.keys.get(name, ""),
        }
        targets = tuple(
            Target(urn=f"urn::{what}", type="x:y:Z", id=each) for what, each in ids.items() if each
        )
        return ending_plan(one, tenant=name, targets=targets, account=ACCOUNT)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What the retention ledger says of a production tenant."""
        ids = {
            "database snapshot": f"local-{name}-postgresql-final-0a1b",
            "automated backup": f"local-{name}-postgresql",
            "backup vault": f"local-{name}-files",
            "bucket": f"local-{name}-backups",
            "key": self.keys[name],
        }
        return [self.line(what, each) for what, each in ids.items()]

    def stored(self, name: str) -> list[dict[str, Any]]:
        """What it says of a sandbox, whose dumps lie in the platform's bucket."""
        where = f"s3://{SHARED}"
        found = (("dumps", f"{where}/dumps/{name}/"), ("manifests", f"{where}/manifests/{name}/"))
        return [self.line(what, each) for what, each in found]

    def line(self, what: str, name: str, **changes: Any) -> dict[str, Any]:
        until = self.recorded + timedelta(days=90)
        said = {"what": what, "id": name, "region": REGION, "gib": 20, "because": "kept"}
        return {**said, "until": f"{until:%Y-%m-%dT%H:%M:%SZ}", "per_month": "1.90", **changes}

    def write(self, plan: DecommissionPlan, kept: list[dict[str, Any]]) -> Path:
        """The plan, and the evidence of its end."""
        path = self.evidence / f"{plan.tenant}.json"
        path.unlink(missing_ok=True)
        write_plan(plan, path)
        record = path.with_suffix(EVIDENCE_SUFFIX)
        for each in (record, record.with_name(f"{record.name}.head")):
            each.unlink(missing_ok=True)
        steps: Mapping[str, dict[str, Any]] = {
            GUARD: {"account": plan.account, "stack": plan.stack, "resources": len(plan.targets)},
            REMOVE: {"resources": len(plan.targets)},
            VERIFY: {"kept": kept},
        }
        for step, inputs in steps.items():
            line = {"plan": plan.id, "plan_sha256": plan.sha256, "tenant": plan.tenant, "step": step}
            at = f"{self.recorded:%Y-%m-%dT%H:%M:%SZ}"
            evidence.append(record, {"at": at, **line, "result": "ok", "outcome": "-", "inputs": inputs})
        return record

    def there(self) -> dict[str, list[str]]:
        """Everything that the account has, by kind; a key that waits for its deletion is gone."""
        kms, rds, backup, s3 = (self.clients.get(each) for each in ("kms", "rds", "backup", "s3"))
        keys = [each["KeyId"] for each in kms.list_keys()["Keys"]]
        vaults = [each["BackupVaultName"] for each in backup.list_backup_vaults()["BackupVaultList"]]
        buckets = [each["Name"] for each in s3.list_buckets()["Buckets"]]
        backups = rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
        return {
            "snapshots": _names(
                rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"], "DBSnapshotIdentifier"
            ),
            "backups": _names(backups, "DBInstanceIdentifier"),
            "vaults": sorted(vaults),
            "points": sorted(
                each["RecoveryPointArn"]
                for vault in vaults
                for each in backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)[
                    "RecoveryPoints"
                ]
            ),
            "buckets": sorted(buckets),
            "objects": sorted(
                f"{bucket}/{each['Key']}" for bucket in buckets for each in _versions(s3, bucket)
            ),
            "keys": sorted(
                key for key in keys if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
            ),
        }

    def neighbours(self) -> dict[str, list[str]]:
        """The same without what the ended ones left."""
        mine = (f"local-{ENDED}-", f"/{SANDBOX}/", self.keys[ENDED], self.points[ENDED])
        found = self.there()
        return {
            kind: [each for each in names if not any(part in each for part in mine)]
            for kind, names in found.items()
        }


def _names(listed: list[dict[str, Any]], name: str) -> list[str]:
    return sorted(str(each[name]) for each in listed)


def _versions(s3: Any, bucket: str) -> list[dict[str, Any]]:
    listed = s3.list_object_versions(Bucket=bucket)
    return [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
