"""Knows the environment in which a command sees this machine as its cloud, and no real account."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
"""The clone, or the package it is installed in."""
IS_INSTALLED = __name__.startswith("costack.")
"""Whether it runs from a wheel, whose packages lie below `costack`."""
COMMAND = f"python -m {__name__.rpartition('.')[0]}"

STATE = "state"
PULUMI_HOME = "pulumi-home"

SAVE_LAST = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""Pulumi saves its state when it ends, after an error and after Ctrl-C, too, and not after every step."""

_DUMMY_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "localcloud",
    "AWS_SECRET_ACCESS_KEY": "localcloud",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_NO_ATTRIBUTES = "metadata=skip"
"""No file with a digest beside each state: it costs two digests of all whenever the engine saves a step.

Nor is such a file replaced at once, so that whoever reads may see half of one (gocloud.dev, blob/fileblob).
"""
_THIS_MACHINE = ("127.0.0.1", "localhost")
# A region is no credential: the caller may choose one.
_KEPT_AWS_VARIABLES = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
# A token or a passphrase file would lead to another backend or contradict the empty passphrase.
_DROPPED_PULUMI_VARIABLES = frozenset(
    {"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_IGNORE_AMBIENT_PLUGINS"}
)


def local_directory(environ: Mapping[str, str]) -> Path:
    """The folder of everything this machine's cloud remembers: `$COSTACK_LOCAL_DIR`, else `.local`.

    That is in the clone, or where the command runs: in a project of one's own.
    """
    chosen = environ.get("COSTACK_LOCAL_DIR")
    here = Path.cwd() if IS_INSTALLED else ROOT
    return Path(chosen).expanduser().resolve() if chosen else here / ".local"


def local_environment(
    base: Mapping[str, str], *, root: Path, local: Path, endpoint: str, language_host: bool
) -> dict[str, str]:
    """The caller's environment, turned to this machine.

    Every `AWS_*` variable of the caller but the region is dropped, files with profiles are hidden,
    and the only credentials left are dummies, so no real account can be reached.

    Args:
        base: the caller's environment.
        root: the repository.
        local: the folder of local data.
        endpoint: where the loopback AWS listens.
        language_host: whether this repository's own Python language host is needed on PATH.
    """
    kept = {
        name: value
        for name, value in base.items()
        if (not name.startswith("AWS_") or name in _KEPT_AWS_VARIABLES)
        and name not in _DROPPED_PULUMI_VARIABLES
    }
    return {
        **kept,
        **_DUMMY_CREDENTIALS,
        "PATH": os.pathsep.join(_search_path(base, root, language_host=language_host)),
        "AWS_ENDPOINT_URL": endpoint,
        "COSTACK_LOCAL_DIR": str(local),
        "PULUMI_BACKEND_URL": f"file://{local / STATE}?{_NO_ATTRIBUTES}",
        # The engine lives for a minute: it collects its garbage when it has five times what it needs.
        "GOGC": base.get("GOGC") or "400",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(local / PULUMI_HOME),
        **({"COSTACK_PYTHON": sys.executable} if IS_INSTALLED else {}),
        # A proxy must not be asked for an address of this machine.
        **{name: _bypassing(base.get(name)) for name in ("NO_PROXY", "no_proxy")},
    }


def needs_language_host(base: Mapping[str, str], root: Path) -> bool:
    """Whether the `pulumi` that will run comes without a Python language host.

    The official release ships one beside its binary; a `pulumi` built from `toolchain/` has none.
    """
    search = os.pathsep.join([str(root / ".toolchain" / "bin"), base.get("PATH", "")])
    pulumi = shutil.which("pulumi", path=search)
    beside = [str(Path(pulumi).resolve().parent), str(Path(pulumi).parent)] if pulumi else []
    return shutil.which("pulumi-language-python", path=os.pathsep.join([*beside, search])) is None


def shell_lines(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The lines with which a POSIX shell turns the environment *before* into *after*.

    >>> shell_lines({"AWS_PROFILE": "real", "HOME": "/me"}, {"HOME": "/me", "PULUMI_HOME": "/a b"})
    ['unset AWS_PROFILE', "export PULUMI_HOME='/a b'"]
    """
    dropped = sorted(before.keys() - after.keys())
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    return [
        *(f"unset {name}" for name in dropped),
        *(f"export {name}={shlex.quote(after[name])}" for name in changed),
    ]


def _search_path(base: Mapping[str, str], root: Path, *, language_host: bool) -> list[str]:
    folders = [root / "localcloud" / "bin"]
    if language_host:
        folders.append(root / "localcloud" / "host-bin")
    clone = (root / ".venv" / "bin", root / ".toolchain" / "bin")
    folders += (Path(sys.executable).parent,) if IS_INSTALLED else clone
    ours = [str(folder) for folder in folders]
    # A shell that was turned to this machine already must not get a longer path each time.
    others = [folder for folder in base.get("PATH", "").split(os.pathsep) if folder and folder not in ours]
    return [*ours, *others]


def _bypassing(no_proxy: str | None) -> str:
    hosts = (no_proxy or "").split(",")
    return ",".join(filter(None, [*hosts, *(host for host in _THIS_MACHINE if host not in hosts)]))
