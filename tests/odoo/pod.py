"""Runs the containers that the product declares, as processes on this machine.

What differs from a cluster: folders have other places, Odoo listens on loopback only, CPU is not limited and
the root is not read-only. Environment, arguments, scripts, configuration and memory limit are as declared.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lifecycle import pods as lifecycle_pods
from tests.odoo.declared import Manifest, Manifests
from tests.odoo.limits import Memory, memory
from tests.odoo.tree import Tree
from tests.postgres import ADMIN, ADMIN_PASSWORD, MAJORS, Server, give, programs

_NOBODY: Final = "65534"
# Nobody may not enter the home of the user whose cache holds the environment; it gets to read, no more.
_AS_NOBODY: Final = (
    "/usr/bin/setpriv",
    *(f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--no-new-privs"),
    *(f"--{which}=-all,+dac_read_search" for which in ("inh-caps", "ambient-caps", "bounding-set")),
)
_JOB_SECONDS: Final = 900
_READY_SECONDS: Final = 300
_MEMORY: Final = re.compile(r"(\d+)(Mi|Gi)")
"""As components write it, or as an API server gives it back: 1024Mi are 1Gi there."""


@dataclass
class Ended:
    """How a pod's process ended."""

    code: int
    output: str
    memory: Memory


class Running:
    """A container that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, used: Memory) -> None:
        self.process, self.log, self.memory = process, log, used

    @property
    def output(self) -> str:
        """What it has said up to now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, how: signal.Signals = signal.SIGTERM, patience: float = 60) -> int:
        """Stop it and everything it started."""
        if self.process.poll() is None:
            self._signal(how)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        self._signal(signal.SIGKILL)
        return self.process.wait()

    def _signal(self, which: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, which)


def _expanded(text: str, values: Mapping[str, str]) -> str:
    """What Kubernetes makes of `$(NAME)`: a variable that stands before, or the same again."""
    return re.sub(r"\$\((\w+)\)", lambda found: values.get(found[1], found[0]), text)


