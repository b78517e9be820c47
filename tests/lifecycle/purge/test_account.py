"""A purge in an account that refuses what AWS refuses: planned, approved, carried out, and nothing bills."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.actions.decommission import approve, purge_search
from cli.actions.decommission.purge import Request, apply_plan, plan_due
from lifecycle import evidence
from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.purge.account import PurgedAccount
from lifecycle.adapters.whole_account import WholeAccount
from lifecycle.errors import RefusedError
from lifecycle.purge.ledger import CHECK, DELETE, DELETED, VERIFIED
from lifecycle.purge.plan import PurgePlan, read_purge_plan
from localcloud.aws.clients import ACCOUNT, Clients
from tests.clouds import running_cloud
from tests.lifecycle.purge.left import ENDED, NEIGHBOUR, REGION, SANDBOX, SHARED, Left, pairs, tags

WHO = "dana@example.com"


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Left]:
    with running_cloud(tmp_path / "cloud") as cloud:
        for name, value in (
            ("AWS_ENDPOINT_URL", cloud.endpoint),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_DEFAULT_REGION", REGION),
        ):
            monkeypatch.setenv(name, value)
        yield Left(Clients(cloud.endpoint), tmp_path / "project").make()


def request(left: Left, **more: Any) -> Request:
    said: dict[str, Any] = {
        "evidence": (left.evidence,),
        "out": left.folder / "purges",
        "portfolio": None,
        "cwd": left.folder,
        "stack_destroyed": True,
    }
    return Request(**{**said, **more})


def planned(left: Left) -> tuple[Path, PurgePlan]:
    plan_due(request(left), lambda: left.due)
    (path,) = (each for each in (left.folder / "purges").glob("*.json") if "approval" not in each.name)
    return path, read_purge_plan(path)


def carried_out(left: Left, path: Path, **how: Any) -> None:
    apply_plan(request(left, apply=path, **how), lambda: left.due + timedelta(minutes=9))


def approved(left: Left, path: Path) -> Path:
    key = left.folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    (left.folder / "approvers").write_text(f'{WHO} namespaces="costack-purge" {public}', encoding="utf-8")
    approve.approve(approve.Request(path, WHO, key, None, left.due + timedelta(minutes=5)))
    return path.with_suffix(".approval.json")


def test_what_is_due_is_planned_approved_and_deleted_and_the_neighbour_keeps_all(
    left: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    before = left.neighbours()
    path, plan = planned(left)
    assert [str(each.line.what) for each in plan.goes] == [
        *("dumps", "manifests", "automated backup", "database snapshot", "recovery point"),
        *("backup vault", "bucket", "key"),
    ]
    assert (plan.refused, plan.waits, plan.gone) == ((), (), ())
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert text.startswith("# Purge local\n")
    assert f"database snapshot local-{ENDED}-postgresql-final-0a1b (us-east-1) of {ENDED}, due since" in text
    assert "1.90 USD a month" in text
    assert "the bill falls by " in text
    assert plan.sha256 in text
    carried_out(left, path, approved=approved(left, path))
    assert left.there() == left.neighbours() == before
    said = capsys.readouterr()
    assert "8 resources of local are purged" in said.out
    assert (
        f"`aws kms cancel-key-deletion --region us-east-1 --key-id {left.keys[ENDED]}` cancels it" in said.err
    )
    lines = evidence.read(left.evidence / path.with_suffix(".evidence.jsonl").name)
    assert [line["step"] for line in lines] == [CHECK, *(DELETE, DELETED) * 8, VERIFIED]
    assert (lines[0]["inputs"]["approved_by"], lines[0]["inputs"]["resources"]) == (WHO, 8)
    carried_out(left, path, approved=path.with_suffix(".approval.json"))
    assert left.there() == before


class Counted:
    """Counts what is asked of AWS, by region and operation."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        for name in ("_pages", "_seek"):
            patch.setattr(PurgedAccount, name, self._counting(getattr(Account, name)))

    def _counting(self, original: Any) -> Any:
        def asked(
            account: Account, service: str, region: str, operation: str, *given: Any, **more: Any
        ) -> Any:
            self.asked[region, operation] += 1
            return original(account, service, region, operation, *given, **more)

        return asked

    def of(self, operation: str) -> dict[str, int]:
        """How often an operation was asked, by region."""
        return {region: count for (region, named), count in self.asked.items() if named == operation}


