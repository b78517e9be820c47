"""What to do when Pulumi cannot be asked: the failures of a first day, each with its remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_ABOVE: Final = "".join(f"{each}." for each in __name__.split(".")[:-4])
"""What stands before the name of every module: nothing in a clone, the package in the wheel."""
LOCAL_CLOUD: Final = f'for the local cloud run eval "$(python -m {_ABOVE}localcloud environment)"'
NOT_FOUND: Final = f"pulumi is not on PATH; install it, or {LOCAL_CLOUD}"
_NO_BACKEND: Final = "PULUMI_ACCESS_TOKEN must be set"
_NO_PROJECT: Final = (_NO_BACKEND, "pass the fully qualified name", "no Pulumi.yaml", "chdir ")
"""What Pulumi says outside a project; it asks for its backend first."""
_PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml")
_REMEDIES: Final = {
    _NO_BACKEND: f"Pulumi has no backend; run `pulumi login`, or {LOCAL_CLOUD}",
    "passphrase must be set": "Pulumi needs the passphrase of the stack's secrets; set "
    f"PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or {LOCAL_CLOUD}",
    # In a folder, attributes beside the state are not replaced at once (gocloud.dev, blob/fileblob/attrs.go).
    "failed to load checkpoint: EOF": "its state is being written, or an update was killed while it was; run "
    "this again when no update runs, and if it stays so, `costack recover`",
}


def remedy_of(message: str, project: Path) -> str | None:
    """What to do about *message*, where Pulumi's own words do not say it.

    Args:
        message: What Pulumi printed.
        project: The folder it worked in.
    """
    if any(words in message for words in _NO_PROJECT) and not _in_a_project(project):
        return (
            f"{project.absolute()} belongs to no Pulumi project; run costack in the folder that holds "
            "Pulumi.yaml, or name that folder with --cwd"
        )
    return next((remedy for words, remedy in _REMEDIES.items() if words in message), None)


def _in_a_project(folder: Path) -> bool:
    """Pulumi looks for its project in the folders above, too."""
    above = (folder.absolute(), *folder.absolute().parents)
    return any((each / name).is_file() for each in above for name in _PROJECT_FILES)
