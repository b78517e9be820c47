"""Runs the scripts of pods on this machine: real PostgreSQL, and a bucket that is a folder."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from components.kubernetes.jobs import command
from components.scripts import script
from components.tenant.database import setup_script
from components.tenant.rotation import reader_role, second_role
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE, fill
from tests.postgres import ADMIN, ADMIN_PASSWORD, MAJORS, OWNER, Server, give, programs, scratch, unprivileged

BUCKET: Final = "backups"
TENANT: Final = {"database": DATABASE, "user": ROLE, "password": PASSWORD}
"""How the tenant itself asks a server."""
CONTAINERS: Final = {
    "fetch": "restore_test_fetch.sh",
    "restore": "restore_test.sh",
    "report": "restore_test_report.sh",
}
"""The containers of a restore test's pod, in the order in which they run, and their scripts."""
VOLUMES: Final = ("fetched", "restored")
READER_PASSWORD: Final = "the reports' own"
_PATIENCE_SECONDS: Final = 120
# Does with a folder what the AWS CLI does with a bucket, within the tenant's own prefixes; an upload is there
# when it is whole.
AWS: Final = r"""#!/bin/bash
set -euo pipefail
[ -n "${BUCKET:-}${MASTER_SECRET_ARN:-}" ] || { echo "Unable to locate credentials" >&2; exit 253; }
echo "$*" >>"@@calls"
key() {
  # What the role of a stage that reads an upload may read, and nothing else.
  local own=acme
  [ "${PREFIX:-}" != acme.upload ] || own=acme.upload
  case "$1" in
    s3://backups/dumps/$own/*|s3://backups/manifests/$own/*) ;;
    s3://backups/filestores/$own|s3://backups/filestores/$own/*) ;;
    *) echo "AccessDenied: $1" >&2; exit 254 ;;
  esac
  echo "@@${1#s3://backups/}"
}
case "$1 $2" in
  "s3 cp")
    if [ "$3" = --recursive ]; then
      from=$(key "$4")
      mkdir -p "$5"
      [ ! -d "$from" ] || cp -r "$from/." "$5"
    elif [ "$3" = - ]; then
      to=$(key "$4")
      mkdir -p "${to%/*}"
      cat >"$to.part.$$"
      mv "$to.part.$$" "$to"
    else
      from=$(key "$3")
      [ -f "$from" ] || { echo "fatal error: An error occurred (404): Key does not exist" >&2; exit 1; }
      cat "$from"
    fi ;;
  "s3 sync") to=$(key "$4"); mkdir -p "$to"; cp -r "$3/." "$to" ;;
  "s3 rm") rm "$(key "$3")" ;;
  "s3api list-objects-v2")
    [ "$3 $4 $5" = "--bucket backups --prefix" ]
    key "s3://backups/$6" >/dev/null
    cd "@@"
    found=$({ find "${6%/}" -type f -printf '%p\t%s\n' 2>/dev/null || true; } | LC_ALL=C sort)
    case "$8" in
      "Contents[].[Key,Size]") printf '%s\n' "${found:-None	None}" ;;
      "Contents[].Size") printf '%s\n' "${found:-None	None}" | cut -f2 | paste -sd '\t' ;;
      *) printf '%s\n' "$found" | cut -f1 | sed '$d' | paste -sd '\t' ;;
    esac ;;
  "secretsmanager get-secret-value") cat "@@secret" ;;
  "rds describe-db-engine-versions")
    case "$*" in *--default-only*) cat "@@rds-default" ;; *) cat "@@rds-versions" ;; esac ;;
  "rds describe-engine-default-parameters") cat "@@rds-parameters" ;;
  *) echo "unknown: $*" >&2; exit 252 ;;
esac
"""

# Gives a copy of what PostgreSQL's own program made before with the same options, and has it made the first
# time: nearly half of a restore test would go into it. The two templates, two thirds of what is to be copied,
# are never written to, so all copies have the same.
INITDB: Final = r"""#!/bin/bash
set -euo pipefail
options=()
for each; do case "$each" in --pgdata=*) data=${each#*=} ;; *) options+=("$each") ;; esac; done
made=@@kept/$(printf '%s\n' "@@initdb" "${options[@]}" | sha256sum | cut -c1-16)
if [ ! -e "$made" ]; then
  "@@initdb" --pgdata="$made.$$" --wal-segsize=1 "${options[@]}"
  mkdir "$made.$$.templates"
  for each in 1 4; do
    mv "$made.$$/base/$each" "$made.$$.templates/"
    ln -s "$made.$$.templates/$each" "$made.$$/base/$each"
  done
  mv "$made.$$" "$made"
fi
cp -R "$made" "$data"
"""


