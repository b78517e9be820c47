#!/usr/bin/env bash
# moto gives every database server the same DbiResourceId, and the snapshots of all servers bear it as well. On AWS the
# resource id is the one name of a server that is unique in a region and is never given twice, also after a server was
# deleted and another one took its name (RDS API Reference, "DBInstance"). AWS therefore takes it where a name would be
# ambiguous: a retained automated backup is deleted by it, Performance Insights asks for it, and policies for database
# logins are written with it. So a test against moto cannot tell code that finds a server's backups by the right id from
# code that finds those of any other server: both pass, and with real servers the second kind deletes a neighbour's backup.
#
# Seen with moto 5.2.5. Whoever needs the difference gives each server an id of its own in the answers of moto.
# Needs Python 3.11 or newer, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "moto[rds]==5.2.5"
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=eu-west-1
"$work/venv/bin/python" - <<'PYTHON'
import boto3
from moto import mock_aws

with mock_aws():
    rds = boto3.client("rds")
    for name in ("one", "two"):
        rds.create_db_instance(DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t4g.medium",
                               AllocatedStorage=20, MasterUsername="owner", MasterUserPassword="a-password")
        rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"of-{name}")
    servers = {each["DBInstanceIdentifier"]: each["DbiResourceId"] for each in rds.describe_db_instances()["DBInstances"]}
    snapshots = {each["DbiResourceId"] for each in rds.describe_db_snapshots()["DBSnapshots"]}
    print("servers:", servers, "; ids of their snapshots:", snapshots)
    assert len(servers) == 2
    assert len({*servers.values()} | snapshots) == 1
PYTHON
