"""In which order the stages of something come that goes on with a tenant's data, one stage an update."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

Stage = TypeVar("Stage", bound=StrEnum)


class Order(NamedTuple, Generic[Stage]):
    """The order of stages.

    Attributes:
        first: The stage that it begins with.
        next: Each stage -> the next one; None where it ends.
        way_back: Each stage that has one -> the step back.
    """

    first: Stage
    next: Mapping[Stage, Stage | None]
    way_back: Mapping[Stage, Stage]

    def may_follow(self, there: Stage | None, here: Stage | None) -> bool:
        """Whether *here* may be deployed after *there*: the same, the next step, or a way back.

        The way back of a step that failed, too: the stack has the one before it then.
        """
        if there == here:
            return True
        if here is None:
            return there is not None and self.next[there] is None
        coming = self.first if there is None else self.next[there]
        stages = {coming}
        for each in (coming, there):
            if each is not None:
                stages.add(self.way_back.get(each))
        return here in stages

    def back(self, here: Stage, there: Stage | None) -> Stage | None:
        """The step back from *here*, while *there* is deployed; None where there is none.

        Where the update that takes the place of a database failed, nobody has worked with the new one: the
        way back is that of the stage before, which starts the pods with the very next update.
        """
        failed = there is self.first and self.next[self.first] is here
        return self.way_back.get(self.first if failed else here)
