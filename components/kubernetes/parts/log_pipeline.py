"""What Fluent Bit does with the lines of a node, as its YAML configuration.

Its keys are those of the manual of Fluent Bit (docs.fluentbit.io/manual), of 4.0 and newer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from components.kubernetes import pods
from tiers.facts.every_fact import LogShipper
from tiers.facts.names import NODE_LOGS
from tiers.tags import KEYS

PORT: Final = 2020
_TAG: Final = "kube.*"
_LABELS: Final = "$kubernetes['labels']"
# A node's share of the ephemeral storage that a pod requests (components/kubernetes/pods.py).
_BUFFER: Final = "200M"
_RETRIES: Final = 72
_LONGEST_WAIT_SECONDS: Final = 300
# The kubelet renews a token after 80 % of its 600 seconds: a copy of it must not be used much longer.
_TOKEN_SECONDS: Final = 60


def pipeline(fact: LogShipper) -> str:
    """The configuration as YAML."""
    document = {
        "service": _service(),
        "pipeline": {"inputs": [_input(fact)], "filters": [*_filters(fact)], "outputs": [_output(fact)]},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _service() -> dict[str, Any]:
    scratch = pods.SCRATCH_DIRECTORY
    return {
        "flush": 5,
        "grace": 20,
        "log_level": "info",
        "http_server": "on",
        "http_listen": "0.0.0.0",  # noqa: S104 - a network policy opens it to Prometheus alone
        "http_port": PORT,
        "scheduler.cap": _LONGEST_WAIT_SECONDS,
        "storage.path": f"{scratch}/buffer",
        "storage.max_chunks_up": 32,
    }


def _input(fact: LogShipper) -> dict[str, Any]:
    """Files of the portfolio's namespaces, each with a tag and so with a buffer of its own.

    A file is called `POD_NAMESPACE_CONTAINER-ID.log`, and none of these names has an underscore. Where the
    position is not known it begins at the start of a file: a line may come twice, and none is left out.
    """
    directory = NODE_LOGS[0]
    return {
        "name": "tail",
        "tag": _TAG,
        "path": f"{directory}/*_{fact.namespaces}*_*.log",
        "exclude_path": f"{directory}/*_{fact.namespace}_*.log",
        "multiline.parser": "cri",
        "db": f"{pods.SCRATCH_DIRECTORY}/positions.db",
        "db.locking": "on",
        "read_from_head": "on",
        "refresh_interval": 10,
        "rotate_wait": 30,
        "skip_long_lines": "on",
        "storage.type": "filesystem",
    }


def _filters(fact: LogShipper) -> Iterator[dict[str, Any]]:
    """Only lines of a pod that has this portfolio's labels go on.

    Annotations of a pod and what it writes change nothing: neither may say whose a line is.
    """
    yield {
        "name": "kubernetes",
        "match": _TAG,
        "kube_tag_prefix": f"kube.{NODE_LOGS[0].strip('/').replace('/', '.')}.",
        "kube_token_ttl": _TOKEN_SECONDS,
        "tls.verify_hostname": "on",
        "buffer_size": 0,  # an answer above a limit would be thrown away, and the pod's lines with it
        "labels": "on",
        "annotations": "off",
        "merge_log": "off",
        "k8s-logging.parser": "off",
        "k8s-logging.exclude": "off",
    }
    portfolio = fact.log_groups.rpartition("/")[2]
    for label, wanted in ((KEYS["portfolio"], portfolio), (KEYS["tenant"], "[a-z0-9-]+")):
        yield {"name": "grep", "match": _TAG, "regex": f"{_LABELS}['{label}'] ^{wanted}$"}


def _output(fact: LogShipper) -> dict[str, Any]:
    """The text of a line alone: the stream has the name of its pod and container, and bytes are billed.

    The names without a template must be there, and name what nobody may write to.
    """
    return {
        "name": "cloudwatch_logs",
        "match": _TAG,
        "region": fact.region,
        "log_group_name": fact.log_groups,
        "log_group_template": f"{fact.log_groups}/{_LABELS}['{KEYS['tenant']}']",
        "log_stream_prefix": "unknown-",
        "log_stream_template": "$kubernetes['pod_name'].$kubernetes['container_name']",
        "log_key": "log",
        "auto_create_group": "off",
        "retry_limit": _RETRIES,
        "storage.total_limit_size": _BUFFER,
    }
