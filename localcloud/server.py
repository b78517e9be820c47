"""Knows the life of the loopback AWS: started once, found again, ended by its own process id."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.environment import IS_INSTALLED, PULUMI_HOME, ROOT, STATE
from localcloud.patience import NotStartedError, Patience, Starting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODULE = f"{__package__}.aws.cloud"
PATIENCE = Patience()
_MARKER = ".costack-local"
_STOP_SECONDS = 10.0
_WELL = range(200, 300)
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""Servers started by this very process, which has to collect them when they end."""
_MANIFESTS = "manifests"
_PULUMI_LOGS = f"{PULUMI_HOME}/logs"
_FORGOTTEN = (STATE, _MANIFESTS, f"{PULUMI_HOME}/workspaces", _PULUMI_LOGS, "server.log")
_NO_LOGS = """\
In a folder of this name Pulumi would keep every detail of each command, 20 MB an update. To write that takes
a quarter of an update that changes nothing. For such logs delete this file and make a folder of its name.
"""


class ServerError(Exception):
    """The local cloud cannot do what was asked; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Server:
    """A loopback AWS that is running."""

    pid: int
    endpoint: str


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """The loopback AWS that keeps its files in one folder."""

    directory: Path
    patience: Patience = PATIENCE
    tell: Callable[[str], None] | None = None
    """Takes a line about what is waited for while it starts."""

    @property
    def log(self) -> Path:
        """What the server printed since it was started."""
        return self.directory / "server.log"

    @property
    def _record(self) -> Path:
        return self.directory / "server.json"

    def running(self) -> Server | None:
        """The server, if its process is alive and really ours (process ids are reused)."""
        try:
            record = json.loads(self._record.read_text())
            server = Server(pid=int(record["pid"]), endpoint=str(record["endpoint"]))
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return server if self._is_ours(server.pid) else None

    def start(self) -> tuple[Server, bool]:
        """The running server, and whether this call started it."""
        self._claim()
        with self._lock():
            if found := self.running():
                return found, False
            return self._launch(), True

    def stop(self) -> bool:
        """Ends the server; False when none was running."""
        server = self.running()
        if server is None:
            return False
        os.kill(server.pid, signal.SIGTERM)
        if not self._gone(server.pid):
            os.kill(server.pid, signal.SIGKILL)
            self._gone(server.pid)
        self._record.unlink(missing_ok=True)
        return True

    def stacks_in_use(self) -> list[str]:
        """The stacks whose state has resources; one whose state cannot be read counts as well."""
        files = sorted((self.directory / STATE / ".pulumi" / "stacks").rglob("*.json"))
        return [file.stem for file in files if _has_resources(file)]

    def is_locked(self) -> bool:
        """Whether Pulumi has locked a stack: an update is running, or was killed."""
        return any((self.directory / STATE / ".pulumi" / "locks").rglob("*.json"))

    def reset(self) -> None:
        """Ends the server and forgets the local Pulumi state and the rendered manifests."""
        if not self.directory.exists():
            return
        if not (self.directory / _MARKER).is_file():
            raise ServerError(
                f"{self.directory} has no file {_MARKER}, so it was not made by localcloud and nothing was "
                "deleted; point COSTACK_LOCAL_DIR at the right folder, or remove it yourself."
            )
        self.stop()
        for name in _FORGOTTEN:
            path = self.directory / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _claim(self) -> None:
        """Marks the folder as ours, unless it holds something else already."""
        marker = self.directory / _MARKER
        if not marker.is_file() and self._unknown_files():
            raise ServerError(
                f"{self.directory} is not empty and was not made by localcloud; "
                "point COSTACK_LOCAL_DIR at a new folder."
            )
        (self.directory / STATE).mkdir(parents=True, exist_ok=True)
        keep_no_logs(self.directory)
        marker.touch()

    def _unknown_files(self) -> set[str]:
        """What lies in the folder besides manifests, which may be rendered before a cloud is started."""
        if not self.directory.exists():
            return set()
        return {path.name for path in self.directory.iterdir()} - {_MANIFESTS}

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.directory / "server.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _launch(self) -> Server:
        self._record.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(self._record)],
                cwd=self.directory,
                # Without the caller's AWS_* variables, so that no profile changes how moto answers.
                env={
                    **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
                    **({} if IS_INSTALLED else {"PYTHONPATH": str(ROOT)}),
                    # The policies AWS itself keeps are there to be attached, as in every real account.
                    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for the command, not for the cloud
            )
        _CHILDREN[process.pid] = process
        return self._awaited(process)

    def _awaited(self, process: subprocess.Popen[bytes]) -> Server:
        try:
            starting = Starting.of("the loopback AWS", process, log=self.log)
            return self.patience.wait(starting, self._answering, tell=self.tell)
        except BaseException as error:  # Ctrl-C, too, leaves no server behind that nobody knows of
            process.kill()
            process.wait()
            if isinstance(error, NotStartedError):
                raise ServerError(str(error)) from error
            raise

    def _answering(self) -> Server | None:
        server = self.running()
        return server if server and _healthy(server.endpoint) else None

    def _is_ours(self, pid: int) -> bool:
        command = _command_of(pid)
        return MODULE in command and str(self._record) in command

    def _gone(self, pid: int) -> bool:
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            _reap(pid)
            if not self._is_ours(pid):
                return True
            time.sleep(0.02)
        return False


def keep_no_logs(directory: Path) -> None:
    """Leave no room for Pulumi's logs: it has no setting, and goes without where there can be no folder.

    Args:
        directory: of the local cloud; a folder for logs that is there stays, and is used.
    """
    logs = directory / _PULUMI_LOGS
    if not logs.exists():
        logs.parent.mkdir(parents=True, exist_ok=True)
        logs.write_text(_NO_LOGS, encoding="utf-8")


def _command_of(pid: int) -> str:
    """The command line of a process, empty when it has ended."""
    listing = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return listing.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout


def _reap(pid: int) -> None:
    """Collects the process when it is a child of this one; it stays a zombie otherwise."""
    child = _CHILDREN.get(pid)
    if child is not None and child.poll() is not None:
        del _CHILDREN[pid]


def _healthy(endpoint: str) -> bool:
    """Whether a server answers; what it is asked for needs none of the services to be loaded."""
    # No proxy between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint}/moto-api/config", timeout=10) as answer:
            return bool(answer.status in _WELL)
    except OSError:
        return False


def _has_resources(file: Path) -> bool:
    """Whether a state has more than the stack itself and its providers."""
    try:
        latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        return any(not str(each["type"]).startswith("pulumi:") for each in latest.get("resources") or ())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return True
