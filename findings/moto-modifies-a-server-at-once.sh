#!/usr/bin/env bash
# moto makes every change of a database server at once, also one that is asked for with ApplyImmediately=False, and no
# answer ever has PendingModifiedValues. On AWS such a change of the instance class, of Multi-AZ or of the allocated storage
# waits for the maintenance window (RDS User Guide, "Modifying an Amazon RDS DB instance"), and that is the default of the
# API, of Terraform and of Pulumi. So a test against moto that changes a class and then looks at the server passes, while
# the real server is small, and single-zone, until Sunday night. Cache groups are the same: the node type changes at once.
#
# Seen with moto 5.2.5. Whoever needs the difference keeps the four values back until a modification has ApplyImmediately.
# Needs Python 3.11 or newer, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "moto[rds,elasticache]==5.2.5"
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=eu-west-1
"$work/venv/bin/python" - <<'PYTHON'
import boto3
from moto import mock_aws

with mock_aws():
    rds = boto3.client("rds")
    rds.create_db_instance(DBInstanceIdentifier="one", Engine="postgres", DBInstanceClass="db.t4g.medium",
                           AllocatedStorage=20, MultiAZ=False, MasterUsername="owner", MasterUserPassword="a-password")
    rds.modify_db_instance(DBInstanceIdentifier="one", ApplyImmediately=False, DBInstanceClass="db.r7g.large",
                           MultiAZ=True, AllocatedStorage=100)
    (server,) = rds.describe_db_instances()["DBInstances"]
    there = (server["DBInstanceClass"], server["MultiAZ"], server["AllocatedStorage"])
    print("server after ApplyImmediately=False:", *there, "; pending:", server.get("PendingModifiedValues"))
    assert there == ("db.r7g.large", True, 100) and not server.get("PendingModifiedValues")

    cache = boto3.client("elasticache")
    cache.create_replication_group(ReplicationGroupId="two", ReplicationGroupDescription="two", Engine="valkey",
                                   CacheNodeType="cache.t4g.micro", NumCacheClusters=1)
    cache.modify_replication_group(ReplicationGroupId="two", ApplyImmediately=False, CacheNodeType="cache.m7g.large")
    (group,) = cache.describe_replication_groups()["ReplicationGroups"]
    print("cache nodes after ApplyImmediately=False:", group["CacheNodeType"])
    assert group["CacheNodeType"] == "cache.m7g.large"
PYTHON