@dataclass(frozen=True)
class Host:
    """Where the pods of one tenant run, and what they reach.

    Attributes:
        tree: The Odoo in the image.
        folder: Holds the filestore, the scratch directory, secrets and the bucket.
        server: Its PostgreSQL server.
        manifests: What is declared for the tenant.
        elsewhere: Declared addresses -> addresses on this machine.
        trusted: The certificate of the cache.
        volumes: The folder that stands for the volumes of its pods.
    """

    tree: Tree
    folder: Path
    server: Server
    manifests: Manifests
    elsewhere: Mapping[str, str]
    trusted: Path
    volumes: str = "scratch"

    @property
    def data(self) -> Path:
        """The tenant's directory on the file system, mounted as /var/lib/odoo."""
        return self.folder / "filestore"

    @property
    def scratch(self) -> Path:
        """What is in the volumes of its pods that are nobody else's."""
        return self.folder / self.volumes

    @property
    def workloads(self) -> tuple[str, ...]:
        """Which Deployments of Odoo it has."""
        return tuple(name for name in ("web", "cron") if self.manifests.has(name))

    @property
    def database(self) -> str:
        """Its database."""
        return f"odoo_{self.manifests.owner}"

    @property
    def role(self) -> str:
        """Its role."""
        return f"t_{self.manifests.owner}"

    @property
    def password(self) -> str:
        """The role's password."""
        return self.manifests.secret(f"{self.manifests.owner}-database")["password"]

    def ask(self, sql: str) -> str:
        """What the tenant's database answers its role."""
        return self.server.ask(sql, database=self.database, user=self.role, password=self.password)

    @property
    def administrator_password(self) -> str:
        """The administrator's first password, as the Secret has it."""
        return self.manifests.secret(f"{self.manifests.owner}-admin")["password"]

    @contextmanager
    def web(self) -> Iterator[Running]:
        """A web pod that is ready, as its own probe judges."""
        with self._probed("web", "readinessProbe") as running:
            yield running

    @contextmanager
    def cron(self) -> Iterator[Running]:
        """A pod of scheduled actions that has started, as its own probe judges."""
        with self._probed("cron", "startupProbe") as running:
            yield running

    @contextmanager
    def _probed(self, name: str, which: str) -> Iterator[Running]:
        spec = self.manifests.deployment(name)
        probe = [self._found(word) for word in spec["containers"][0][which]["exec"]["command"]]
        with self.running(spec) as running:
            until = time.monotonic() + _READY_SECONDS
            while subprocess.run(probe, check=False, capture_output=True).returncode:
                assert running.process.poll() is None, running.output
                assert time.monotonic() < until, running.output
                time.sleep(1)
            yield running

    def prepare(self) -> None:
        """Make the folders and the tools of both images."""
        tools = self.folder / "tools"
        for path in (self.data, self.scratch, self.folder / "bucket", tools):
            path.mkdir(parents=True, exist_ok=True)
        odoo = f'#!/bin/bash\nexec "{self.tree.python}" "{self.tree.folder / "odoo-bin"}" "$@"\n'
        bucket = lifecycle_pods.AWS.replace("acme", self.manifests.owner)
        aws = bucket.replace("@@", f"{self.folder / 'bucket'}/")
        for name, text in (("odoo", odoo), ("aws", aws)):
            (tools / name).write_text(text, encoding="utf-8")
            (tools / name).chmod(0o755)
        secret = f'{{"username": "{ADMIN}", "password": "{ADMIN_PASSWORD}"}}'
        (self.folder / "bucket" / "secret").write_text(secret, encoding="utf-8")
        give(self.folder)

    def run(self, spec: Manifest, command: list[str] | None = None, **env: str) -> Ended:
        """Run a pod to its end: its init containers, then its container, or *command* in its place."""
        with self.running(spec, command, **env) as running:
            code = running.process.wait(_JOB_SECONDS)
            return Ended(code, running.output, running.memory)

    def killed_after(self, spec: Manifest, seconds: float) -> str | None:
        """Run a pod and kill it after that time; the container that ran then, None where all had ended."""
        places, until = self._places(spec), time.monotonic() + seconds
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            with self._started(container, places, None, {}) as running:
                try:
                    running.process.wait(max(0, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    running.end(signal.SIGKILL)
                    return str(container["name"])
        return None

    @contextmanager
    def running(self, spec: Manifest, command: list[str] | None = None, **env: str) -> Iterator[Running]:
        """A pod that runs as long as the block; an init container that fails is all that runs."""
        places = self._places(spec)
        for first in spec.get("initContainers", ()):
            with self._started(first, places, None, env) as running:
                if running.process.wait(_JOB_SECONDS):
                    yield running
                    return
        (container,) = spec["containers"]
        with self._started(container, places, command, env) as running:
            yield running

    @contextmanager
    def _started(
        self, container: Manifest, places: Mapping[str, Path], command: list[str] | None, env: dict[str, str]
    ) -> Iterator[Running]:
        ((size, unit),) = _MEMORY.findall(container["resources"]["limits"]["memory"])
        limit = int(size) * (1024 if unit == "Gi" else 1)
        log = self.folder / f"{container['name']}.log"
        mapped = self._mapper(container, places)
        line = [
            mapped(each) for each in command or [*container.get("command", ()), *container.get("args", ())]
        ]
        as_user = _AS_NOBODY if os.geteuid() == 0 else ()
        with memory(limit) as used, log.open("wb") as file:
            process = subprocess.Popen(
                [*used.prefix, *as_user, *line],
                env=self._environment(container, mapped) | {name: mapped(env[name]) for name in env},
                cwd=self.scratch,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            running = Running(process, log, used)
            try:
                yield running
            finally:
                running.end()

    def _environment(self, container: Manifest, mapped: Callable[[str], str]) -> dict[str, str]:
        clients = f"{self.folder / 'tools'}:{programs(MAJORS[-1])}:/usr/local/bin:/usr/bin:/bin"
        values = {
            "PATH": clients,
            "LANG": "C.UTF-8",
            "ODOO_RC": mapped("/etc/odoo/odoo.conf"),  # the official image sets it
            "TMPDIR": str(self.scratch),
            "SSL_CERT_FILE": str(self.trusted),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for each in container.get("env", ()):
            value = each.get("value", "")  # an API server leaves out an empty one
            if "valueFrom" in each:
                where = each["valueFrom"]["secretKeyRef"]
                value = self.manifests.secret(where["name"])[where["key"]]
            value = _expanded(value, values)
            values[each["name"]] = mapped(value)
        if "BUCKET" in values:
            values["BUCKET"] = lifecycle_pods.BUCKET
        return values

    def _mapper(self, container: Manifest, places: Mapping[str, Path]) -> Callable[[str], str]:
        here = {mount["mountPath"]: str(places[mount["name"]]) for mount in container.get("volumeMounts", ())}
        longest_first = "|".join(re.escape(path) for path in sorted(here, key=len, reverse=True))
        # In one pass: scratch folders of this machine begin with /tmp too.
        declared = re.compile(rf"(?<![\w.])({longest_first})(?![\w-])")

        def mapped(text: str) -> str:
            return declared.sub(lambda found: here[found[1]], self._found(text))

        return mapped

    def _places(self, spec: Manifest) -> dict[str, Path]:
        places = {}
        for volume in spec["volumes"]:
            name = volume["name"]
            if "secret" in volume:
                places[name] = self._secret(volume["secret"]["secretName"])
            elif "persistentVolumeClaim" in volume:
                places[name] = self.data
            else:
                places[name] = self.scratch
        return places

    def _secret(self, name: str) -> Path:
        folder = self.folder / "secrets" / name
        folder.mkdir(parents=True, exist_ok=True)
        for key, text in self.manifests.secret(name).items():
            (folder / key).write_text(self._here(text) if key == "odoo.conf" else text, encoding="utf-8")
        give(folder.parent)
        return folder

    def _here(self, conf: str) -> str:
        """odoo.conf with this machine's places, and on loopback only."""
        moved = conf.replace("/var/lib/odoo", str(self.data))
        return self._found(f"{moved}http_interface = 127.0.0.1\n")

    def _found(self, text: str) -> str:
        """*text* with addresses of this machine."""
        for declared, here in self.elsewhere.items():
            text = text.replace(declared, here)
        return text
