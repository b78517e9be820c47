"""Makes the virtual environment from the hashed requirement files, or updates those files."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OLDEST_PYTHON = (3, 11)
# pulumi-aws is 119 MB of Python: pip takes minutes to unpack and compile it, uv seconds.
UV_HOME = ROOT / ".toolchain" / "uv"
LOCKS = {"requirements.txt": [], "requirements-dev.txt": ["--extra", "dev"]}


def main() -> int:
    """Exit code 0 when done, 1 with one sentence when the interpreter is too old or a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="folder of the virtual environment, such as .venv")
    parser.add_argument("requirements", nargs="?", help="the hashed file to install")
    parser.add_argument("--lock", action="store_true", help="update the locked versions instead")
    options = parser.parse_args()
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        found = sys.version.split()[0]
        print(f"Python {wanted} or newer is needed, this is {found}: make PYTHON=python{wanted}")
        return 1
    try:
        lock() if options.lock else install(ROOT / options.folder, ROOT / options.requirements)
    except subprocess.CalledProcessError as error:
        print(f"`{' '.join(map(str, error.cmd))}` failed with exit code {error.returncode}", file=sys.stderr)
        return 1
    return 0


def install(folder: Path, requirements: Path) -> None:
    """Make *folder* hold exactly what *requirements* lists, and this project in editable form."""
    uv = find_uv()
    print(f"installing {requirements.name} into {folder.name} (about 650 MB, half a minute)", flush=True)
    if not (folder / "bin" / "python").exists():
        run(uv, "venv", "--quiet", "--python", sys.executable, folder)
    python = ("--quiet", "--python", folder / "bin" / "python")
    # Compiled once here, or every Pulumi program spends half its time on compiling pulumi-aws again.
    run(uv, "pip", "sync", *python, "--compile-bytecode", "--require-hashes", requirements)
    # setuptools is among the requirements: nothing is downloaded for a build that only links.
    run(uv, "pip", "install", *python, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def lock() -> None:
    """Write the requirement files: hashes, no address of any index."""
    uv = find_uv()
    for name, extra in LOCKS.items():
        command = ["pip", "compile", "--quiet", "--generate-hashes", "--universal", "--no-header"]
        run(uv, *command, "--python-version", "3.11", "--upgrade", *extra, "pyproject.toml", "-o", name)


def find_uv() -> str:
    """The uv on PATH, or a private one, installed by its hash."""
    found = shutil.which("uv")
    if found:
        return found
    own = UV_HOME / "bin" / "uv"
    if not own.exists():
        print("installing uv", flush=True)
        venv.create(UV_HOME, with_pip=True, clear=True)
        pip = (UV_HOME / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "--requirement", HERE / "uv.txt")
    return str(own)


def run(*command: object) -> None:
    """Run a command in the project's folder, trusting the certificates this machine trusts."""
    # uv has its own certificates and does not use a company's; the name of the setting changed.
    trusting = {"UV_NATIVE_TLS": "true", "UV_SYSTEM_CERTS": "true"}
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=trusting | dict(os.environ))


if __name__ == "__main__":
    sys.exit(main())
