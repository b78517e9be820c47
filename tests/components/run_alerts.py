"""Has Prometheus' own promtool judge the alerts: their syntax, and what they do in good hours and bad.

`make alerts`; promtool must be on PATH.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.components.conftest import declare_plan
from tests.portfolios import WORKING_HOURS, plan_of, tenant

MODULE = "github.com/prometheus/prometheus/cmd/promtool@v0.316.0"
RULE = ":PrometheusRule"
STEP_MINUTES = 5
NAMESPACE = "odoo-acme"
CRON = f'namespace="{NAMESPACE}",cronjob="acme-backup"'
TESTS = f'namespace="{NAMESPACE}",cronjob="acme-restore-test"'
WEB = f'{{namespace="{NAMESPACE}",deployment="acme-web"}}'
POD = f'namespace="{NAMESPACE}",pod="acme-web-7d4b9c6f5d-x2x9k",container="web"'


def job(name: str) -> str:
    return f'namespace="{NAMESPACE}",job_name="{name}"'


def always(value: float, hours: float) -> str:
    """The same value all the time."""
    return f"{value}x{int(hours * 60 / STEP_MINUTES)}"


def failed(name: str, start: int, hours: float) -> dict[str, str]:
    """A Job that failed and is still there."""
    return {
        f"kube_job_status_start_time{{{job(name)}}}": always(start, hours),
        f"kube_job_created{{{job(name)}}}": always(start, hours),
        f'kube_job_failed{{{job(name)},condition="true"}}': always(1, hours),
    }


HOUR = 3600
# What a cluster tells, how many hours of it, and which alerts then fire.
SCENARIOS: list[tuple[dict[str, str], float, set[str]]] = [
    ({}, 9, set()),
    (
        {
            f"kube_cronjob_created{{{CRON}}}": always(0, 9),
            f"kube_cronjob_status_last_successful_time{{{CRON}}}": always(6 * HOUR, 9),
            f"kube_deployment_status_replicas_available{WEB}": always(2, 9),
            f"kube_deployment_spec_replicas{WEB}": always(2, 9),
            f"kube_pod_container_status_restarts_total{{{POD}}}": always(0, 9),
        },
        9,
        set(),
    ),
    ({f"kube_cronjob_created{{{CRON}}}": always(0, 9)}, 6, set()),
    ({f"kube_cronjob_created{{{CRON}}}": always(0, 9)}, 9, {"TenantBackupLate"}),
    (
        {f"kube_cronjob_status_last_successful_time{{{CRON}}}": always(HOUR, 9)},
        8.5,
        {"TenantBackupLate"},
    ),
    (
        {
            f"kube_cronjob_status_last_successful_time{{{CRON}}}": always(HOUR, 9),
            **failed("acme-backup-29384716", 6 * HOUR, 9),
        },
        7,
        {"TenantBackupFailed"},
    ),
    (
        {
            f"kube_cronjob_status_last_successful_time{{{CRON}}}": always(7 * HOUR, 9),
            **failed("acme-backup-29384716", 6 * HOUR, 9),
        },
        8,
        set(),
    ),
    (
        failed("acme-two-backup-29384716", HOUR, 9) | {f"kube_cronjob_created{{{CRON}}}": always(0, 9)},
        2,
        set(),
    ),
    (
        {
            f"kube_deployment_status_replicas_available{WEB}": always(0, 2),
            f"kube_deployment_spec_replicas{WEB}": always(2, 2),
        },
        1,
        {"OdooDown"},
    ),
    (
        {
            f"kube_deployment_status_replicas_available{WEB}": always(0, 2),
            f"kube_deployment_spec_replicas{WEB}": always(0, 2),
        },
        1,
        set(),
    ),
    (
        {
            f"kube_pod_container_status_restarts_total{{{POD}}}": "0x11 1x12",
            f'kube_pod_container_status_last_terminated_reason{{{POD},reason="OOMKilled"}}': "_x11 1x12",
        },
        1.1,
        {"OdooOutOfMemory"},
    ),
    ({f"kube_pod_container_status_restarts_total{{{POD}}}": "0+1x24"}, 1, {"OdooRestarts"}),
    (failed("acme-odoo-setup-0a1b2c3d", HOUR, 2), 1, {"TenantJobFailed"}),
    (failed("acme-restore-test-20261124010203", HOUR, 3), 2, {"TenantRestoreTestFailed"}),
    (
        failed("acme-restore-test-20261124010203", HOUR, 3)
        | {
            f"kube_job_status_completion_time{{{job('acme-restore-test-20261124020203')}}}": always(
                2 * HOUR, 3
            ),
            f"kube_job_status_succeeded{{{job('acme-restore-test-20261124020203')}}}": always(1, 3),
        },
        3,
        set(),
    ),
    # Nobody tests yet: the schedule is there for longer than a test may be old, or for less.
    ({f"kube_cronjob_created{{{TESTS}}}": always(0, 24 * 16)}, 24 * 15.5, {"TenantRestoreTestOverdue"}),
    ({f"kube_cronjob_created{{{TESTS}}}": always(0, 24 * 16)}, 24 * 13.5, set()),
    # The schedule's last success, whose Job is gone; then one that somebody started.
    (
        {
            f"kube_cronjob_created{{{TESTS}}}": always(0, 24 * 16),
            f"kube_cronjob_status_last_successful_time{{{TESTS}}}": always(24 * 9 * HOUR, 24 * 16),
        },
        24 * 15.5,
        set(),
    ),
    (
        {
            f"kube_cronjob_created{{{TESTS}}}": always(0, 24 * 16),
            f"kube_job_status_succeeded{{{job('acme-restore-test-20261124020203')}}}": always(1, 24 * 7),
        },
        24 * 15.5,
        set(),
    ),
    # A test of the schedule that failed, and its next one.
    (failed("acme-restore-test-29384716", HOUR, 3), 2, {"TenantRestoreTestFailed"}),
    (
        failed("acme-restore-test-29384716", HOUR, 3)
        | {f"kube_job_status_completion_time{{{job('acme-restore-test-29394796')}}}": always(2 * HOUR, 3)},
        3,
        set(),
    ),
]


def document(rules: str) -> dict[str, Any]:
    """The scenarios as `promtool test rules` reads them."""
    return {
        "rule_files": [rules],
        "tests": [
            {
                "name": f"scenario {number}: {', '.join(sorted(fire)) or 'nothing'}",
                "interval": f"{STEP_MINUTES}m",
                "input_series": [{"series": name, "values": values} for name, values in message.items()],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname) (ALERTS{alertstate="firing",tenant="acme"})',
                        "eval_time": f"{int(hours * 60)}m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(fire)
                        ],
                    }
                ],
            }
            for number, (message, hours, fire) in enumerate(SCENARIOS, 1)
        ],
    }


def main() -> int:
    """The exit code of promtool; 1 with one sentence where there is none."""
    promtool = shutil.which("promtool")
    if promtool is None:
        sys.stderr.write(
            "make alerts needs promtool on PATH. It is part of Prometheus: install the package `prometheus` "
            f"of Debian or Ubuntu, unpack a release of Prometheus, or run: go install {MODULE}\n"
        )
        return 1
    asleep = {"users": 3, "schedule": WORKING_HOURS}
    plan = plan_of(
        tenant("acme", tier="ha-postgresql"),
        tenant("acme-two", environment="staging", options=asleep),
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for each in declare_plan(plan):
            if each.type.endswith(RULE):
                paths.append(Path(folder) / f"{each.name}.yaml")
                paths[-1].write_text(yaml.safe_dump(each.props["spec"]), encoding="utf-8")
        tests = Path(folder) / "scenarios.yaml"
        tests.write_text(yaml.safe_dump(document("acme.yaml"), sort_keys=False), encoding="utf-8")
        checked = subprocess.run(
            [promtool, "check", "rules", "--lint=all", "--lint-fatal", *paths], check=False
        )
        tested = subprocess.run([promtool, "test", "rules", tests], check=False)
    return checked.returncode or tested.returncode


if __name__ == "__main__":
    sys.exit(main())
