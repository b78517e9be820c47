"""Provides the generator of SDKs for programs in Go, Node.js and Python, built once per user."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from build import HERE, Tool, ToolchainError, cached, exit_code, link, locked, module_version, require_go

FOLDER: Final = HERE / "sdks"
SDKS: Final = Tool("pulumi-sdks", FOLDER.name, "github.com/pulumi/pulumi/pkg/v3", "about a minute")


def main() -> int:
    """Exit code 0 when the generator is in `.toolchain/bin`, else 1 with one sentence."""
    return exit_code(lambda: print(provide(), flush=True))


def provide() -> str:
    """Put it into `.toolchain/bin` and say in one line where it comes from."""
    files = sorted(path for path in FOLDER.iterdir() if path.is_file())
    entry = cached(b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in files))
    built = entry / SDKS.name
    with locked(entry):
        if not built.exists():
            build(entry)
        link(built, SDKS.name)
    return f"{SDKS.name} {module_version(SDKS)}: built, in {entry}"


def build(entry: Path) -> None:
    """Compile it and move the result into place."""
    require_go(FOLDER)
    print(
        f"Building {SDKS.name} {module_version(SDKS)}, {SDKS.minutes} on 2 cores: the modules of Pulumi's "
        "language hosts are not published, so SDKs are written by the generators in the CLI's own module. "
        "This happens once per user.",
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=entry, prefix="building-") as scratch:
        made = Path(scratch) / SDKS.name
        command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), "."]
        if subprocess.run(command, cwd=FOLDER, check=False).returncode:
            raise ToolchainError(
                f"go could not build {SDKS.name}, its output is above: check that the Go module proxy is "
                "reachable (`go env GOPROXY`) and run this again."
            )
        made.rename(entry / SDKS.name)


if __name__ == "__main__":
    sys.exit(main())
