"""A real PostgreSQL server that a test starts and throws away, and an account that may start one."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from localcloud.patience import Patience, Starting
from tests.portfolios import ROOT

TOOLS: Final = ROOT / ".toolchain" / "postgresql"
MAJORS: Final = (16, 17, 18)
"""Every version that a portfolio may name."""
NEWEST_SOLD: Final = 17
"""What the portfolios here name."""
CHOSEN: Final = MAJORS if os.environ.get("COSTACK_EVERY_VERSION") else MAJORS[-1:]
"""Where PostgreSQL's versions are not known to differ, `make test` tries the newest, `make torture` all."""
chosen_versions: Final = pytest.mark.parametrize(
    "server", CHOSEN, indirect=True, ids=lambda major: f"postgresql-{major}"
)
"""For a test with the fixture `server`, which otherwise is of `EVERY_MAJOR`."""
EVERY_MAJOR: Final = (
    *(pytest.param(major, marks=pytest.mark.whole("the newest version is tried")) for major in MAJORS[:-1]),
    MAJORS[-1],
)
"""Where they are known to differ, `make whole` tries all."""
ADMIN: Final = "master"
ADMIN_PASSWORD: Final = "the master's own"
PORT: Final = 5432
OWNER: Final = "local/acme-consulting/acme"
"""Whose a tenant is here: portfolio, client and the id it was first deployed under."""
_NOBODY: Final = 65534
_CHECKSUMS: Final = 18
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
# Predefined roles that rds_superuser holds and every version here has.
_RDS_SUPERUSER: Final = ("pg_monitor", "pg_signal_backend", "pg_checkpoint", "pg_create_subscription")
# A server for a test of seconds need not outlive a power cut.
_SETTINGS: Final = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",  # a new database is 7 MB, which would be written twice
    "max_wal_senders=0",
    "shared_buffers=16MB",
    "max_connections=60",
    "log_statement=ddl",  # as the parameter group of the product's servers has it
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


@cache
def programs(major: int = NEWEST_SOLD) -> Path:
    """The folder of that version's programs; a copy where the unprivileged account may not enter."""
    installed = TOOLS / str(major)
    if not installed.exists():
        raise RuntimeError(f"there is no PostgreSQL {major} in .toolchain: run `make engine-postgres`")
    folder = installed.resolve()
    if os.geteuid() == 0 and not all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents)):
        # The libraries that the programs were built with lie beside them, and so do extensions.
        copy = Path(tempfile.mkdtemp(prefix="costack-postgresql-"))
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        folder = Path(shutil.copytree(folder, copy / str(major), symlinks=True))
        give(copy)
    return folder / "bin"


