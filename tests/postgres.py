"""A real PostgreSQL server that a test starts and throws away, and an account that may start one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.portfolios import ROOT

TOOLS: Final = ROOT / ".toolchain" / "bin"
ADMIN: Final = "master"
ADMIN_PASSWORD: Final = "the master's own"
_NOBODY: Final = 65534
# A server for a test of seconds need not outlive a power cut.
_SETTINGS: Final = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=60",
)


def unprivileged() -> dict[str, Any]:
    """How to start a process that PostgreSQL agrees to be: root is nobody here, everybody else is himself."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder with a short name, for a socket has little room, that the unprivileged account owns."""
    folder = Path(tempfile.mkdtemp(prefix="costack-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        yield folder
    finally:
        shutil.rmtree(folder)


def give(path: Path) -> None:
    """Hand over what a test wrote below a scratch folder to the account that will work there."""
    if os.geteuid() == 0:
        for each in (path, *path.rglob("*")):
            os.chown(each, _NOBODY, _NOBODY)


@contextmanager
def programs() -> Iterator[Path]:
    """The folder of PostgreSQL's programs; a copy where the unprivileged account may not enter."""
    linked = TOOLS / "initdb"
    if not linked.exists():
        raise RuntimeError("there is no PostgreSQL in .toolchain/bin: run `make engine-postgres`")
    folder = linked.resolve().parent
    reachable = (
        subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            **unprivileged(),
        )
        if _may_enter(folder)
        else None
    )
    if reachable is not None and reachable.returncode == 0:
        yield folder
        return
    with scratch() as copy:
        # The libraries that the programs were built with lie beside them, two folders up.
        shutil.copytree(folder.parents[2], copy / "packages", symlinks=True)
        give(copy)
        yield copy / "packages" / folder.relative_to(folder.parents[2])


def _may_enter(folder: Path) -> bool:
    if os.geteuid() != 0:
        return True
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


@dataclass(frozen=True)
class Server:
    """A running server; `socket` is the folder of its socket."""

    programs: Path
    socket: Path

    @property
    def path(self) -> str:
        """A PATH on which its programs come first."""
        return f"{self.programs}:/usr/bin:/bin"

    def connection(self, user: str, password: str, database: str) -> dict[str, str]:
        """The environment that libpq reads."""
        return {
            "PATH": self.path,
            "PGHOST": str(self.socket),
            "PGUSER": user,
            "PGPASSWORD": password,
            "PGDATABASE": database,
            "PGCONNECT_TIMEOUT": "20",
        }

    def ask(
        self,
        sql: str,
        *,
        database: str = "postgres",
        user: str = "postgres",
        password: str = ADMIN_PASSWORD,
    ) -> str:
        """What psql prints for *sql*; it must succeed."""
        done = self.try_to_ask(sql, database=database, user=user, password=password)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def try_to_ask(
        self,
        sql: str,
        *,
        database: str = "postgres",
        user: str = "postgres",
        password: str = ADMIN_PASSWORD,
    ) -> subprocess.CompletedProcess[str]:
        """How psql ends for *sql*."""
        return subprocess.run(
            [
                "psql",
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
            ],
            input=sql,
            env=self.connection(user, password, database),
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that lives as long as the block; `postgres` is its superuser, `master` what RDS gives.

    The master may make roles and databases, and is no superuser.
    """
    with programs() as tools, scratch() as folder:
        password = folder / "password"
        password.write_text(ADMIN_PASSWORD, encoding="utf-8")
        password.chmod(0o644)
        data = folder / "data"
        _run(
            [
                str(tools / "initdb"),
                f"--pgdata={data}",
                "--username=postgres",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            folder,
        )
        settings = [f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={folder}")]
        control = [str(tools / "pg_ctl"), f"--pgdata={data}", "--wait"]
        _run([*control, "start", f"--log={folder / 'log'}", f"--options={' '.join(settings)}"], folder)
        try:
            server = Server(tools, folder)
            quoted = ADMIN_PASSWORD.replace("'", "''")
            server.ask(f"CREATE ROLE {ADMIN} LOGIN CREATEDB CREATEROLE PASSWORD '{quoted}'")
            yield server
        finally:
            _run([*control, "stop", "--mode=immediate"], folder)


def _run(command: list[str], folder: Path) -> None:
    # Into a file: the server would keep a pipe open for as long as it lives.
    with (folder / "said").open("wb") as said:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            **unprivileged(),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
    if done.returncode:
        raise RuntimeError((folder / "said").read_text(encoding="utf-8"))
