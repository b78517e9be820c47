"""`costack stacks manifests`: each stack as objects of the Pulumi Kubernetes Operator."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from cli.actions.provision.ci import pipelines
from cli.actions.provision.stacks import Listed, Request, listed_all
from cli.console.new_files import write_new
from cli.console.output import echo
from tiers.errors import CatalogError
from tiers.files import read_text
from tiers.portfolio.cells.section import PLATFORM_STACK
from tiers.strict_yaml import MAX_FILE_BYTES

Object = dict[str, Any]
_STACK: Final = "Stack"
_NAMED: Final = ("name", "stack", "serviceAccountName")
"""Where the objects of a stack have its name."""
_SINCE: Final = "1h"
"""How long ago the platform's update may be, before the operator does it anew for the stacks behind it."""
_HEAD: Final = """\
# Made by `costack stacks manifests`. The operator updates a stack of tenants when its platform's succeeded.
"""


def print_manifests(request: Request, like: Path | None, out: Path | None) -> None:
    """Print the objects of all stacks, or write a file for each.

    Args:
        request: Which portfolio.
        like: The filled-in `stack.yaml` of `costack ci init --host operator`, for one stack; None: the one
            with capitals to fill in.
        out: The folder to write into.

    Raises:
        CatalogError: When a file is there already, or *like* has no stack.
    """
    listed = listed_all(request)
    made = {each.name: _text(each, listed[0].name, _template(like)) for each in listed}
    if out is None:
        echo(_HEAD + "---\n".join(made.values()))
        return
    write_new(out, {f"{name}.yaml": _HEAD + text for name, text in made.items()})
    echo(f"{out}: {len(made)} files; next:\n  kubectl apply --filename {out}")


def _template(like: Path | None) -> list[Object]:
    if like is None:
        ((_, text),) = pipelines("operator", Path(), "portfolio", "costack-template")
        source = "operator"
    else:
        text, source = read_text(like, MAX_FILE_BYTES), str(like)
    try:
        objects = [each for each in yaml.safe_load_all(text) if isinstance(each, dict)]
    except yaml.YAMLError as error:
        raise CatalogError(f"{source}: is no YAML: {' '.join(str(error).split())}") from None
    if len([each for each in objects if each.get("kind") == _STACK]) != 1:
        raise CatalogError(f"{source}: expected one object of kind Stack, as `costack ci init` writes it")
    return objects


def _text(each: Listed, platform: str, template: Sequence[Object]) -> str:
    return yaml.safe_dump_all(manifests_of(each, platform, template), sort_keys=False, width=110)


def manifests_of(each: Listed, platform: str, template: Sequence[Object]) -> Iterator[Object]:
    """The objects of one stack: those of *template* under its name, behind the platform's.

    A workspace keeps up to 2.4 GiB on its node after an update (pulumi-kubernetes-operator#1308), so that of
    one stack of many is removed.
    """
    (stack,) = (one for one in template if one.get("kind") == _STACK)
    before = str(stack["spec"]["stack"])
    for one in template:
        made = _renamed(copy.deepcopy(one), before, each.name)
        if made.get("kind") == _STACK:
            made["spec"]["workspaceReclaimPolicy"] = "Delete"
            if each.stack != PLATFORM_STACK:
                requirement = {"succeededWithinDuration": _SINCE}
                made["spec"]["prerequisites"] = [{"name": platform, "requirement": requirement}]
        yield made


def _renamed(value: Any, before: str, after: str) -> Any:
    """*value* with the name of the stack *after* wherever that of *before* stands as a name."""
    if isinstance(value, dict):
        return {
            key: each.replace(before, after)
            if key in _NAMED and isinstance(each, str)
            else _renamed(each, before, after)
            for key, each in value.items()
        }
    return [_renamed(each, before, after) for each in value] if isinstance(value, list) else value