@dataclass(frozen=True)
class Pods:
    """Where pods of the tenant `acme` run: their tools, their files, and the bucket.

    `clients` are PostgreSQL's programs in the operations image: of the newest version, as an image that reads
    every server has them.
    """

    server: Server
    folder: Path
    clients: int = MAJORS[-1]

    @property
    def bucket(self) -> Path:
        """The folder that is the bucket."""
        return self.folder / "bucket"

    @property
    def filestore(self) -> Path:
        """What Odoo keeps its files in."""
        return self.folder / "odoo" / "filestore" / DATABASE

    def environment(self, **more: str) -> dict[str, str]:
        """What a container of the operations image gets."""
        return {
            "PATH": f"{self.folder / 'tools'}:{programs(self.clients)}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "TENANT": "acme",
            "OWNER": OWNER,
            "BUCKET": BUCKET,
            "PREFIX": "acme",
            "RETENTION_DAYS": "30",
            "DATA": str(self.folder / "data"),
            "BACKUP": "",
            "SAMPLE": "1000",
            "MEASURE_SQL": script("measure.sql"),
            "SEQUENCES_SQL": script("sequences.sql"),
            "NEWEST_SQL": script("newest.sql"),
            "USERS_SQL": script("users.sql"),
            "AS_SQL": script("database_sql.sh"),
            "BRING": script("filestore_bring.sh"),
            "COUNT": script("restored_counts.sh"),
            **more,
        }

    def start(self, text: str, **more: str) -> subprocess.Popen[str]:
        """Start a script as the pod's user."""
        for name, path in self._places().items():
            text = text.replace(name, path)
            more = {key: value.replace(name, path) for key, value in more.items()}
        return subprocess.Popen(
            command(text)["command"],
            env=self.environment(**more),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **unprivileged(),
        )

    def run(self, text: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        process = self.start(text, **more)
        try:
            stdout, stderr = process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def back_up(self) -> str:
        """Take a backup and say when it was taken."""
        before = set(self.manifests())
        done = self.run(script("backup.sh"))
        assert done.returncode == 0, done.stderr
        (taken,) = set(self.manifests()) - before
        return taken

    def restore_test(self, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the containers of a restore test: what the report printed, and how the last that ran ended."""
        self.empty_volumes()
        said = ""
        for name in CONTAINERS:
            with self.container(name, **more) as process:
                stdout, stderr = process.communicate(timeout=_PATIENCE_SECONDS)
            said += stderr
            if process.returncode:
                break
        printed = stdout if name == "report" else ""
        return subprocess.CompletedProcess(process.args, process.returncode, printed, said)

    def empty_volumes(self) -> None:
        """What the pod of a restore test begins with."""
        for place in VOLUMES:
            shutil.rmtree(self.folder / place, ignore_errors=True)
            (self.folder / place).mkdir()
            give(self.folder / place)

    @contextmanager
    def container(self, name: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Start a container of a restore test: with its volumes, and with the role where it has one."""
        variables = {**more, **{each.upper(): str(self.folder / each) for each in VOLUMES}}
        alone = name == "restore"
        if alone:
            variables |= dict.fromkeys(("TENANT", "OWNER", "BUCKET", "PREFIX", "BACKUP"), "")
        with _read_only(self.folder / "fetched") if alone else nullcontext():
            process = self.start(script(CONTAINERS[name]), **variables)
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def manifests(self) -> list[str]:
        """The backups that are complete."""
        return [path.stem for path in sorted((self.bucket / "manifests" / "acme").glob("*.json"))]

    def _places(self) -> Mapping[str, str]:
        home = self.folder
        return {
            "/etc/odoo/odoo.conf": str(home / "odoo.conf"),
            "/var/lib/odoo": str(home / "odoo"),
            "/tmp/measured": str(home / "measured"),
            "/tmp/move": str(home / "move"),
            "/tmp/side": str(home / "side"),
            "/tmp/update": str(home / "update"),
            "/var/lib/target": str(home / "target"),
            "/run/secrets/tenant/password": str(home / "password"),
            "/run/secrets/tenant/second": str(home / "second"),
            "/run/secrets/tenant/reader": str(home / "reader"),
            "/run/secrets/monitor/password": str(home / "monitor"),
        }

    @contextmanager
    def copied(self) -> Iterator[Pods]:
        """Pods with a bucket of their own that holds the same, to be damaged."""
        with scratch() as folder:
            for name in ("bucket", "odoo", "tools"):
                shutil.copytree(self.folder / name, folder / name)
            shutil.copy(self.folder / "odoo.conf", folder / "odoo.conf")
            other = Pods(self.server, folder)
            equip(other)
            yield other


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """As a volume is in a container that may not write it."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def running_pods(server: Server) -> Iterator[Pods]:
    """Pods beside a server on which `acme` has been set up and Odoo has been at work."""
    with scratch() as folder:
        pods = Pods(server, folder)
        (folder / "tools").mkdir()
        for name in ("bucket", "target"):
            (folder / name).mkdir()
        equip(pods)
        done = set_up(pods, ROLE, DATABASE, PASSWORD)
        assert done.returncode == 0, done.stderr
        fill(server, pods.filestore)
        give(folder)
        yield pods


def set_up(
    pods: Pods, role: str, database: str, password: str, connections: int = 10, **rotation: Any
) -> subprocess.CompletedProcess[str]:
    """Run the job that makes a tenant's role and database, at a stage of a rotation if one is named."""
    return pods.run(setup_script(), **setting_up(pods, role, database, password, connections, **rotation))


def setting_up(  # noqa: PLR0917 - what the job gets
    pods: Pods,
    role: str,
    database: str,
    password: str,
    connections: int = 10,
    stage: str = "none",
    second: str = "",
    patience: int = 600,
    readers: int = 0,
) -> dict[str, str]:
    """Lay out the Secret of that job, and say what its container gets."""
    for name, text in (("password", password), ("second", second), ("reader", READER_PASSWORD)):
        (pods.folder / name).write_text(text, encoding="utf-8")
    return {
        "MASTER_SECRET_ARN": "arn:master",
        "TENANT_ROLE": role,
        "SECOND_LOGIN": second_role(role),
        "READER_ROLE": reader_role(role),
        "READER_CONNECTIONS": str(readers),
        "TENANT_DATABASE": database,
        "CONNECTION_LIMIT": str(connections),
        "IDLE_IN_TRANSACTION_SECONDS": "2100",
        "PGHOST": pods.server.host,
        "ROTATION": stage,
        "LOGIN_WAIT_SECONDS": str(patience),
    }


@contextmanager
def keeping(pods: Pods) -> Iterator[Callable[[], None]]:
    """Give what puts the tenant's database back to the row, which also happens at the end.

    The server is shared by many files of tests: what one left changed, another would take for lost data.
    """
    server = pods.server
    server.ask(f"CREATE DATABASE kept TEMPLATE {DATABASE} OWNER {ROLE}")

    def make(sql: str) -> None:
        forget(server)
        server.ask(sql)
        server.ask(f"REVOKE CONNECT, TEMPORARY ON DATABASE {DATABASE} FROM PUBLIC")
        assert set_up(pods, ROLE, DATABASE, PASSWORD).returncode == 0

    try:
        yield lambda: make(f"CREATE DATABASE {DATABASE} TEMPLATE kept OWNER {ROLE}")
    finally:
        make(f"ALTER DATABASE kept RENAME TO {DATABASE}")


def forget(server: Server) -> None:
    """Drop the tenant's database, whoever is connected."""
    server.ask(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def move_places(source: Server, target: Server, move: str) -> dict[str, str]:
    """What the jobs of a move get: between which servers, and the mark of the attempt."""
    return {
        "SOURCE_HOST": source.host,
        "TARGET_HOST": target.host,
        "PGHOST": target.host,
        "MASTER_SECRET_ARN": "arn:master",
        "TENANT_ROLE": ROLE,
        "SECOND_LOGIN": second_role(ROLE),
        "READER_ROLE": reader_role(ROLE),
        "TENANT_DATABASE": DATABASE,
        "CONNECTION_LIMIT": "10",
        "MOVE": move,
        "IDLE_IN_TRANSACTION_SECONDS": "2100",
        "SETUP": script("database_setup.sh"),
        "DROP": script("database_drop.sh"),
    }


def said(server: Server) -> str:
    """What the tenant's database says of itself; nothing when it says nothing or is not there."""
    about = "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
    return server.ask(f"{about} WHERE datname = '{DATABASE}'")


def equip(pods: Pods) -> None:
    """Give the pods their tools, the master's secret and odoo.conf."""
    initdb = INITDB.replace("@@kept", str(_made())).replace(
        "@@initdb", str(programs(pods.clients) / "initdb")
    )
    for name, text in (("aws", AWS.replace("@@", f"{pods.bucket}/")), ("initdb", initdb)):
        tool = pods.folder / "tools" / name
        tool.write_text(text, encoding="utf-8")
        tool.chmod(0o755)
    secret = pods.bucket / "secret"
    secret.write_text(f'{{"username": "{ADMIN}", "password": "{ADMIN_PASSWORD}"}}', encoding="utf-8")
    options = {"db_host": pods.server.host, "db_user": ROLE, "db_password": PASSWORD, "db_name": DATABASE}
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    (pods.folder / "odoo.conf").write_text(f"[options]\n{lines}", encoding="utf-8")
    give(pods.folder)
    assert os.access(tool, os.X_OK)


@cache
def _made() -> Path:
    """Where the data of servers that never ran is kept for this process's pods."""
    folder = Path(tempfile.mkdtemp(prefix="costack-initdb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    give(folder)
    return folder
