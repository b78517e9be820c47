"""The plugin as others get it: cloned from a git address into a folder that has nothing of this checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from localcloud.environment import local_environment, needs_language_host
from tests.clouds import running_cloud
from tests.languages.git_server import HOST, served
from tests.plugin import example
from tests.portfolios import ROOT

REASON: Final = "`make languages` builds the generator of SDKs and runs these: 10 minutes, with npm and Go"
ADDRESS: Final = f"{HOST}/firm/costack"
VERSIONS: Final = ("0.2.0", "0.2.1")
STACK: Final = "local"


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """`make test` skips this folder."""
    if not os.environ.get("COSTACK_LANGUAGES"):
        pytest.skip(REASON)


@dataclass(frozen=True)
class World:
    """A loopback cloud, and the environment in which the repository's address is found."""

    environment: dict[str, str]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all languages: each program has a stack of its own, which it destroys."""
    home = tmp_path_factory.mktemp("languages")
    bare = home / "repositories" / "firm" / "costack.git"
    _publish(home / "work", bare)
    certificate = home / "certificate.pem"
    with running_cloud(home / "local"), served(home / "repositories", certificate) as proxy:
        trusted = Path(os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or "")
        bundle = home / "bundle.pem"
        bundle.write_bytes(trusted.read_bytes() + certificate.read_bytes())
        yield World({**_turned(home / "local"), "HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(bundle)})


def _publish(work: Path, bare: Path) -> None:
    """A bare repository with today's files under the first version's tag, and under a later one's."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, work / name)
    _git(work, "init", "--quiet")
    for version in VERSIONS:
        for name, before in (("pyproject.toml", 'version = "{}"'), ("plugin/schema.json", '"version": "{}"')):
            text = (work / name).read_text(encoding="utf-8")
            assert text.count(before.format(VERSIONS[0])) == 1
            changed = text.replace(before.format(VERSIONS[0]), before.format(version))
            (work / name).write_text(changed, encoding="utf-8")
        _git(work, "add", "--all")
        _git(work, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", version)
        _git(work, "tag", f"v{version}")
        for name in ("pyproject.toml", "plugin/schema.json"):
            shutil.copy(ROOT / name, work / name)
    _git(work, "clone", "--quiet", "--bare", ".", str(bare))


def _git(folder: Path, *arguments: str) -> None:
    folder.mkdir(exist_ok=True)
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def _turned(local: Path) -> dict[str, str]:
    record = json.loads((local / "server.json").read_text(encoding="utf-8"))
    left_out = ("PULUMI_", "AWS_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
    base = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return local_environment(
        base,
        root=ROOT,
        local=local,
        endpoint=str(record["endpoint"]),
        language_host=needs_language_host(base, ROOT),
    )


@dataclass
class Program:
    """An example, copied into a folder of its own."""

    language: str
    folder: Path
    world: World

    def pulumi(self, *arguments: str, code: int = 0) -> str:
        """A call of the CLI that must end with *code*; gives everything that it printed."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.world.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        text = done.stdout + done.stderr
        assert done.returncode == code, f"pulumi {' '.join(arguments)}:\n{text[-4000:]}"
        return text

    def add(self, version: str) -> None:
        """Add the package from its address, or take another version of it."""
        if self.language != "yaml":
            self.pulumi("package", "add", f"{ADDRESS}@v{version}")
            return
        project = self.folder / "Pulumi.yaml"
        text, count = re.subn(
            r"^  costack: .*$",
            f"  costack: {ADDRESS}@v{version}",
            project.read_text("utf-8"),
            flags=re.MULTILINE,
        )
        assert count == 1
        project.write_text(text, encoding="utf-8")
        # There is no SDK to link. Pulumi's host does not say so yet (pulumi-yaml 1.25); the package is there.
        assert "linking package: method Link not implemented" in self.pulumi("install", code=1)

    def up(self, *arguments: str) -> str:
        """`pulumi up` without a question."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, *arguments)

    def resources(self) -> list[dict[str, Any]]:
        """What the engine stored, but for its own: no stack, no provider."""
        state = subprocess.run(
            ["pulumi", "stack", "export", "--show-secrets", "--stack", STACK],
            cwd=self.folder,
            env=self.world.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        stored = json.loads(state.stdout)["deployment"].get("resources", [])
        return [each for each in stored if not each["type"].startswith("pulumi:")]


def program(language: str, folder: Path, world: World) -> Program:
    """The example of *language* as a user would have it: a copy, without this repository beside it."""
    shutil.copytree(example.EXAMPLES / language, folder)
    made = Program(language, folder, world)
    made.pulumi("stack", "select", "--create", STACK)
    return made
