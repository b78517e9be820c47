"""Facts about what is handed to the Grafana and the Prometheus that a cluster already has.

They cost nothing of their own: who runs the two pays for them.
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
    """What of one tenant is worth waking somebody for, as far as kube-state-metrics sees it.

    `rule_labels` are what the operator's Prometheus picks its rules by. `backup_age_minutes` is how old the
    last good dump may be, `restore_test_age_days` the last good restore test; None where nobody looks.
    """

    kind: Literal["alerts"] = "alerts"
    namespace: str
    rule_labels: Mapping[str, str] = {}
    backup_age_minutes: Positive | None = None
    restore_test_age_days: Positive | None = None
