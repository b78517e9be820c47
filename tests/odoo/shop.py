"""A tenant that sells: the sales app and a quotation, installed once and copied to tenants of all classes."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.odoo.pod import Host
from tests.postgres import ADMIN_PASSWORD, give

APP: Final = "sale_management"
_QUOTATION: Final = """
partner = env['res.partner'].create({'name': 'Zoë Exämple', 'street': '1 Long Street', 'city': 'Gent'})
product = env['product.product'].create({'name': 'Quarterly review — 東京', 'list_price': 1250.5})
line = {'product_id': product.id, 'product_uom_qty': 3}
order = env['sale.order'].create({'partner_id': partner.id, 'order_line': [(0, 0, line)] * 12})
env.ref('base.user_admin').password = 'admin'  # as an old database may have it: a set-up has to change it
env.cr.commit()
"""
_SHELL: Final = "odoo shell --config=/etc/odoo/odoo.conf --no-http --workers=0 --max-cron-threads=0"


def in_odoo(host: Host, text: str) -> str:
    """Run Python in Odoo's shell, in the set-up job's pod; what it said."""
    done = host.run(host.manifests.job("odoo-setup"), ["/bin/bash", "-c", f'{_SHELL} <<<"$TEXT"'], TEXT=text)
    assert done.code == 0, done.output
    return done.output


def install(host: Host, app: str) -> None:
    """Install an app as Odoo's own command does."""
    line = f"odoo --config=/etc/odoo/odoo.conf --init={app} --stop-after-init --no-http"
    done = host.run(host.manifests.job("odoo-setup"), ["/bin/bash", "-c", line])
    assert done.code == 0, done.output


@dataclass(frozen=True)
class Shop:
    """A dump of a database and its files, to be given to a tenant."""

    dump: Path
    files: Path


def make_shop(host: Host, folder: Path) -> Shop:
    """Install the app in *host*, and keep a copy."""
    install(host, APP)
    in_odoo(host, _QUOTATION)
    shop = Shop(folder / "shop.dump", folder / "files")
    with shop.dump.open("wb") as file:
        _client(
            host,
            "pg_dump",
            "postgres",
            host.database,
            "--format=custom",
            "--no-owner",
            "--no-acl",
            stdout=file,
        )
    shutil.copytree(host.data / "filestore" / host.database, shop.files)
    return shop


def open_shop(host: Host, shop: Shop) -> None:
    """Give the tenant that database and these files in place of its own."""
    host.server.ask(f"DROP DATABASE {host.database} WITH (FORCE)")
    done = host.run(host.manifests.job("database-setup"))
    assert done.code == 0, done.output
    with shop.dump.open("rb") as file:
        _client(host, "pg_restore", host.role, host.database, "--no-owner", "--no-comments", stdin=file)
    filestore = host.data / "filestore" / host.database
    shutil.rmtree(filestore, ignore_errors=True)
    shutil.copytree(shop.files, filestore)
    give(host.data)


def _client(host: Host, program: str, user: str, database: str, *options: str, **streams: object) -> None:
    password = ADMIN_PASSWORD if user == "postgres" else host.password
    command = [str(host.server.programs / program), *options]
    if program == "pg_restore":
        command.append(f"--dbname={database}")
    subprocess.run(command, env=host.server.connection(user, password, database), check=True, **streams)  # type: ignore[call-overload]
