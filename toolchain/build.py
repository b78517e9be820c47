"""Provides the command line tools this project runs on: found on PATH, or built once per user."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
BIN = HERE.parent / ".toolchain" / "bin"
OLDEST_PULUMI = (3, 250, 0)
PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
EXEC_SCRIPT = "pulumi-language-python-exec"
"""Started by the language host to run a program; the SDK's module carries it at python/cmd/."""


class ToolchainError(Exception):
    """One sentence for the user: what is missing and how to get it."""


@dataclass(frozen=True)
class Tool:
    """A program built from the `tool` line of a go.mod file below this folder."""

    name: str
    folder: str
    module: str
    """The Go module whose version is the tool's version."""
    minutes: str
    """Measured on 2 cores."""
    version_flags: str = ""
    """Linker flags with {version}, {major} and {minor}; empty where the source knows its version."""
    binary: str = ""
    """What `go install` calls it, when that differs from `name`."""


PULUMI = Tool(
    "pulumi",
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3",
    "about 4 minutes",
    "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",
)
API_SERVER = Tool(
    "kube-apiserver",
    "kube",
    "k8s.io/kubernetes",
    "about 4 minutes",
    "-X k8s.io/component-base/version.gitVersion={version}"
    " -X k8s.io/component-base/version.gitMajor={major}"
    " -X k8s.io/component-base/version.gitMinor={minor}",
)
ETCD = Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", "half a minute", binary="server")
YAML_HOST = Tool("pulumi-language-yaml", "yaml", "github.com/pulumi/pulumi-yaml", "about a minute")
GITLEAKS = Tool(
    "gitleaks",
    "gitleaks",
    "github.com/zricethezav/gitleaks/v8",
    "a minute",
    "-X github.com/zricethezav/gitleaks/v8/version.Version={version}",
)
ACTIONLINT = Tool("actionlint", "actionlint", "github.com/rhysd/actionlint", "half a minute")
TARGETS = {
    "pulumi": (PULUMI,),
    "cluster": (API_SERVER, ETCD),
    "yaml": (YAML_HOST,),
    "gitleaks": (GITLEAKS,),
    "actionlint": (ACTIONLINT,),
}


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every tool of the target is in `.toolchain/bin`, else 1 with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS), help="which tools to provide")
    target = parser.parse_args(arguments).target

    def work() -> None:
        for tool in TARGETS[target]:
            print(provide(tool), flush=True)

    return exit_code(work)


def exit_code(work: Callable[[], None]) -> int:
    """Do *work*: 0, or 1 after one sentence on what is missing or failed."""
    try:
        work()
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"`{command}` failed with exit code {error.returncode}, its output is above", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects after Ctrl-C; nothing half-built is left
    return 0


def provide(tool: Tool) -> str:
    """Put the tool into `.toolchain/bin` and say in one line where it comes from."""
    if tool is PULUMI and (found := pulumi_on_path()):
        link(found, tool.name)
        (BIN / EXEC_SCRIPT).unlink(missing_ok=True)  # a release brings its own, beside its language host
        return f"pulumi {run_text([str(found), 'version'])}: found at {found}"
    if tool is YAML_HOST and (found := outside_this_project(tool.name)):
        link(found, tool.name)  # a release of Pulumi brings it
        return f"{tool.name}: found at {found}"
    entry = cache_entry(HERE / tool.folder)
    with locked(entry):
        built = entry / tool.name
        if not built.exists():
            build(tool, entry)
        link(built, tool.name)
        if tool is PULUMI:
            link(exec_script(entry), EXEC_SCRIPT)
    return f"{tool.name} {module_version(tool)}: built, in {entry}"


def pulumi_on_path() -> Path | None:
    """A Pulumi that is new enough, outside this project's own folder."""
    found = outside_this_project("pulumi")
    if not found:
        return None
    version = run_text([str(found), "version"])
    if numbers(version) >= OLDEST_PULUMI:
        return found
    wanted = ".".join(map(str, OLDEST_PULUMI))
    print(f"pulumi {version} at {found} is older than {wanted} and is not used.", flush=True)
    return None


def outside_this_project(name: str) -> Path | None:
    """A program on PATH, looked for outside this project's own folder."""
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    search = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != BIN.resolve())
    found = shutil.which(name, path=search)
    return Path(found).absolute() if found else None