@dataclass(frozen=True)
class Server:
    """A running server; who asks over the network must speak TLS, as on RDS.

    Attributes:
        programs: The programs of its own version.
        host: Its address on this machine, of its own: the port is always PostgreSQL's.
        major: Its version.
        folder: Where its data and its log lie.
    """

    programs: Path
    host: str
    major: int
    folder: Path

    @property
    def path(self) -> str:
        """A PATH on which its programs come first."""
        return f"{self.programs}:/usr/bin:/bin"

    def connection(self, user: str, password: str, database: str) -> dict[str, str]:
        """The environment that libpq reads."""
        return {
            "PATH": self.path,
            "PGHOST": self.host,
            "PGSSLMODE": "require",
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
                str(self.programs / "psql"),
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

    @property
    def log(self) -> str:
        """All that the server has written down."""
        return (self.folder / "log").read_text(encoding="utf-8")


@contextmanager
def running_server(
    major: int = NEWEST_SOLD, *, like_rds: bool = False, settings: Sequence[str] = ()
) -> Iterator[Server]:
    """A server that lives as long as the block; `postgres` is its superuser, `master` what RDS gives.

    The master may make roles and databases, and is no superuser. `like_rds` grants it what RDS's role
    `rds_superuser` has besides (Amazon RDS User Guide, "Understanding the rds_superuser role").
    """
    with scratch() as folder:
        lay_out(major, folder)
        with served(major, folder, settings=settings) as server:
            make_master(server, like_rds=like_rds)
            yield server


def lay_out(major: int, folder: Path) -> None:
    """Put the data of a server that never ran into *folder*."""
    give(Path(shutil.copytree(_fresh(major), folder / "data")))


def make_master(server: Server, *, like_rds: bool = False) -> None:
    """Make what RDS gives; see `running_server`."""
    quoted = ADMIN_PASSWORD.replace("'", "''")
    server.ask(f"CREATE ROLE {ADMIN} LOGIN CREATEDB CREATEROLE PASSWORD '{quoted}'")
    if like_rds:
        server.ask(f"GRANT {', '.join(_RDS_SUPERUSER)} TO {ADMIN} WITH ADMIN OPTION")


LEADING: Final = ("wal_level=replica", "max_wal_senders=4")
"""The settings of a server that another one follows."""


@contextmanager
def following_server(source: Server, *, settings: Sequence[str] = ()) -> Iterator[Server]:
    """A server that follows *source*, which has the settings `LEADING`, as a replica of RDS does."""
    with scratch() as folder:
        data, password = folder / "data", ADMIN_PASSWORD.replace("'", r"\'")
        where = f"host={source.host} user=postgres password='{password}' sslmode=require"
        back_up(source, data)
        # What pg_basebackup would write itself, the server's own libpq may be too old for.
        (data / "standby.signal").touch()
        give(data)
        given = (*LEADING, f"primary_conninfo={where}", *settings)
        with served(source.major, folder, settings=given) as server:
            yield server


def back_up(source: Server, data: Path) -> None:
    """Copy the data of *source*, which has the settings `LEADING`, while it works."""
    password = ADMIN_PASSWORD.replace("'", r"\'")
    where = f"host={source.host} user=postgres password='{password}' sslmode=require"
    options = ["-D", str(data), "-d", where, "--checkpoint=fast", "--no-sync"]
    _run([str(source.programs / "pg_basebackup"), *options], data.parent)


@contextmanager
def served(
    major: int, folder: Path, *, settings: Sequence[str] = (), ending: signal.Signals = signal.SIGQUIT
) -> Iterator[Server]:
    """A server of the data in *folder*; it ends at once, as in a crash, or with SIGINT in good order."""
    tools, host = programs(major), own_address()
    given = (*_SETTINGS, f"unix_socket_directories={folder}", f"listen_addresses={host}", *settings)
    command = [str(tools / "postgres"), "-D", str(folder / "data"), *(f"--{each}" for each in given)]
    with _started(command, folder, ending):
        yield Server(tools, host, major, folder)


def upgrade(folder: Path, old: int, new: int) -> str:
    """Upgrade the data in *folder* with PostgreSQL's own pg_upgrade, as RDS does; what it said.

    Raises:
        RuntimeError: When it refused; the data is what it was, then.
    """
    before, after = folder / "data", folder / "upgraded"
    # From 18 on new data has checksums; pg_upgrade wants both alike.
    alike = ["--no-data-checksums"] if new >= _CHECKSUMS else []
    _initdb(new, folder, after, _fresh(old).parent / "password", alike)
    _only_over_tls(after)
    for data in (before, after):
        (data / "pg_hba.conf").rename(data / "pg_hba.kept")
        (data / "pg_hba.conf").write_text("local all all trust\n", encoding="utf-8")
    give(folder)
    options = (
        f"--old-bindir={programs(old)}",
        f"--new-bindir={programs(new)}",
        f"--old-datadir={before}",
        f"--new-datadir={after}",
        f"--socketdir={folder}",
        "--username=postgres",
        "--no-sync",
    )
    try:
        said = _run([str(programs(new) / "pg_upgrade"), *options], folder)
    finally:
        for data in (before, after):
            (data / "pg_hba.kept").rename(data / "pg_hba.conf")
    shutil.rmtree(before)
    after.rename(before)
    return said


@contextmanager
def _started(command: list[str], folder: Path, ending: signal.Signals) -> Iterator[None]:
    """A server that lives as long as the block, and is ready when it begins."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests
            env=_ENVIRONMENT,
            **unprivileged(),
        )
    try:
        starting = Starting.of("PostgreSQL", process, log=folder / "log")
        Patience().wait(starting, lambda: _ready(folder / "data" / "postmaster.pid"))
        yield
    finally:
        process.send_signal(ending)  # SIGQUIT is PostgreSQL's immediate shutdown, SIGINT its fast one
        process.wait()


def _ready(record: Path) -> bool | None:
    """Whether a server is; it says so in the eighth line of its record (PostgreSQL, pidfile.h)."""
    try:
        return record.read_text(encoding="utf-8").splitlines()[7].strip() == "ready" or None
    except (FileNotFoundError, IndexError):
        return None


@cache
def _fresh(major: int) -> Path:
    """The data of a server that never ran, which each server gets a copy of: making it takes a second."""
    folder = Path(tempfile.mkdtemp(prefix="costack-fresh-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = folder / "password"
    password.write_text(ADMIN_PASSWORD, encoding="utf-8")
    give(folder)
    data = folder / "data"
    _initdb(major, folder, data, password)
    _only_over_tls(data)
    return data


def _initdb(major: int, folder: Path, data: Path, password: Path, more: Sequence[str] = ()) -> None:
    options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    # Made-up passwords need not be slow to guess: a quarter of a short session would be spent on that.
    options.append("--set=scram_iterations=1")
    # Every server gets a copy of its log of changes, 16 MB if nobody says less.
    options.append("--wal-segsize=1")
    initdb = programs(major) / "initdb"
    _run([str(initdb), f"--pgdata={data}", f"--pwfile={password}", *options, *more], folder)


def _only_over_tls(data: Path) -> None:
    """Give the server a certificate of its own, and let nobody in who does not speak TLS."""
    key, certificate = data / "server.key", data / "server.crt"  # where PostgreSQL looks
    made = (
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    )
    _run(
        ["/usr/bin/openssl", *made, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        data.parent,
    )
    key.chmod(0o600)
    allowed = "".join(f"hostssl {what} all 127.0.0.0/8 scram-sha-256\n" for what in ("all", "replication"))
    (data / "pg_hba.conf").write_text(allowed, encoding="utf-8")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("log_connections = on\nssl = on\n")


def own_address() -> str:
    """An address of this machine that no other server uses: jobs know a server by its host alone."""
    while True:
        host = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}"
        with socket.socket() as probe:
            try:
                probe.bind((host, PORT))
            except OSError:
                continue
            return host


def _run(command: list[str], folder: Path) -> str:
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
            env=_ENVIRONMENT,
        )
    answer = (folder / "said").read_text(encoding="utf-8")
    if done.returncode:
        raise RuntimeError(answer)
    return answer
