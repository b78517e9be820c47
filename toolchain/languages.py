"""Provides the generators of SDKs for programs in C#, Go, Java, Node.js and Python, built once per user."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from build import HERE, Tool, ToolchainError, cached, exit_code, link, locked, module_version, require_go

SHARED: Final = HERE / "sdks" / "main.go"
"""Compiled into each of them."""
CLI: Final = Tool("pulumi-sdks", "sdks/cli", "github.com/pulumi/pulumi/pkg/v3", "about a minute")
OTHERS: Final = Tool(
    "pulumi-sdks-others", "sdks/others", "github.com/pulumi/pulumi-java/pkg", "about two minutes"
)


def main() -> int:
    """Exit code 0 when the generators are in `.toolchain/bin`, else 1 with one sentence."""

    def work() -> None:
        for tool in (CLI, OTHERS):
            print(provide(tool), flush=True)

    return exit_code(work)


def provide(tool: Tool) -> str:
    """Put it into `.toolchain/bin` and say in one line where it comes from."""
    made_of = b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in sources(tool))
    entry = cached(made_of)
    built = entry / tool.name
    with locked(entry):
        if not built.exists():
            build(tool, entry)
        link(built, tool.name)
    return f"{tool.name} {module_version(tool)}: built, in {entry}"


def sources(tool: Tool) -> list[Path]:
    """What it is compiled from: its own module, and the file that both have."""
    return [SHARED, *sorted(path for path in (HERE / tool.folder).iterdir() if path.is_file())]


def build(tool: Tool, entry: Path) -> None:
    """Compile it and move the result into place."""
    require_go(HERE / tool.folder)
    print(
        f"Building {tool.name} {module_version(tool)}, {tool.minutes} on 2 cores: most of Pulumi's language "
        "hosts are not published as modules, so SDKs are written by the generators, which are. "
        "This happens once per user.",
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=entry, prefix="building-") as scratch:
        for path in sources(tool):
            shutil.copy(path, scratch)
        command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", tool.name, "."]
        if subprocess.run(command, cwd=scratch, check=False).returncode:
            raise ToolchainError(
                f"go could not build {tool.name}, its output is above: check that the Go module proxy is "
                "reachable (`go env GOPROXY`) and run this again."
            )
        (Path(scratch) / tool.name).rename(entry / tool.name)


if __name__ == "__main__":
    sys.exit(main())
