"""A server of before is imported below components that the stack did not have, and never replaced unseen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.engine.project import STACK, Project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole("tests/lifecycle/adoption reads previews that would replace what was imported"),
]

SERVER = "brightwater-db"
FACTS = {
    "tenant": "brightwater",
    "type": "aws:rds/instance:Instance",
    "id": SERVER,
    "tags": "",
    "environment": "production",
    "client": "brightwater",
    "hostname": "erp.brightwater.example.com",
    "users": "24",
    "odoo_version": "18.0",
    "peak_vcpu": "0.9",
    "peak_memory_gib": "2.1",
    "database_gib": "18",
    "filestore_gib": "25",
    "backup": "daily",
    "backup_retention_days": "30",
    "monitoring": "zabbix",
}


def test_what_was_imported_and_would_be_replaced_is_told(empty: Project) -> None:
    empty.clients().get("rds").create_db_instance(
        DBInstanceIdentifier=SERVER,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        AllocatedStorage=50,
        MasterUsername="odoo",
        MasterUserPassword="of-the-loopback-cloud",
    )
    row = {**FACTS, "restore_tested_on": f"{datetime.now(UTC):%Y-%m-%d}"}
    lines = (",".join(row), ",".join(row.values()))
    (empty.folder / "estate.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    empty.costack("adopt", "start", "--inventory", "estate.csv")
    assert "6 of 9" in empty.costack("adopt", "next").stdout
    _kept(empty, "preview.json", "preview", "--json")
    empty.costack("adopt", "import", "--plan", "preview.json")
    said = empty.pulumi("import", "--file", "import.json", "--yes", "--generate-code=false", "--stack", STACK)
    assert "3 imported" in said.text  # the tenant, its server's component, and the server
    _kept(empty, "state.json", "stack", "export")
    [server] = (each for each in empty.saved()["resources"] if each.get("id") == SERVER)
    assert server["protect"]
    told = empty.costack("adopt", "next", "--stack-export", "state.json").stdout
    assert "brightwater: next: import: line 2: imported; give the preview of the next update" in told
    _kept(empty, "after.json", "preview", "--json")
    told = empty.costack("adopt", "next", "--stack-export", "state.json", "--plan", "after.json").stdout
    assert f"brightwater: import: line 2: the next update would replace {SERVER} (" in told
    assert "storageEncrypted" in told


def _kept(project: Project, name: str, *command: str) -> None:
    said = project.pulumi(*command, "--stack", STACK)
    (project.folder / name).write_text(said.stdout, encoding="utf-8")