@pytest.mark.whole("how often AWS is asked changes no answer")
def test_a_plan_reads_each_listing_once_and_a_deletion_looks_at_the_one_thing_again(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, rds = left.clients.get("backup"), left.clients.get("rds")
    vault = {"BackupVaultName": f"local-{ENDED}-files"}
    source = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-1"
    job = {**vault, "ResourceArn": source, "IamRoleArn": "arn:aws:iam::1:role/r"}
    for _ in range(3):
        backup.start_backup_job(**job, RecoveryPointTags=tags(ENDED))
    counted = Counted(monkeypatch)
    path, plan = planned(left)
    assert len(plan.goes) == 11
    listings = ("list_recovery_points_by_backup_vault", "list_backup_vaults", "describe_db_snapshots")
    assert [set(counted.of(each).values()) for each in listings] == [{2}, {1}, {1}]  # points: of two vaults
    counted.asked.clear()
    copied = f"local-{ENDED}-postgresql-final-0a1b"
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier=copied, TargetDBSnapshotIdentifier="by-hand")
    backup.put_backup_vault_lock_configuration(**vault, MinRetentionDays=7)
    with pytest.raises(RefusedError) as said:
        carried_out(left, path, phrase=plan.phrase)
    assert sum("the lock of vault local-vega-files keeps it" in each for each in said.value.problems) == 4
    assert len(left.there()["points"]) == 5
    assert counted.of("describe_recovery_point") == {REGION: 4}


@pytest.mark.whole("seven seconds of AWS; what is kept is decided without an account in this folder")
def test_a_snapshot_of_a_cluster_keeps_its_key(left: Left) -> None:
    rds, name = left.clients.get("rds"), "by-hand"
    key = {"StorageEncrypted": True, "KmsKeyId": left.keys[ENDED]}
    rds.create_db_cluster(
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        MasterUsername="u",
        MasterUserPassword="password1",
        **key,
    )
    rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier="kept")
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
    with pytest.raises(RefusedError, match=r"resource kept \(us-east-1\) cannot be read without it"):
        planned(left)


@pytest.mark.whole("what goes with what is decided without an account in this folder")
def test_what_a_server_made_goes_with_its_backup_or_stays_with_it(left: Left) -> None:
    rds, name = left.clients.get("rds"), f"local-{ENDED}-postgresql"
    (made,) = rds.describe_db_snapshots(SnapshotType="automated", DBInstanceIdentifier=name)["DBSnapshots"]
    part = left.line("database snapshot", made["DBSnapshotIdentifier"])
    left.write(left.plan(ENDED), [part])
    with pytest.raises(RefusedError, match="it is a part of the automated backup arn:aws:rds:"):
        plan_due(request(left, out=left.folder / "alone"), lambda: left.due)
    left.write(left.plan(ENDED), [part, left.line("automated backup", name)])
    path, plan = planned(left)
    costs = {str(each.line.what): each.per_month for each in plan.goes if each.line.tenant == ENDED}
    assert costs == {"automated backup": "1.90", "database snapshot": "0.00"}
    carried_out(left, path, phrase=plan.phrase)
    assert f"local-{ENDED}-postgresql" not in left.there()["backups"]


@pytest.mark.whole("it only reads; the search of one tenant is above")
def test_a_search_names_every_tenant_of_the_account_and_its_folders(
    left: Left, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WholeAccount, "enabled_regions", lambda _: (REGION,))  # the others take a minute here
    asked = purge_search.Request((SANDBOX, ENDED), None, REGION, "json")
    purge_search.search(asked)
    found = json.loads(capsys.readouterr().out)
    assert {each["tenant"] for each in found} == {SANDBOX, ENDED}
    by_kind = {(each["tenant"], each["what"]): each for each in found}
    assert by_kind[SANDBOX, "dumps"]["id"] == f"s3://{SHARED}/dumps/{SANDBOX}/"
    assert by_kind[SANDBOX, "dumps"]["per_month"] == "0.0000000002"
    kinds = {"database snapshot", "automated backup", "backup vault", "bucket", "key"}
    assert kinds <= {each["what"] for each in found}
    assert by_kind[ENDED, "key"]["per_month"] == "1.00"
    purge_search.search(replace(asked, tenants=(), output="csv"))
    said = capsys.readouterr().out
    assert f",{NEIGHBOUR},local,tags," in said
    assert f"s3://{SHARED}/manifests/{SANDBOX}/" in said
    assert left.there()["objects"]


