"""Provides the environment that a source tree of Odoo runs in, once per user and list of requirements."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from build import ToolchainError, exit_code, locked
from environment import find_uv, run
from packages import READY

HERE = Path(__file__).resolve().parent
ADDITIONS = HERE / "odoo.txt"
"""What is needed besides: session_redis and the tests ask for it, or the tree's own pins break without it."""
# Only the module auth_ldap needs it, and it needs headers that few machines have.
LEFT_OUT = "python-ldap"


def main() -> int:
    """Print the environment's folder; exit code 1 with one sentence when it cannot be made."""
    if len(sys.argv) != 2 or not sys.argv[1]:  # noqa: PLR2004 - the script and the tree
        print("which Odoo? make odoo ODOO=<folder that holds odoo-bin>", file=sys.stderr)
        return 1
    return exit_code(lambda: print(provide(Path(sys.argv[1]).resolve())))


def provide(tree: Path) -> Path:
    """The environment for the Odoo in *tree*, whose `requirements.txt` it follows."""
    wanted = tree / "requirements.txt"
    for needed in (tree / "odoo-bin", wanted):
        if not needed.is_file():
            raise ToolchainError(f"{tree} is no source tree of Odoo: there is no {needed.name} in it.")
    entry = cache_entry(wanted)
    with locked(entry):
        if not (entry / READY).exists():
            install(wanted, entry)
    return entry


def cache_entry(wanted: Path) -> Path:
    """Where it is kept for every clone of this user, named after what is installed."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    python = ".".join(map(str, sys.version_info[:2]))
    known = hashlib.sha256(wanted.read_bytes() + ADDITIONS.read_bytes() + python.encode())
    return Path(home) / "costack" / f"odoo-{known.hexdigest()[:16]}"


def install(wanted: Path, entry: Path) -> None:
    """Install what the tree asks for, into an environment of its own."""
    print(f"installing what {wanted} lists (about 500 MB, minutes; once)", file=sys.stderr, flush=True)
    kept = [line for line in wanted.read_text(encoding="utf-8").splitlines() if not line.startswith(LEFT_OUT)]
    listed, builders = entry / "requirements.txt", entry / "builders.txt"
    listed.write_text("\n".join(kept) + "\n", encoding="utf-8")
    builders.write_text("setuptools<80\n", encoding="utf-8")  # later ones no longer build the oldest packages
    run(find_uv(), "venv", "--quiet", "--allow-existing", "--python", sys.executable, entry)
    packages = ("--build-constraints", builders, "-r", listed, "-r", ADDITIONS)
    run(find_uv(), "pip", "install", "--quiet", "--python", entry / "bin" / "python", *packages)
    (entry / READY).touch()


if __name__ == "__main__":
    sys.exit(main())
