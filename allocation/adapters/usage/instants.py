"""Asks Prometheus for instant vectors, one question at a time and none twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.rows import UsageError

Sample = tuple[dict[str, str], Decimal]
_PATH: Final = "api/v1/query"
_JUST_BEFORE: Final = timedelta(milliseconds=1)
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Instants:
    """What a server answered so far: several drivers ask the same checks of a day.

    Attributes:
        endpoint: Its API.
        answered: Query and moment -> the samples.
    """

    endpoint: Endpoint
    answered: dict[tuple[str, datetime], list[Sample]] = field(default_factory=dict)

    def asked(self, query: str, end: datetime, wanted: str) -> list[Sample]:
        """The labels and values that *query* has a millisecond before *end*.

        Args:
            query: PromQL.
            end: Where its window ends.
            wanted: The purpose, for error messages.

        Raises:
            UsageError: When the server does not answer, warns, or answers with something else.
        """
        if (query, end) not in self.answered:
            self.answered[query, end] = self._fresh(query, end, wanted)
        return self.answered[query, end]

    def forget(self) -> None:
        """Keep no answers: the next day's questions are others."""
        self.answered.clear()

    def error(self, wanted: str, said: str, remedy: str) -> UsageError:
        """The sentence about an answer that cannot be used."""
        return UsageError(f"{self.endpoint.shown}: asked for {wanted}, answered {said[:600]}; {remedy}")

    def _fresh(self, query: str, end: datetime, wanted: str) -> list[Sample]:
        moment = (end - _JUST_BEFORE).astimezone(UTC)
        # Thanos answers with partial data and a warning, unless partial responses are disabled.
        parameters = {"query": query, "time": f"{moment:%Y-%m-%dT%H:%M:%S}.999Z", "partial_response": "false"}
        answer = self.endpoint.get(_PATH, parameters, wanted)
        if not isinstance(answer, dict) or answer.get("status") != "success":
            said = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise self.error(wanted, f"no success: {said}"[:300], "check the query in promql.yaml")
        if answer.get("warnings"):
            raise self.error(wanted, f"a warning: {answer['warnings']}"[:300], "its data may be partial")
        try:
            return [_sample(each) for each in _vector(answer["data"])]
        except InvalidOperation:
            raise self.error(wanted, "a value that is no number", "check that this is Prometheus") from None
        except (KeyError, TypeError, ValueError) as error:
            said = f"no vector ({error!r})"[:300]
            raise self.error(wanted, said, "check that this is Prometheus") from None


def _vector(data: Any) -> list[Any]:
    if data["resultType"] != "vector" or not isinstance(data["result"], list):
        raise ValueError(data["resultType"])
    return data["result"]


def _sample(each: Any) -> Sample:
    labels, value = each["metric"], each["value"]
    if not isinstance(labels, dict) or not all(isinstance(each, str) for each in labels.values()):
        raise ValueError(labels)
    if len(value) != _PAIR or not isinstance(value[1], str):
        raise ValueError(each)
    return labels, Decimal(value[1])
