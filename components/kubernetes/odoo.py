"""The configuration and start of Odoo: odoo.conf, command lines, probes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import pulumi

from components.aws.network import POSTGRESQL_PORT, REDIS_PORT
from components.kubernetes.pods import DATA_DIRECTORY, SCRATCH_DIRECTORY, Manifest, variables
from tiers.facts.every_fact import CacheSpace, OdooProcess, Route, TenantDatabase
from tiers.facts.names import HTTP_PORT

CONFIGURATION_FILE: Final = "odoo.conf"
SESSION_PASSWORD: Final = "session-password"  # noqa: S105 - a key
"""Key in the Secret: the password of the tenant's user in a cache."""
SESSION_TOKEN: Final = "session-token"  # noqa: S105 - a key
"""Key in the Secret: the token of a cache without users."""
HTTP_PORT_NAME: Final = "http"
EVENTED_PORT_NAME: Final = "evented"

# Odoo's two limits count address space, not resident memory (RLIMIT_AS and psutil's vms: service/server.py of
# 17.0, 18.0 and 19.0), and every program that a worker starts inherits the hard one. wkhtmltopdf 0.12.6 maps
# 1,482 MiB for one page, of which 75 are resident (seen 2026-11-29 with Odoo 18). So these are Odoo's own
# defaults, for every size of pod; what protects the node is the container's limit.
_SOFT_ADDRESS_SPACE_MIB: Final = 2048
_HARD_ADDRESS_SPACE_MIB: Final = 2560
LIMIT_TIME_REAL_CRON_SECONDS: Final = 1800
IDLE_IN_TRANSACTION_SECONDS: Final = LIMIT_TIME_REAL_CRON_SECONDS + 300
"""Odoo's cron holds a transaction open, and idle, for as long as the action runs (ir_cron.py of 17.0 and
18.0): PostgreSQL may end it only after Odoo itself would have."""
_BYTES_PER_MIB: Final = 1024 * 1024
_LAST_VERSION_WITH_DEMO_DATA: Final = 18
_FIRST_VERSION_WITH_RPC_MODULE: Final = 19


def configuration(
    database: TenantDatabase, address: str, login: tuple[str, str], admin_password: str, process: OdooProcess
) -> str:
    """The text of odoo.conf; *login* is a role of the database and its password.

    `db_name` bounds what scheduled actions poll and what a request can reach. There is no `dbfilter`: with
    one, every request without a cookie asks the database `postgres` which databases there are, and waits for
    it (list_dbs in odoo/service/db.py of 17.0 to 19.0). The database list is closed, the master password is
    random. `addons_path` is needed because the mounted folder hides the image's own configuration.
    """
    options: dict[str, Any] = {
        **options_of_version(process.version, process.addons_path, "session_redis"),
        "admin_passwd": admin_password,
        "data_dir": DATA_DIRECTORY,
        "db_host": address,
        "db_maxconn": database.connections_per_process,
        **({"db_maxconn_gevent": evented} if (evented := database.connections_evented) else {}),
        "db_name": database.database,
        "db_password": login[1],
        "db_port": POSTGRESQL_PORT,
        "db_sslmode": "require",
        "db_user": login[0],
        "limit_time_cpu": 600,
        "limit_time_real": 720,
        "limit_time_real_cron": LIMIT_TIME_REAL_CRON_SECONDS,
        "list_db": False,
        "proxy_mode": True,
    }
    return "[options]\n" + "".join(f"{key} = {value}\n" for key, value in sorted(options.items()))


def options_of_version(version: str, addons_path: Collection[str], *modules: str) -> dict[str, str]:
    """The options of odoo.conf that depend on the version of Odoo.

    Server-wide are the modules that are so by default in that version, and *modules*.
    """
    major = int(version.partition(".")[0])
    wide = ("base", *(("rpc",) if major >= _FIRST_VERSION_WITH_RPC_MODULE else ()), "web", *modules)
    return {
        **({"addons_path": ",".join(addons_path)} if addons_path else {}),
        "server_wide_modules": ",".join(wide),
        # Since version 19 demo data is off, and the option does not exist.
        **({"without_demo": "all"} if major <= _LAST_VERSION_WITH_DEMO_DATA else {}),
    }


