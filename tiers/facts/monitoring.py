"""Facts about dashboards and alerts for the Grafana and Prometheus that a cluster already has.

They cost nothing themselves: the operator of Grafana and Prometheus pays for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tiers.facts.record import FactRecord
from tiers.vocabulary import Positive


class Dashboards(FactRecord):
    """Dashboards in a ConfigMap, for a Grafana whose sidecar looks for them in `namespace`."""

    kind: Literal["dashboards"] = "dashboards"
    namespace: str


class Alerts(FactRecord):
    """The alerts of one tenant, as far as kube-state-metrics can see it.

    The operator's Prometheus selects its rules by `rule_labels`. `backup_age_minutes` is how old the
    last good dump may be, `restore_test_age_days` the last good restore test; None where it is not checked.
    """

    kind: Literal["alerts"] = "alerts"
    namespace: str
    rule_labels: Mapping[str, str] = {}
    backup_age_minutes: Positive | None = None
    restore_test_age_days: Positive | None = None
