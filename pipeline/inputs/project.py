"""The project file: who, where, the rent, the covenants, the run; `deal` has the deal's facts.

`base` and `levers` hold catalogue names; `pipeline.inputs.settings` and `levers` check them
against the catalogue, which knows ranges that a type cannot.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.countries import CODES
from pipeline.inputs.deal import Deal, Parties
from pipeline.inputs.expected import Expected
from pipeline.inputs.models import (
    Date,
    Percent,
    Rating,
    SchemaVersion,
    StrictModel,
    Text,
    TupleOf,
)

ID_PATTERN = r"[a-z0-9][a-z0-9-]{0,62}"
MAX_RUN = 10**12
Currency = Literal["GBP", "EUR", "USD", "JPY", "AED"]
AssetType = Literal["data_centre", "renewable", "infrastructure"]
Objective = Literal["Composite", "SeniorRaise", "WACC", "EquityIRR", "Day1Cash", "DSCR"]


class Tenant(StrictModel):
    """The largest tenant. `share_pct` is its share of the rent."""

    name: Text
    rating: Rating
    share_pct: Percent


class Rent(StrictModel):
    """Contract rent in local currency, given in one way."""

    monthly: Annotated[float, Field(ge=1e5, le=2e8)] | None = None
    per_kw_month: Annotated[float, Field(gt=0, le=10_000)] | None = None
    per_kwh: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Rent:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "rent",
                "has to be given in exactly one of monthly, per_kw_month, per_kwh; given: {given}",
                {"given": ", ".join(given) or "none"},
            )
        return self


class Location(StrictModel):
    """A place of the project and its share, for RK-CONC-002."""

    country: Text
    city: Text
    site: Text
    share_pct: Percent
    sovereign_rating: Rating | None = None


class ProjectFacts(StrictModel):
    """What is known of a project; a payload knows no tenant."""

    id: Annotated[str, Field(pattern=f"^{ID_PATTERN}$", max_length=63)]
    title: Text
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    asset_type: AssetType
    local_currency: Currency | None = None
    construction_start: Date | None = None
    tenant: Tenant | None = None
    rent: Rent | None = None
    locations: TupleOf[Location] = Field(default=(), max_length=1000)

    @model_validator(mode="after")
    def _sound(self) -> ProjectFacts:
        if self.country not in CODES:
            raise PydanticCustomError(
                "country",
                "country {country} is not an ISO 3166 code such as GB, DE or US",
                {"country": self.country},
            )
        shares = sum(location.share_pct for location in self.locations)
        if self.locations and abs(shares - 100) > 1e-6:
            raise PydanticCustomError(
                "shares", "shares of locations have to sum to 100, not {sum}", {"sum": shares}
            )
        return self


class ProjectBlock(ProjectFacts):
    """The block in a project file, where the tenant has to be named."""

    tenant: Tenant


class Covenants(StrictModel):
    """Optional covenants and terms of the debt."""

    max_ltv_pct: Annotated[float, Field(gt=0, le=100)] | None = None
    min_icr: Annotated[float, Field(gt=0, le=20)] | None = None
    dsra_funding: Literal["Cash", "LetterOfCredit"] = "Cash"
    prepayment_penalty_pct: Annotated[float, Field(ge=0, le=10)] = 0.0
    interest_during_construction: bool = True
    payment_frequency: Literal["Monthly", "Quarterly"] = "Monthly"
    mezz_reserve_months: Annotated[int, Field(ge=0, le=24)] = 0


class RunSettings(StrictModel):
    """The `run` block. What is left out comes from the catalogue (_108 to _111)."""

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    max_permutations: Annotated[int, Field(ge=1, le=MAX_RUN)] | None = None
    objective: Objective | None = None
    weights: dict[str, Any] | None = None
    hard_filters: list[Any] | None = None
    partition_rows: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ProjectFile(StrictModel):
    """A whole project file, as editors see it. References are relative, or `builtin:name`."""

    schema_: SchemaVersion = Field(alias="schema")
    project: ProjectBlock
    base: dict[str, Any] = Field(default_factory=dict)
    covenants: Covenants = Covenants()
    levers: dict[str, Any] = Field(default_factory=dict)
    run: RunSettings = RunSettings()
    market: Text
    rulebook: Text
    deal: Deal = Deal()
    parties: Parties = Parties()
    expected: Expected = Field(
        default_factory=Expected, description="What a golden project is expected to give; no input"
    )
