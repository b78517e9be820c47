from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.lifecycle.test_import_estate import INSTANCE, estate, preview


def test_an_estate_becomes_an_import_file(tmp_path: Path) -> None:
    rows = estate(tmp_path, f"acme,{INSTANCE},acme-prod-db,")
    plan, out = tmp_path / "preview.json", tmp_path / "import.json"
    plan.write_text(json.dumps(preview()), encoding="utf-8")
    command = ["import", "--csv", str(rows), "--plan", str(plan), "--out", str(out)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == Exit.OK
    assert "acme-prod-db lacks cost/client=acme-ltd" in done.stdout
    assert "1 of 1 resources are matched" in done.stdout
    assert json.loads(out.read_text(encoding="utf-8"))["resources"][-1]["id"] == "acme-prod-db"
    again = CliRunner().invoke(app, command)
    assert again.exit_code == Exit.CONFIGURATION
    assert "exists already" in again.stderr


def test_a_preview_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    rows = estate(tmp_path, f"acme,{INSTANCE},acme-prod-db,")
    done = CliRunner().invoke(app, ["import", "--csv", str(rows), "--plan", str(tmp_path / "gone.json")])
    assert done.exit_code == Exit.CONFIGURATION
    assert "gone.json: no such file" in done.stderr
