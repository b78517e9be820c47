"""The rotation of a tenant's secrets: its number, and which login its pods use while it lasts."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from tiers.vocabulary import Count, Frozen, RotationStage


def _refuse_a_stage_of_none(number: int, stage: str | None) -> None:
    if stage is not None and not number:
        raise ValueError(f"rotation 0 has no stage {stage}: the first rotation has number 1")


class TokenRotation(Frozen):
    """How often the token of the shared session cache was rotated, and whether that goes on.

    Since each tenant has a user of its own there, nobody is given a token any more: the last rotation leads
    from the token to the users.
    """

    number: Count
    """Every number has a token of its own."""
    stage: Literal["both-tokens"] | None = None
    """`both-tokens` until all pods log in as users: the token that they had opens the cache too."""

    @model_validator(mode="after")
    def _begins_with_one(self) -> Self:
        _refuse_a_stage_of_none(self.number, self.stage)
        return self

    @property
    def used(self) -> int:
        """The number of the token that pods work with."""
        return self.number

    @property
    def replaced(self) -> int | None:
        """The number of the token before, while it opens the cache too."""
        return None if self.stage is None else self.number - 1


class Rotation(Frozen):
    """How often a tenant's secrets were rotated, and the stage while that goes on."""

    number: Count
    """Every number has passwords of its own; `costack rotate` counts."""
    stage: RotationStage | None = None
    """The stage that the next `pulumi up` deploys; without it the rotation has ended."""

    @model_validator(mode="after")
    def _begins_with_one(self) -> Self:
        _refuse_a_stage_of_none(self.number, self.stage)
        return self

    @property
    def used(self) -> int:
        """The number of the passwords that pods work with."""
        return self.number - 1 if self.stage is RotationStage.BACK else self.number

    @property
    def replaced(self) -> int | None:
        """The number of those that can still be found in use; None when there are none."""
        if self.stage is None:
            return None
        return self.number if self.stage is RotationStage.BACK else self.number - 1

    @property
    def first_login(self) -> int:
        """The number of the password of the role itself: it is the last to change."""
        early = self.stage in (RotationStage.SECOND_LOGIN, RotationStage.BACK)
        return self.number - 1 if early else self.number

    @property
    def ended(self) -> int:
        """The number of the newest rotation that has ended: what has no way back changes with its end."""
        return self.number if self.stage is None else self.number - 1

    @property
    def second_login(self) -> bool:
        """Whether pods log in as the second role."""
        return self.stage is RotationStage.SECOND_LOGIN


NEVER = Rotation(number=0)
"""The rotation of a tenant that was never rotated."""
