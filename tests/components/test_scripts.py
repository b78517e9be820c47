from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from components.kubernetes.jobs import command
from components.scripts import script

SCRIPTS = sorted(path.name for path in Path("components/scripts").glob("*.sh"))


def test_there_are_scripts() -> None:
    assert {"backup.sh", "database_setup.sh", "neutralised.sh", "odoo_setup.sh", "restore_test.sh"} <= {
        *SCRIPTS
    }


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_bash(name: str) -> None:
    subprocess.run(["bash", "-n"], input=script(name), text=True, check=True)


def test_a_script_ends_at_its_first_failure() -> None:
    assert command("false; echo on")["command"] == ["/bin/bash", "-euo", "pipefail", "-c", "false; echo on"]
    done = subprocess.run(command("false; echo on")["command"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def fake_tools(folder: Path, **scripts: str) -> dict[str, str]:
    for name, body in scripts.items():
        tool = folder / name
        tool.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
        tool.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


# Counts as PostgreSQL would; tests/lifecycle asks a real one.
PSQL = """
while read -r line; do
  case $line in
    *pg_export_snapshot*) echo 00000003-0000001B-1 ;;
    *server_version_num*) echo 170006 ;;
    *"FROM public.res_users"*) echo 4 ;;
    *tables*) echo '{"table": "public.res_users", "rows": 2, "highest": 6}' ;;
    *sequences*) echo '{"public.res_users_id_seq": 6}' ;;
    *done*) echo done ;;
    *q*) exit ;;
  esac
done"""


def run_backup(
    tmp_path: Path, *, dump: str, files: bool, psql: str = PSQL
) -> subprocess.CompletedProcess[str]:
    """The backup with made-up tools; `aws` keeps what is uploaded in a folder."""
    home = tmp_path / "pod"
    home.mkdir()
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    conf = home / "odoo.conf"
    conf.write_text("[options]\ndb_host = db\ndb_user = t_acme\ndb_password = p\ndb_name = odoo_acme\n")
    if files:
        (home / "filestore" / "odoo_acme" / "ab").mkdir(parents=True)
        (home / "filestore" / "odoo_acme" / "ab" / "abcd").write_text("content")
    text = script("backup.sh").replace("/etc/odoo/odoo.conf", str(conf)).replace("/var/lib/odoo", str(home))
    text = text.replace("/tmp/measured", str(tmp_path / "measured"))
    tools = fake_tools(
        tmp_path,
        pg_dump=f'case "$1" in --version) echo "pg_dump (PostgreSQL) 18.0" ;; *) {dump} ;; esac',
        psql=psql,
        aws=f"""
case "$1 $2" in
  "s3 cp") mkdir -p "{bucket}/$(dirname "${{4#s3://}}")"; cat > "{bucket}/${{4#s3://}}" ;;
  "s3 sync") mkdir -p "{bucket}/${{4#s3://}}"; cp -r "$3/." "{bucket}/${{4#s3://}}" ;;
  "s3 rm") echo "$3" >> "{bucket}/removed" ;;
  "s3api list-objects-v2")
    [[ "$8" = sort_by* ]] || {{ echo None; exit; }}  # nothing but what was dumped long ago, for the retention
    printf '%s\\t%s\\n' dumps/acme/20{{20,99}}-01-01T00:00:00Z.dump ;;
esac""",
    )
    variables = {
        "TENANT": "acme",
        "OWNER": "local/acme-ltd/acme",
        "BUCKET": "b",
        "PREFIX": "acme",
        "RETENTION_DAYS": "30",
        "MEASURE_SQL": "tables",
        "SEQUENCES_SQL": "sequences",
        "USERS_SQL": script("users.sql"),
    }
    return subprocess.run(
        command(text)["command"], env=tools | variables, capture_output=True, text=True, check=False
    )


FULL_DUMP = "head -c 5000 /dev/zero"


def test_a_backup_holds_dump_files_and_a_manifest(tmp_path: Path) -> None:
    done = run_backup(tmp_path, dump=FULL_DUMP, files=True)
    assert done.returncode == 0, done.stderr
    (dump,) = (tmp_path / "bucket" / "b" / "dumps" / "acme").iterdir()
    assert dump.stat().st_size == 5000
    assert (tmp_path / "bucket" / "b" / "filestores" / "acme" / "ab" / "abcd").read_text() == "content"
    (manifest,) = (tmp_path / "bucket" / "b" / "manifests" / "acme").glob("*.json")
    message = json.loads(manifest.read_text())
    assert manifest.with_name("owner").read_text().strip() == message["owner"] == "local/acme-ltd/acme"
    assert (message["tenant"], message["started"], message["postgresql"]) == ("acme", manifest.stem, 170006)
    assert message["dump"] == f"s3://b/dumps/acme/{manifest.stem}.dump"
    assert (message["dump_bytes"], message["sha256"]) == (5000, hashlib.sha256(b"\0" * 5000).hexdigest())
    assert (message["filestore_files"], message["filestore_bytes"]) == (1, len("content"))
    assert message["filestore_names_sha256"] == hashlib.sha256(b"ab/abcd\n").hexdigest()
    assert message["active_users"] == 4
    assert message["tables"] == {"public.res_users": {"rows": 2, "highest": 6}}
    assert message["sequences"] == {"public.res_users_id_seq": {"lowest": 6, "highest": 6}}


def test_a_database_may_have_more_sequences_than_an_argument_has_room_for(tmp_path: Path) -> None:
    """Odoo makes one for each journal, company and year that wants no gaps."""
    many = {f"public.ir_sequence_{number}": number for number in range(5000)}
    psql = PSQL.replace('{"public.res_users_id_seq": 6}', json.dumps(many))
    assert run_backup(tmp_path, dump=FULL_DUMP, files=True, psql=psql).returncode == 0
    (manifest,) = (tmp_path / "bucket" / "b" / "manifests" / "acme").glob("*.json")
    assert len(json.loads(manifest.read_text())["sequences"]) == 5000


def test_only_dumps_past_their_retention_go(tmp_path: Path) -> None:
    run_backup(tmp_path, dump=FULL_DUMP, files=True)
    removed = (tmp_path / "bucket" / "removed").read_text().split()
    assert removed == ["s3://b/dumps/acme/2020-01-01T00:00:00Z.dump"]


@pytest.mark.parametrize(
    ("dump", "files", "message"),
    [
        (FULL_DUMP, False, "no filestore at"),
        ("true", True, "has only 0 bytes"),
        ("head -c 5000 /dev/zero; exit 3", True, ""),
    ],
)
def test_a_backup_that_is_not_one_fails_and_removes_nothing(
    tmp_path: Path,
    dump: str,
    files: bool,  # noqa: FBT001
    message: str,
) -> None:
    done = run_backup(tmp_path, dump=dump, files=files)
    assert done.returncode != 0
    assert message in done.stderr
    assert not (tmp_path / "bucket" / "removed").exists()
    assert list((tmp_path / "bucket" / "b").rglob("*.json")) == []
