"""The `expected:` block of a golden project: what its source says a run of it should give.

It is no input: no figure and no run id depends on it. `pipeline.golden` says how each outcome is
measured, `atlas-forge golden` holds a run against them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.models import StrictModel, Text, as_text

Reason = Annotated[str, Field(min_length=1, max_length=2000), BeforeValidator(as_text)]


class _Claim(StrictModel):
    """Who says so; `explained` is why it is not met, where it plausibly cannot be."""

    source: Text
    explained: Reason | None = None


class ExpectedFigure(_Claim):
    """A figure between bounds, either of which may be open, or at a value within a tolerance."""

    min: float | None = None
    max: float | None = None
    value: float | None = None
    tolerance: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> ExpectedFigure:
        bounded = self.min is not None or self.max is not None
        if bounded == (self.value is not None):
            raise PydanticCustomError("expectation", "has to give min or max or both, or a value")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PydanticCustomError(
                "expectation", "min {min} is above max {max}", {"min": self.min, "max": self.max}
            )
        if self.tolerance is not None and self.value is None:
            raise PydanticCustomError("expectation", "tolerance goes with a value")
        return self

    def holds(self, measured: float) -> bool:
        """Whether `measured` is what is expected; bounds belong to what is."""
        if self.value is not None:
            return abs(measured - self.value) <= (self.tolerance or 0.0)
        low = -float("inf") if self.min is None else self.min
        high = float("inf") if self.max is None else self.max
        return low <= measured <= high


class ExpectedFact(_Claim):
    """Something that is so, or is not."""

    value: bool

    def holds(self, measured: bool) -> bool:
        """Whether `measured` is what is expected."""
        return measured == self.value


Expectation = ExpectedFigure | ExpectedFact


class Expected(StrictModel):
    """Expected outcomes by name. "Optimal" is the best tier, then the run's objective."""

    permutations: ExpectedFigure | None = Field(default=None, description="Permutations evaluated")
    fully_funded: ExpectedFigure | None = Field(
        default=None, description="Fully funded: Diamond, Gold and Silver"
    )
    diamond: ExpectedFigure | None = Field(default=None, description="Tier Diamond")
    gold: ExpectedFigure | None = Field(default=None, description="Tier Gold")
    gold_or_better: ExpectedFigure | None = Field(default=None, description="Tier Gold or Diamond")
    optimal_dscr: ExpectedFigure | None = Field(
        default=None, description="Least DSCR of the optimal structure"
    )
    optimal_has_mezzanine: ExpectedFact | None = Field(
        default=None, description="The optimal structure has a mezzanine"
    )
    optimal_derivatives: ExpectedFigure | None = Field(
        default=None, description="Derivatives of the optimal structure"
    )
    optimal_repo_eligible: ExpectedFact | None = Field(
        default=None, description="Senior of the optimal structure is repo eligible"
    )
    day_one_pct: ExpectedFigure | None = Field(
        default=None, description="Day-one value of the optimal structure, % of financing"
    )
    gate_a_pruned_pct: ExpectedFigure | None = Field(
        default=None, description="Pruned by Gate A, % of all"
    )
    gate_b_pruned_pct: ExpectedFigure | None = Field(
        default=None, description="Pruned by Gate B, % of what came to it"
    )
    seconds: ExpectedFigure | None = Field(
        default=None, description="Time of the five stages, seconds"
    )
    peak_memory_gb: ExpectedFigure | None = Field(default=None, description="Peak memory, GB")

    def given(self) -> dict[str, Expectation]:
        """What is expected, by name, in the order of this class."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: claim for name, claim in named.items() if claim is not None}

    @classmethod
    def title_of(cls, name: str) -> str:
        """What an outcome is called in a table."""
        return str(cls.model_fields[name].description)
