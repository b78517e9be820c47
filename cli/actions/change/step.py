"""A step in a tenant's file: whose it is, what comes of it, which commands come before and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.tenant_file import set_fields
from tiers.portfolio.folders import file_of
from tiers.portfolio.names import id_of
from tiers.portfolio.tenant import Tenant


@dataclass(frozen=True)
class Where:
    """Which stack and portfolio the steps are of; each field is the option of its name."""

    stack: str
    portfolio: Path | None
    cwd: Path

    def command(self, *words: str) -> str:
        """A command line of costack about them."""
        return printed_command(*words, stack=self.stack, portfolio=self.portfolio, cwd=self.cwd)


def tenant_and_file(folder: Path, tenants: Sequence[Tenant], word: str) -> tuple[Tenant, Path]:
    """The tenant of a portfolio whose id or name is *word*, and its file.

    Raises:
        CatalogError: When there is none, or its file cannot be read.
    """
    name = id_of(tenants, word)
    path = file_of(folder, name)  # refuses one that nobody has
    return next(each for each in tenants if each.tenant == name), path


def write_step(
    path: Path, fields: Mapping[str, str | None], update: str, where: Where, after: tuple[str, ...] = ()
) -> None:
    """Write *fields* into the file and say what comes.

    Args:
        path: The tenant's file.
        fields: Field -> its value; None removes it.
        update: What the next update does, to follow its name.
        where: Which stack and portfolio.
        after: The words of the command that leads on, and perhaps `or --back`; none where nothing comes.

    Raises:
        CatalogError: When the file would no longer be valid, or a field has no place.
    """
    set_fields(path, fields)
    echo(f"wrote it to {path}; the next `pulumi up` {update}")
    if not after:
        return
    command, tenant, *ways_back = after
    echo(f"before it: {where.command('preview')}")
    echo(f"after it: {where.command(command, tenant)} --next{''.join(f', {each}' for each in ways_back)}")
