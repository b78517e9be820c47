"""`costack failover --rehearse` itself, with a real Odoo, a real API server and a cloud of two regions.

Real are the command, kubectl, the API server with what it admits, the AWS CLI of the pods, PostgreSQL, a
standby that follows, and Odoo. Pods are processes of this machine (`tests/localcloud/node.py`); S3
replication and RDS's metric are made by the test.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.evidence import read
from lifecycle.rehearsal.result import RehearsalResult
from lifecycle.rehearsal.tried import tried_recoveries
from tests.localcloud.cluster import Cluster, running_cluster
from tests.localcloud.node import running_node
from tests.odoo.regions import (
    HERE,
    OWN_SERVERS,
    OWNER,
    THERE,
    RegionHost,
    Regions,
    as_aws,
    aws_cli,
    planned,
    running_regions,
)
from tests.odoo.shop import in_odoo
from tests.odoo.test_rehearsal import SecondRegion
from tests.odoo.tree import Tree
from tests.postgres import following_server, scratch
from tiers.facts.every_fact import Bucket, DatabaseStandby
from tiers.inventory import exported

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.cluster,
    pytest.mark.skipif(aws_cli() is None, reason="no AWS CLI: put `aws` on PATH, or name it in AWS_CLI"),
]
BUCKETS = {HERE: f"local-{OWNER}-backups-1a2b3c4", THERE: f"local-{OWNER}-copy-backups-1a2b3c4"}
CONTEXT, STANDBY = "region-two", f"local-{OWNER}-postgresql-standby"


class RehearsalRegion(SecondRegion, RegionHost):
    """Where the pod of a rehearsal runs: it reaches the bucket there with the AWS CLI."""


@dataclass
class Rehearsing:
    """What the command reaches."""

    regions: Regions
    cluster: Cluster
    inventory: Path
    evidence: Path

    def run(self, *arguments: str) -> Result:
        """The command, which must not raise."""
        return CliRunner().invoke(app, ["failover", *arguments, "--inventory", str(self.inventory)])

    def check(self) -> Result:
        """The gate."""
        return self.run("--rehearse", "--all-due", "--check", "--evidence", str(self.evidence))

    def copy_backups(self) -> int:
        """What S3 replication does; how many objects were copied."""
        s3 = self.regions.clients.get("s3", THERE)
        listed = self.regions.clients.get("s3", HERE).list_objects_v2(Bucket=BUCKETS[HERE])["Contents"]
        for each in listed:
            source = {"Bucket": BUCKETS[HERE], "Key": each["Key"]}
            s3.copy_object(Bucket=BUCKETS[THERE], Key=each["Key"], CopySource=source)
        return len(listed)

    def tell_lag(self) -> float:
        """What RDS does each minute: say how far the standby is behind, in seconds."""
        asked = "coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0)"
        behind = float(self.regions.there.server.ask(f"SELECT {asked}"))
        dimensions = [{"Name": "DBInstanceIdentifier", "Value": STANDBY}]
        said = {"MetricName": "ReplicaLag", "Dimensions": dimensions, "Value": behind, "Unit": "Seconds"}
        cloudwatch = self.regions.clients.get("cloudwatch", THERE)
        at = datetime.now(UTC) - timedelta(seconds=5)  # who asks for the time until now is not told of now
        cloudwatch.put_metric_data(Namespace="AWS/RDS", MetricData=[{**said, "Timestamp": at}])
        return behind


@pytest.fixture(scope="module")
def rehearsing(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsing]:
    with ExitStack() as stack:
        regions = stack.enter_context(running_regions(tree, tmp_path_factory.mktemp("regions")))
        folder = tmp_path_factory.mktemp("cluster")
        cluster = stack.enter_context(running_cluster(folder))
        there = regions.there
        own = {**vars(there), "folder": stack.enter_context(scratch())}
        pod = RehearsalRegion(**own)
        pod.prepare()
        stack.enter_context(running_node(cluster, folder, pod.run_pod_of, pod.log))
        config = json.loads(cluster.kubeconfig.read_text(encoding="utf-8"))
        config["contexts"][0]["name"] = CONTEXT
        cluster.kubeconfig.write_text(json.dumps(config), encoding="utf-8")
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        for name, value in as_aws(there.endpoint, THERE).items():
            monkeypatch.setenv(name, value)
        inventory = folder / "inventory.json"
        inventory.write_text(json.dumps(_inventory(tree)), encoding="utf-8")
        yield Rehearsing(regions, cluster, inventory, folder / "evidence.jsonl")


def _inventory(tree: Tree) -> Any:
    """What `pulumi stack output inventory` says once it is deployed."""
    plan = planned(tree, None)
    ids = {
        fact.id: f"arn:aws:s3:::{BUCKETS[fact.region]}"
        for fact in plan.all_facts()
        if isinstance(fact, Bucket) and fact.tenant
    }
    standby = next(fact for fact in plan.all_facts() if isinstance(fact, DatabaseStandby))
    return exported(plan, {**ids, standby.id: f"arn:aws:rds:{THERE}:123456789012:db:{STANDBY}"})


def promoted_in(rehearsing: Rehearsing) -> float:
    """How long it takes to promote a copy of the standby and to open it; the standby itself goes on."""
    regions = rehearsing.regions
    with following_server(regions.here.server, settings=OWN_SERVERS) as copy:
        address, server = regions.there.server.host, copy.host
        elsewhere = {name: server if at == address else at for name, at in regions.there.elsewhere.items()}
        host = replace(regions.there, server=copy, elsewhere=elsewhere)
        began = time.monotonic()
        copy.ask("SELECT pg_promote()")
        said = host.at("promote", first_region="lost").perform("open-database")
        took = time.monotonic() - began
        assert "is open, as it was when its region was lost" in said
        assert host.ask("SELECT count(*) FROM res_users") != "0"
    return took


def test_the_gate_opens_when_a_real_odoo_has_answered_there(
    rehearsing: Rehearsing, note: Callable[[str], None]
) -> None:
    here, there = rehearsing.regions.here, rehearsing.regions.there
    in_odoo(here, "env['res.partner'].create([{'name': f'client {n}'} for n in range(6)]); env.cr.commit()")
    here.perform_backup()
    copied = rehearsing.copy_backups()
    never = rehearsing.check()
    assert (never.exit_code, f"{OWNER}: never rehearsed" in never.stderr) == (Exit.POLICY, True), never.output
    lag = rehearsing.tell_lag()
    done = rehearsing.run(
        *(OWNER, "--rehearse", "--to", THERE, "--context", CONTEXT, "--evidence", str(rehearsing.evidence))
    )
    assert done.exit_code == Exit.OK, done.output
    (record,) = read(rehearsing.evidence)
    ((_, told),) = tried_recoveries(rehearsing.evidence)
    assert isinstance(told, RehearsalResult)
    assert (record["promise_kept"], record["context"], told.region) == (True, CONTEXT, THERE)
    assert told.standby_lag_seconds == -int(-lag // 1)
    assert told.phases is not None
    kept = [key for key in rehearsing.regions.objects(BUCKETS[THERE]) if "/rehearsals/" in key]
    assert kept == [f"manifests/{OWNER}/rehearsals/{told.started_at}.json"]
    good = rehearsing.check()
    assert good.exit_code == Exit.OK, good.output
    spaces = rehearsing.cluster.client.get("/api/v1/namespaces").json()["items"]
    assert not [each for each in spaces if each["metadata"]["name"].startswith("rehearsal-")]
    # Nobody promoted the standby for it: it follows on.
    assert there.server.ask("SELECT pg_is_in_recovery()") == "t"
    took = promoted_in(rehearsing)
    assert there.server.ask("SELECT pg_is_in_recovery()") == "t"
    phases = ", ".join(f"{name} {seconds}" for name, seconds in told.phases.model_dump().items())
    note(
        f"gate 5, then 0; {copied} objects copied; RTO {told.rto_seconds} s ({phases}), RPO of the copies "
        f"{told.rpo_seconds} s, of the standby {told.standby_lag_seconds} s; {told.files} files; a copy of "
        f"the standby promoted and opened in {took:.1f} s"
    )
