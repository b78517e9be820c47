"""Interpreters that start without importing: what makes a Pulumi run cost half."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from localcloud.patience import Patience, Starting, ended
from tests.portfolios import ROOT

_HERE: Final = Path(__file__).resolve().parent
_PYTHON: Final = ROOT / ".venv" / "bin" / "python"
_ASKED: Final[list[socket.socket]] = []
SHARED: Final = "COSTACK_TESTS_WARM"
POSSIBLE: Final = sys.platform == "linux"
"""Elsewhere a process cannot be waited for beside a connection (pidfd), and interpreters start as ever."""


@functools.cache
def server() -> Path:
    """The socket of the server that the workers of this run of tests share, else of this process's own."""
    known, _, pid = os.environ.get(SHARED, "").rpartition(":")
    path, process = (Path(known), int(pid)) if known else _started()
    starting = Starting("the server of interpreters", lambda: [process], lambda: ended(process))
    Patience().wait(starting, lambda: _listens(path) or None)
    return path


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def share() -> None:
    """Start it for all processes that this one will start; who needs it waits until it is ready."""
    if POSSIBLE:
        path, pid = _started()
        os.environ[SHARED] = f"{path}:{pid}"


def _started() -> tuple[Path, int]:
    """The socket of a server that will be there and that ends with this process, and its process id."""
    folder = Path(tempfile.mkdtemp(prefix="costack-warm-"))
    path = folder / "socket"
    process = subprocess.Popen(
        [str(_PYTHON), str(_HERE / "warm_server.py"), str(path)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )

    def stop() -> None:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return path, process.pid


def equip(environment: Path, project: Path | None = None) -> None:
    """Make *environment* a copy of this repository's virtual environment whose `python` is forked.

    With the folder of a *project*, its modules are imported before, too.
    """
    source = ROOT / ".venv"
    if not POSSIBLE:
        environment.symlink_to(source)
        return
    (environment / "bin").mkdir(parents=True)
    for name in ("lib", "pyvenv.cfg"):
        (environment / name).symlink_to(source / name)
    for program in (source / "bin").iterdir():
        if not program.name.startswith("python"):
            (environment / "bin" / program.name).symlink_to(program)
    path = _server_of(project) if project else server()
    text = (_HERE / "warm_client.py").read_text(encoding="utf-8")
    text = text.replace("@@server", str(path)).replace("@@python", str(_PYTHON))
    client = environment / "bin" / "python"
    real = Path(sys.executable).resolve()
    client.write_text(f"#!{real} -ISE\n{text}", encoding="utf-8")
    client.chmod(0o755)


@functools.cache
def home() -> Path:
    """A folder with what lies in this repository and an environment whose `python` is forked."""
    folder = Path(tempfile.mkdtemp(prefix="costack-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for each in ROOT.iterdir():
        if (each / "__init__.py").is_file() or each.name == ".toolchain":
            (folder / each.name).symlink_to(each)
    equip(folder / ".venv", folder)
    return folder


def _server_of(project: Path) -> Path:
    """The socket of a server with the project's modules; it ends with this process."""
    path = server().with_name(f"project-{os.getpid()}-{len(_ASKED)}")
    connection = socket.socket(socket.AF_UNIX)
    _ASKED.append(connection)  # its end would be the server's
    connection.connect(str(server()))
    request = ascii({"project": str(project), "socket": str(path)})
    connection.sendall(f"{request}\n".encode())
    assert connection.recv(16) == b"ready\n", f"the server for {project} did not start"
    return path
