"""Facts of the deal and its parties: the blocks `deal` and `parties` of a project file.

Most of it only stands in documents and changes no figure, so neither the run id; `DEAL_TERMS` and
the two ratings of the parties do. What nobody gives is a blank in the documents.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.errors import suggestion
from pipeline.inputs.models import Date, Rating, StrictModel, Text, TupleOf, as_text
from pipeline.inputs.ratings import INVESTMENT_GRADE, NOTCH
from pipeline.inputs.timetable import LONGEST_TASK, PAPER_IDS, TASK_IDS

_ISIN = "^[A-Z]{2}[A-Z0-9]{9}[0-9]$"
_ISIN_LENGTH = 12
_FIRST_DATE, _LAST_DATE = dt.date(2000, 1, 1), dt.date(2100, 12, 31)


def _investment_grade(rating: str) -> str:
    if NOTCH[rating] > NOTCH["BBB-"]:
        raise PydanticCustomError(
            "swap_rating", "is below investment grade; allowed: {scale}",
            {"scale": ", ".join(INVESTMENT_GRADE)},
        )  # fmt: skip
    return rating


def _with_calendar(day: dt.date) -> dt.date:
    if not _FIRST_DATE <= day <= _LAST_DATE:
        raise PydanticCustomError(
            "deal_date", "has to be from {first} to {last}",
            {"first": str(_FIRST_DATE), "last": str(_LAST_DATE)},
        )  # fmt: skip
    return day


def _isin(text: str) -> str:
    """ISO 6166: letters count 10 to 35, and the digits of it all pass Luhn's test."""
    digits = "".join(str(int(each, 36)) for each in text)
    doubled = (int(each) * (1 + place % 2) for place, each in enumerate(reversed(digits)))
    if sum(divmod(each, 10)[0] + each % 10 for each in doubled) % 10:
        raise PydanticCustomError("isin", "is not an ISIN: its check digit is wrong")
    return text


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any], Any]:
    def known(raw: Any) -> Any:
        if raw in allowed:
            return raw
        raise PydanticCustomError(
            "unknown_key", "is not known{hint}; allowed: {allowed}",
            {"hint": suggestion(str(raw), allowed), "allowed": ", ".join(allowed)},
        )  # fmt: skip

    return known


SwapRating = Annotated[
    Rating,
    AfterValidator(_investment_grade),
    Field(json_schema_extra={"enum": list(INVESTMENT_GRADE)}),
]
Passage = Annotated[str, Field(min_length=1, max_length=1000), BeforeValidator(as_text)]
Isin = Annotated[str, Field(pattern=_ISIN, max_length=_ISIN_LENGTH), AfterValidator(_isin)]
DealDate = Annotated[Date, AfterValidator(_with_calendar)]
WorkingDays = Annotated[int, Field(ge=0, le=LONGEST_TASK)]
_TaskId = Annotated[str, BeforeValidator(_one_of(TASK_IDS))]
_PaperId = Annotated[str, BeforeValidator(_one_of(PAPER_IDS))]

# Facts of the deal that change figures, and with them a run's id; the others only stand in
# documents.
DEAL_TERMS: Final = (
    "true_sale", "governing_law", "rule_144a", "fee_rebate_pct", "advance_uplift_pct",
    "rate_option",
)  # fmt: skip


class PaperState(StrictModel):
    """How far a document of the closing is. Without a deadline the timetable's stands."""

    status: Literal["open", "draft", "agreed", "signed"] | None = None
    owner: Text | None = None
    deadline: DealDate | None = None


class Deal(StrictModel):
    """Facts of the deal. A flag left out is assumed to hold, and is said to be assumed.

    Texts and dates stand in the documents; what is left out is a blank there.
    """

    true_sale: bool | None = None
    governing_law: bool | None = None
    rule_144a: bool | None = None
    fee_rebate_pct: Annotated[float, Field(ge=0, le=100)] = 0.0
    advance_uplift_pct: Annotated[float, Field(ge=0, le=25)] = 0.0
    rate_option: Literal["floor", "cap", "collar"] = "floor"

    name: Text | None = None
    start_date: DealDate | None = None
    target_close_date: DealDate | None = None
    issue_date: DealDate | None = None
    form: Text | None = None
    denomination: Text | None = None
    listing: Text | None = None
    clearing: Text | None = None
    isin: Isin | None = None
    isin_mezzanine: Isin | None = None
    governing_law_text: Passage | None = None
    call_protection: Passage | None = None
    call_price: Text | None = None
    withholding_tax: Passage | None = None
    transfer_restrictions: Passage | None = None
    inflation_index: Text | None = None
    index_base_level: Text | None = None
    security: TupleOf[Passage] = Field(default=(), max_length=20)
    conditions_precedent: TupleOf[Passage] = Field(default=(), max_length=40)
    notices: TupleOf[Passage] = Field(default=(), max_length=10)
    milestone_days: dict[_TaskId, WorkingDays] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"enum": list(TASK_IDS)}}
    )
    documents: dict[_PaperId, PaperState] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"enum": list(PAPER_IDS)}}
    )

    @model_validator(mode="after")
    def _in_order(self) -> Deal:
        start, close = self.start_date, self.target_close_date
        if start is not None and close is not None and close < start:
            raise PydanticCustomError(
                "dates",
                "target_close_date {close} lies before start_date {start}",
                {"close": str(close), "start": str(start)},
            )
        return self


class Parties(StrictModel):
    """Names for the documents. Only the two ratings change a figure."""

    issuer: Text | None = None
    sponsor: Text | None = None
    arranger: Text | None = None
    issuer_counsel: Text | None = None
    investor_counsel: Text | None = None
    rating_agencies: TupleOf[Text] = Field(default=(), max_length=4)
    trustee: Text | None = None
    paying_agent: Text | None = None
    administrator: Text | None = None
    account_bank: Text | None = None
    liquidity_provider: Text | None = None
    insurer: Text | None = None
    insurer_rating: Rating | None = None
    hedge_counterparty: Text | None = None
    hedge_counterparty_rating: SwapRating | None = None
    technical_adviser: Text | None = None
    model_auditor: Text | None = None
    valuer: Text | None = None