def report_address(route: Route) -> str:
    """Where wkhtmltopdf gets the style sheets of a report: in the pod that prints it, beside the workers.

    A worker waits for the page it prints. Were the styles another worker's task, as many prints as there are
    workers would wait for each other until Odoo ends them (seen 2026-11-29 with two in class xs). The process
    for websockets serves every path, and never waits. (`report.url`: ir_actions_report.py of 17.0 to 19.0.)
    """
    return f"http://127.0.0.1:{route.websocket_port}"


def arguments(process: OdooProcess, route: Route) -> list[str]:
    """Odoo's command line for a web or a cron pod."""
    common = [
        f"--workers={process.web_workers}",
        f"--max-cron-threads={process.cron_threads}",
        f"--limit-memory-soft={_SOFT_ADDRESS_SPACE_MIB * _BYTES_PER_MIB}",
        f"--limit-memory-hard={_HARD_ADDRESS_SPACE_MIB * _BYTES_PER_MIB}",
    ]
    if not process.cron_threads:
        return common
    # Nobody else reaches it: scheduled actions print reports too, and these ask for their styles.
    return [*common, "--http-interface=127.0.0.1", f"--http-port={route.websocket_port}"]


def environment(space: CacheSpace, address: pulumi.Input[str], secret: pulumi.Input[str]) -> list[Manifest]:
    """Where sessions live. The variables are those of the module session_redis (camptocamp).

    The URL alone says in every version of the module that the cache speaks TLS; a variable for it came late.
    Kubernetes puts the password into it, so that it stands in the Secret only. The keys of the module are
    `session::PREFIX:ID`.
    """
    login = f"rediss://{space.user or ''}:$(ODOO_SESSION_REDIS_PASSWORD)@"
    url = pulumi.Output.concat(login, address, f":{REDIS_PORT}/0")
    values: Mapping[str, Any] = {
        "HOME": SCRATCH_DIRECTORY,
        "ODOO_SESSION_REDIS": "1",
        "ODOO_SESSION_REDIS_PREFIX": space.prefix,
    }
    key = SESSION_TOKEN if space.user is None else SESSION_PASSWORD
    password = {"secretKeyRef": {"name": secret, "key": key}}
    return [
        *variables(values),
        {"name": "ODOO_SESSION_REDIS_PASSWORD", "valueFrom": password},
        {"name": "ODOO_SESSION_REDIS_URL", "value": url},  # after the variable that it names
    ]


def web_probes(ports: Collection[int]) -> Manifest:
    """Start slowly, live while the port is listened on, be ready when a login page can be had.

    Liveness asks nothing of the database, and of no worker: a request waits for both, and a database that is
    silent for minutes would have every pod restarted. It does not even connect: while all workers wait,
    nobody accepts connections, and once 8 of them a worker are queued no more can be made (Odoo,
    service/server.py). So it looks the port up among those that are listened on (/proc/net/tcp, state 0A).
    Readiness asks what users ask for: the tenant's own database, its modules, and the port of websockets.
    """
    open_ports = "".join(f" && (exec 3<>/dev/tcp/127.0.0.1/{port})" for port in sorted(ports))
    ready = {"command": ["/bin/bash", "-c", _login_page(HTTP_PORT) + open_ports]}
    listening = f":{HTTP_PORT:04X} [0-9A-F]*:0000 0A "
    alive = {"command": ["grep", "-qs", listening, "/proc/net/tcp", "/proc/net/tcp6"]}
    return {
        "startupProbe": {"exec": alive, "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 60},
        "livenessProbe": {
            "exec": alive,
            "periodSeconds": 30,
            "timeoutSeconds": 10,
            "failureThreshold": 6,
        },
        "readinessProbe": {"exec": ready, "periodSeconds": 10, "timeoutSeconds": 10},
    }


def cron_probes(route: Route) -> Manifest:
    """Ask once for a page before the first scheduled action runs, a minute after the start.

    What a report asks for first comes all at once, and threads that load Odoo at the same time can fail: an
    unstyled report is mailed (CPython issue 106905, seen 2026-11-29 in half of the starts with Python 3.11).
    """
    page = {"command": ["/bin/bash", "-c", _login_page(route.websocket_port)]}
    return {"startupProbe": {"exec": page, "periodSeconds": 5, "timeoutSeconds": 10, "failureThreshold": 120}}


def _login_page(port: int) -> str:
    return f"curl --silent --fail --max-time 8 --output /dev/null http://127.0.0.1:{port}/web/login"