@pytest.mark.whole("tests/lifecycle/purge/test_guards decide the day")
def test_nothing_is_planned_before_its_day_and_nothing_twice(
    left: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_due(request(left), lambda: left.recorded + timedelta(days=89))
    assert not (left.folder / "purges").exists()
    said = capsys.readouterr().out
    assert "nothing is due" in said
    assert said.count("waits: ") == 7
    path, _ = planned(left)
    plan_due(request(left), lambda: left.due + timedelta(hours=1))
    assert f"the plan is in {path} already" in capsys.readouterr().out
    assert len(list((left.folder / "purges").glob("*.json"))) == 1


def broken(left: Left) -> tuple[str, ...]:
    """Everything that AWS, or somebody in the account, keeps something by; what a refusal says of each."""
    backup, s3, rds = (left.clients.get(each) for each in ("backup", "s3", "rds"))
    vaults = {"VaultNames": [f"local-{ENDED}-files"]}
    backup.create_legal_hold(Title="case 4", Description="-", RecoveryPointSelection=vaults)
    s3.put_bucket_tagging(Bucket=f"local-{ENDED}-backups", Tagging={"TagSet": pairs("acme")})
    final = f"local-{ENDED}-postgresql-final-0a1b"
    copied = {"SourceDBSnapshotIdentifier": final, "TargetDBSnapshotIdentifier": "by-hand"}
    rds.copy_db_snapshot(**copied, KmsKeyId=left.keys[ENDED])
    return (
        "a legal hold of AWS Backup is on it: case 4",
        "it holds 1 recovery points, of which 0 are purged",
        "its tags say that it is acme's",
        "cannot be read without it, and is not purged",
    )


@pytest.mark.whole("tests/lifecycle/purge name what is kept without an account")
def test_what_the_account_keeps_is_named_with_its_cost_and_so_is_the_key(left: Left) -> None:
    """At planning, and where it is broken after the plan was made."""
    path, plan = planned(left)
    why = broken(left)
    with pytest.raises(RefusedError) as said:
        plan_due(request(left, out=left.folder / "later"), lambda: left.due)
    assert [part for part in why if not any(part in each for each in said.value.problems)] == []
    assert all(each.endswith((" USD a month", "unknown cost")) for each in said.value.problems)
    with pytest.raises(RefusedError, match="a legal hold of AWS Backup is on it: case 4") as said:
        carried_out(left, path, phrase=plan.phrase)
    assert len(said.value.problems) == 4
    there = left.there()
    assert left.keys[ENDED] in there["keys"]
    assert left.points[ENDED] in there["points"]
    assert f"local-{ENDED}-files" in there["vaults"]
    assert f"local-{ENDED}-backups" in there["buckets"]
    assert len([each for each in there["objects"] if each.startswith(f"local-{ENDED}-backups/")]) == 2
    assert f"local-{ENDED}-postgresql" not in there["backups"]  # what nothing keeps went


def test_a_lock_keeps_recovery_points_and_a_legal_hold_an_object(left: Left) -> None:
    s3, bucket = left.clients.get("s3"), "local-vega-files"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs(ENDED)})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")
    retained = f"local-{ENDED}-retained"
    s3.create_bucket(Bucket=retained, ObjectLockEnabledForBucket=True)
    s3.put_bucket_tagging(Bucket=retained, Tagging={"TagSet": pairs(ENDED)})
    locked: Any = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": left.due}
    s3.put_object(Bucket=retained, Key="b", Body=b"1", **locked)
    left.clients.get("backup").put_backup_vault_lock_configuration(
        BackupVaultName=f"local-{ENDED}-files", MinRetentionDays=7
    )
    vault = left.line("backup vault", f"local-{ENDED}-files")
    left.write(left.plan(ENDED), [left.line("bucket", each) for each in (bucket, retained)] + [vault])
    with pytest.raises(RefusedError, match=f"a legal hold of S3 Object Lock is on s3://{bucket}/a") as said:
        plan_due(request(left), lambda: left.due)
    assert any(f"S3 Object Lock keeps s3://{retained}/b until" in each for each in said.value.problems)
    assert any("the lock of vault local-vega-files keeps it for ever" in each for each in said.value.problems)
    (path,) = (left.folder / "purges").glob("*.json")
    assert {each.line.tenant for each in read_purge_plan(path).goes} == {SANDBOX}


@pytest.mark.whole("tests/lifecycle/purge/test_guards tries every combination without a cloud")
def test_what_was_written_since_stays(left: Left) -> None:
    """Its clock is that of the evidence: an object that is younger belongs to whoever wrote it."""
    early = left.recorded - timedelta(days=1)
    left.recorded = early
    left.write(left.plan(SANDBOX), left.stored(SANDBOX))
    with pytest.raises(RefusedError, match="after the evidence: look who uses it"):
        plan_due(request(left), lambda: left.due)
    kept = json.dumps(left.there())
    assert f"{SANDBOX}/last" in kept
