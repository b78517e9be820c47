"""How Odoo is configured and started: odoo.conf, command lines, probes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from components.aws.network import POSTGRESQL_PORT, REDIS_PORT
from components.kubernetes.pods import DATA_DIRECTORY, SCRATCH_DIRECTORY, Manifest, variables
from tiers.facts.every_fact import CacheSpace, ComputeRequest, OdooProcess, TenantDatabase

CONFIGURATION_FILE: Final = "odoo.conf"
HTTP_PORT_NAME: Final = "http"
EVENTED_PORT_NAME: Final = "evented"

# A worker is recycled before the container's ceiling is near: soft at 60 %, hard at 80 % of the limit,
# shared by the workers; never below what one report takes.
_SOFT_PERCENT: Final = 60
_HARD_PERCENT: Final = 80
_BYTES_PER_MIB: Final = 1024 * 1024
_LAST_VERSION_WITH_DEMO_DATA: Final = 18


def configuration(
    database: TenantDatabase, address: str, password: str, admin_password: str, version: str
) -> str:
    """The text of odoo.conf.

    The database is named twice: `db_name` bounds what scheduled actions poll, `dbfilter` what a request can
    reach. The list of databases is closed and its password is nobody's.
    """
    options: dict[str, Any] = {
        "admin_passwd": admin_password,
        "data_dir": DATA_DIRECTORY,
        "db_host": address,
        "db_maxconn": database.connections_per_process,
        "db_name": database.database,
        "db_password": password,
        "db_port": POSTGRESQL_PORT,
        "db_sslmode": "require",
        "db_user": database.role,
        "dbfilter": f"^{database.database}$",
        "limit_time_cpu": 600,
        "limit_time_real": 720,
        "limit_time_real_cron": 1800,
        "list_db": False,
        "proxy_mode": True,
        "server_wide_modules": "base,web,session_redis",
    }
    if int(version.partition(".")[0]) <= _LAST_VERSION_WITH_DEMO_DATA:
        options["without_demo"] = "all"  # from 19 on demo data is off, and the option is gone
    return "[options]\n" + "".join(f"{key} = {value}\n" for key, value in sorted(options.items()))


def arguments(process: OdooProcess, compute: ComputeRequest) -> list[str]:
    """Odoo's command line for a web or a cron pod."""
    processes = max(process.web_workers, 1)
    per_process = compute.memory_limit_mib * _BYTES_PER_MIB // processes
    common = [
        f"--workers={process.web_workers}",
        f"--max-cron-threads={process.cron_threads}",
        f"--limit-memory-soft={per_process * _SOFT_PERCENT // 100}",
        f"--limit-memory-hard={per_process * _HARD_PERCENT // 100}",
    ]
    return [*common, "--no-http"] if process.cron_threads else common


def environment(space: CacheSpace, address: Any, secret: str) -> list[Manifest]:
    """Where sessions live. The variables are those of the module session_redis (camptocamp)."""
    values: Mapping[str, Any] = {
        "HOME": SCRATCH_DIRECTORY,
        "ODOO_SESSION_REDIS": "1",
        "ODOO_SESSION_REDIS_HOST": address,
        "ODOO_SESSION_REDIS_PORT": str(REDIS_PORT),
        "ODOO_SESSION_REDIS_PREFIX": space.prefix,
        "ODOO_SESSION_REDIS_SSL": "1",
    }
    token = {"secretKeyRef": {"name": secret, "key": "session-token"}}
    return [
        *variables(values),
        {"name": "ODOO_SESSION_REDIS_PASSWORD", "valueFrom": token},
    ]


def web_probes() -> Manifest:
    """Start slowly, be patient while alive, be honest about being ready.

    Liveness asks nothing of the database: in prefork the probe waits for a worker like any user.
    """
    health = {"path": "/web/health", "port": HTTP_PORT_NAME}
    ready = {"path": "/web/health?db_server_status=1", "port": HTTP_PORT_NAME}
    return {
        "startupProbe": {"httpGet": health, "periodSeconds": 10, "failureThreshold": 60},
        "livenessProbe": {
            "httpGet": health,
            "periodSeconds": 30,
            "timeoutSeconds": 10,
            "failureThreshold": 6,
        },
        "readinessProbe": {"httpGet": ready, "periodSeconds": 10, "timeoutSeconds": 5},
    }
