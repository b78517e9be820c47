"""Provides the official Kubernetes provider for the tests, built once per user from its Go module."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from build import (
    HERE,
    Tool,
    ToolchainError,
    cached,
    exit_code,
    go_list,
    link,
    locked,
    module_version,
    provide,
    require_go,
)

NAME: Final = "pulumi-resource-kubernetes"
LINKED: Final = f"official/{NAME}"
"""Below `.toolchain/bin`, in a folder of its own: on PATH it would serve `make up` too."""
FOLDER: Final = HERE / "kubernetes"
MODULE: Final = "github.com/pulumi/pulumi-kubernetes/provider/v4"
DOCUMENTS: Final = ("schema.json", "terraform-mapping.json")
PROVIDER: Final = Tool(
    NAME,
    FOLDER.name,
    # The provider's own module has no tag: its SDK of the same commit says the version.
    "github.com/pulumi/pulumi-kubernetes/sdk/v4",
    "about 10 minutes of processor time",
    f"-X {MODULE}/pkg/version.Version={{version}}",
)
CONTROLLERS: Final = Tool(
    "kube-controller-manager",
    "controllers",
    "k8s.io/kubernetes",
    "about 3 minutes",
    "-X k8s.io/component-base/version.gitVersion={version}"
    " -X k8s.io/component-base/version.gitMajor={major}"
    " -X k8s.io/component-base/version.gitMinor={minor}",
)


def main() -> int:
    """Exit code 0 when provider and controllers are in `.toolchain/bin`, else 1 with one sentence."""

    def work() -> None:
        print(provide(CONTROLLERS), flush=True)
        print(provide_provider(), flush=True)

    return exit_code(work)


def provide_provider() -> str:
    """Put the provider into `.toolchain/bin/official` and say in one line where it comes from."""
    entry = cache_entry()
    with locked(entry):
        built = entry / NAME
        if not built.exists():
            build(entry)
        link(built, LINKED)
    return f"{NAME} {module_version(PROVIDER)}: built, in {entry}"


def cache_entry() -> Path:
    """Where it is kept for every clone of this user, named after every file that it is built from."""
    files = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    return cached(b"".join(f"{path.relative_to(FOLDER)}\0".encode() + path.read_bytes() for path in files))


def build(entry: Path) -> None:
    """Compile a copy of the folder with the documents in it, and move the result into place."""
    require_go(FOLDER)
    version = module_version(PROVIDER)
    print(
        f"Building {NAME} {version}, {PROVIDER.minutes} (5 minutes on 2 idle cores, 1.5 GB of memory), "
        "from its published Go module. This happens once per user.",
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=entry, prefix="building-") as scratch:
        source, made = Path(scratch) / "source", Path(scratch) / NAME
        shutil.copytree(FOLDER, source)
        write_documents(source, version.lstrip("v"))
        flags = f"-s -w {PROVIDER.version_flags.format(version=version.lstrip('v'))}"
        command = ["go", "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(made), "."]
        done = subprocess.run(command, cwd=source, check=False)
        if done.returncode:
            raise ToolchainError(
                f"go could not build {NAME} (exit code {done.returncode}, its output is above): "
                "check that the Go module proxy is reachable (`go env GOPROXY`) and run this again."
            )
        made.rename(entry / NAME)


def write_documents(source: Path, version: str) -> None:
    """What the module's generate.go makes for a release: both documents, the schema with its version."""
    module = Path(go_list(FOLDER, "{{.Dir}}", MODULE))
    (source / "documents").mkdir()
    for name in DOCUMENTS:
        known = json.loads((module / "cmd" / NAME / name).read_text(encoding="utf-8"))
        if name == "schema.json":
            known["version"] = version
        text = json.dumps(known, separators=(",", ":"))
        (source / "documents" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