def cache_entry(folder: Path) -> Path:
    """Where a tool is kept for every clone of this user, named after exactly what it is built from."""
    return cached((folder / "go.sum").read_bytes())


def cached(made_of: bytes) -> Path:
    """The folder of the user's cache for whatever is made of *made_of*, and of nothing else."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "costack" / "toolchain" / hashlib.sha256(made_of).hexdigest()[:16]


def build(tool: Tool, entry: Path) -> None:
    """Compile into a folder of its own and move the result into place: no half-written tool is ever seen."""
    require_go(HERE / tool.folder)
    print(
        f"Building {tool.name} {module_version(tool)}, {tool.minutes} on 2 cores: its release archive is not "
        "on a package registry, so it is compiled from its published Go module. This happens once per user.",
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=entry, prefix="building-") as scratch:
        command = ["go", "install", "-v", "-trimpath", "-ldflags", linker_flags(tool), "tool"]
        done = subprocess.run(
            command, cwd=HERE / tool.folder, env={**os.environ, "GOBIN": scratch}, check=False
        )
        if done.returncode:
            raise ToolchainError(
                f"go could not build {tool.name} (exit code {done.returncode}, its output is above): "
                "check that the Go module proxy is reachable (`go env GOPROXY`) and run this again."
            )
        (Path(scratch) / (tool.binary or tool.name)).rename(entry / tool.name)


def exec_script(entry: Path) -> Path:
    """A copy of the SDK module's program runner, beside the built CLI."""
    script = entry / EXEC_SCRIPT
    if not script.exists():
        require_go(HERE / PULUMI.folder)
        module = Path(go_list(HERE / PULUMI.folder, "{{.Dir}}", PULUMI_SDK))
        fresh = script.with_suffix(f".{os.getpid()}")
        shutil.copyfile(module / "python" / "cmd" / EXEC_SCRIPT, fresh)
        fresh.chmod(0o755)
        fresh.rename(script)
    return script


def require_go(folder: Path) -> None:
    """Refuse early, in one sentence, when the Go compiler is absent or older than the go.mod asks for."""
    text = (folder / "go.mod").read_text(encoding="utf-8")
    wanted = re.search(r"^go (\S+)$", text, re.MULTILINE)
    need = wanted.group(1) if wanted else "1.26"
    remedy = f"install Go {need} or newer from your system's packages or go.dev/dl, then run this again."
    if not shutil.which("go"):
        raise ToolchainError(
            f"Building {folder.name} needs Go >= {need} and there is no `go` on PATH: {remedy}"
        )
    have = run_text(["go", "env", "GOVERSION"], folder)
    if numbers(have) < numbers(need):
        raise ToolchainError(
            f"Building {folder.name} needs Go >= {need} and `go` on PATH is {have}: {remedy}"
        )


def linker_flags(tool: Tool) -> str:
    """Strip symbols and write the module's version into the program."""
    version = module_version(tool)
    major, minor = numbers(version)[:2]
    return f"-s -w {tool.version_flags.format(version=version, major=major, minor=minor)}".strip()


def module_version(tool: Tool) -> str:
    """The version the go.mod pins, read without Go so that a cached tool needs no compiler."""
    text = (HERE / tool.folder / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*(?:require )?{re.escape(tool.module)} (v\S+)", text, re.MULTILINE)
    if not found:
        raise ToolchainError(f"{tool.folder}/go.mod names no version of {tool.module}: restore the file.")
    return found.group(1)


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, so that v3.259.0 and go1.26.8 can be compared."""
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def link(target: Path, name: str) -> None:
    """Point `.toolchain/bin/<name>` at the tool, replacing what was there in one step."""
    place = BIN / name
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(place)


@contextmanager
def locked(entry: Path) -> Iterator[None]:
    """Let one process at a time build into a cache entry; the others wait and find the finished tool."""
    entry.mkdir(parents=True, exist_ok=True)
    with (entry / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def go_list(folder: Path, template: str, module: str) -> str:
    """One fact about a module of the build list; downloads the module when the cache lacks it."""
    run_text(["go", "mod", "download", module], folder)
    return run_text(["go", "list", "-m", "-f", template, module], folder)


def run_text(command: list[str], folder: Path | None = None) -> str:
    """Standard output of a command, stripped; its failure becomes one sentence with its last line."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise ToolchainError(f"`{' '.join(command)}` failed: {lines[-1] if lines else done.returncode}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
