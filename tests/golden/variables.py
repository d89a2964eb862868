"""What every input of the engine moves: the table behind test_every_variable_is_alive.

An entry changes one input of a structure from one setting to another and names what follows, each
effect with its sign: `+` more, `-` less, `~` other, `=` the same. An effect is a column of the
results, or a gate reason, warning or repo leg, which is said of a structure or is not. `text` is
the sentence of the model or the catalogue that the entry holds the engine to.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from pipeline.inputs import catalogue

Settings = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Move:
    """`low` to `high` of a catalogue number, or of a place in the project file.

    `on` names the project (PROJECTS), `where` the settings that make the input matter,
    `facts` other places of the project file, such as `deal.fee_rebate_pct`.
    """

    what: int | str
    low: Any
    high: Any
    effects: str
    text: str
    where: Settings = field(default_factory=dict)
    on: str = "home"
    facts: Settings = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The catalogue name or the place in the file."""
        return catalogue.BY_NUMBER[self.what].name if isinstance(self.what, int) else self.what

    @property
    def is_place(self) -> bool:
        """Whether it stands in the project file alone, and cannot be set on top."""
        return isinstance(self.what, str) and "." in self.what

    def settings(self, value: Any) -> Settings:
        """What to evaluate on top of the project."""
        return self.where if self.is_place else self.where | {self.name: value}

    def places(self, value: Any) -> Settings:
        """What to change in the project file."""
        return self.facts | {self.name: value} if self.is_place else self.facts


_HOME: Settings = {
    "schema": 1,
    "project": {
        "id": "alive", "title": "Alive", "country": "GB", "asset_type": "data_centre",
        "tenant": {"name": "Tenant", "rating": "A", "share_pct": 100}, "rent": {"per_kwh": 0.12},
    },
    "base": {
        "GrossITLoad_02": 5, "PUE_03": 1.2, "CapexCostPrice_04": 8e6, "CapexMarketRate_05": 8e6,
        "LandPurchaseFees_06": 0, "OPEX_08": 15, "LeaseTermYears_22": 15, "SeniorTenorY_39": 10,
        "EquityIRRTarget_55": 15.5, "MinSeniorRatingTarget_75": "BBB", "ZCiS_NotionalPct_91": 75,
    },
    "market": "builtin:gbp",
    "rulebook": "builtin:v1",
}  # fmt: skip
# What each project changes of _HOME. On `defaults` there is none: the catalogue alone.
PROJECTS: dict[str, Settings] = {
    "home": {},
    "abroad": {"project.country": "DE", "project.local_currency": "EUR", "base.FXSpot_35": 0.85},
    "shared": {"project.tenant.share_pct": 22, "project.tenant.rating": "BBB",
               "base.TenantRatingFloor_77": "BB"},
}  # fmt: skip


def document(project: str, places: Settings) -> Settings:
    """The project file `project` with `places` of it set; None takes one out."""
    content = copy.deepcopy(_HOME)
    for path, value in (PROJECTS[project] | places).items():
        *way, last = path.split(".")
        place = content
        for name in way:
            place = place.setdefault(name, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return content


INDEXED = {"IndexationMode_18": "CPI_Linked"}
LANDLORD = {"PowerPassThroughMode_70": "Landlord", "GrossMonthlyRent_07": 1_500_000}
PPA = LANDLORD | {
    "PowerHedgeMode_24": "PPA", "PowerHedgeCoveragePct_74": 50, "PPA_TermYears_71": 5,
    "PPA_Strike_£MWh_72": 120,
}  # fmt: skip
SWAP = LANDLORD | {
    "PowerHedgeMode_24": "FinancialSwap", "PowerHedgeCoveragePct_74": 50, "PowerSwapTenorY_73": 5,
}  # fmt: skip
MEZZ = {"mezz": True, "TargetDSCRMezz_45": 1.10}
ANNUITY_MEZZ = MEZZ | {"MezzAmortType_48": "Annuity"}
SHORT_MEZZ = ANNUITY_MEZZ | {"Rent_DownsidePct_85": 30}
HEDGED = {"CurrencyPolicy_25": "HedgedTo_01"}
CURRENCY_SWAP = HEDGED | {"CCY_SwapTenorY_96": 10}
WRAP = {"MonolineWrapFlag_57": "SeniorOnly"}
ZCIS = {"zcis_10y": True, **INDEXED}
TRS = {"trs": True}
LOW_LTV = {"CapexMarketRate_05": 12e6}
AA = LOW_LTV | {"TargetDSCRSenior_37": 1.35}
BULLET = {"SeniorAmortType_40": "Bullet"}
TRAP = {"DSCR_TriggerLevels_101": "1.50|1.05"}
TURBO = {"DSCR_TriggerLevels_101": "1.50|1.50"}

MOVES: tuple[Move, ...] = (
    Move(1, "GBP", "USD", "repo_reasons~ day1_zcis_10y~ call_value~",
         "1: project currency of every figure; its market's curve, its central bank", ZCIS,
         "defaults"),
    Move(1, "GBP", "JPY", "composite_score-", "11: a per-currency score_scale", {}, "defaults"),
    Move(2, 5, 6, "gross_income+ market_costs+ internal_costs+ net_it_load_mw+ senior_notional+",
         "2: r x 730 x 1000 x _02; catalogue: _15, _16, _09"),
    Move(2, 5, 6, "senior_notional-", "2: power x _02 MW",
         LANDLORD | {"GrossMonthlyRent_07": 1_000_000}),
    Move(3, 1.2, 1.4, "net_it_load_mw-", "catalogue: _09 = _02 / _03"),
    Move(4, 7e6, 8e6, "internal_costs+ developer_profit- developer_margin_pct- "
         "construction_insurance+ equity_capacity-", "catalogue: _16, _12, _13; 2: _62 of _16"),
    Move(5, 8e6, 9e6, "market_costs+ developer_profit+ total_cost+ senior_ltv_pct- "
         "capex_coverage- equity_notional+", "catalogue: _15, _12; 3: LTV = S / _15"),
    Move(6, 0, 5e6, "market_costs+ internal_costs+ total_cost+ capex_coverage-",
         "catalogue: _15, _16"),
    Move(6, 0, 5e6, "equity_capacity~", "5: depreciation (TotalCost - _06) / lease",
         {"VAT_TaxTreatmentToggle_26": True}),
    Move(7, 4e5, 5e5, "gross_income+ net_income+ senior_notional+ equity_capacity+ equity_irr+",
         "2: rent _07"),
    Move(8, 15, 25, "net_income- senior_notional- equity_capacity-", "2: opex U x _08 %"),
    Move(8, 5e5, 1e6, "net_income- senior_notional- equity_capacity-", "2: absolute _08 / 12",
         {"OPEXMode_17": "Absolute"}),
    Move(14, 0, 1e6, "required_capital+ total_uses+ equity_cheque+ capex_coverage- equity_irr-",
         "5: uses and required hold _14"),
    Move(14, 0, 1e6, "day1_fee_rebate+", "7: fee rebates", facts={"deal.fee_rebate_pct": 20}),
    Move(17, "PercentOfRevenue", "Absolute", "net_income+ senior_notional+",
         "2: 15 a year is less than 15 % of revenue"),
    Move(18, "Flat", "Partial", "dscr_avg+ equity_capacity+ equity_irr+", "2: s = 0, 0.5"),
    Move(18, "Partial", "CPI_Linked", "dscr_avg+ equity_capacity+ equity_irr+", "2: s = 0.5, 1"),
    Move(19, "HeadlineCPI", "CoreCPI", "dscr_avg- equity_capacity-", "2: cpi - 0.25", INDEXED),
    Move(19, "HeadlineCPI", "FixedEscalator", "dscr_avg+ equity_capacity+", "2: _65, here 4 %",
         INDEXED | {"EscalatorFixedPct_65": 4}),
    Move(20, "Contracted", "Underwritten", "senior_notional- equity_capacity-", "2: 1 - _66"),
    Move(20, "Underwritten", "Conservative", "senior_notional-", "2: (1 - _66)(1 - _85)"),
    Move(21, "MarketRate_05", "Blend", "total_cost- capex_coverage+", "5: the mean of _15 and _16",
         {"CapexCostPrice_04": 6e6}),
    Move(21, "Blend", "CostPrice_04", "total_cost- capex_coverage+", "5: _16",
         {"CapexCostPrice_04": 6e6}),
    Move(22, 9, 12, "senior_notional+", "3: beyond the lease N = 0, S = 0"),
    Move(22, 15, 20, "equity_capacity~ equity_irr~", "1: m = 1 ... L = 12 x _22"),
    Move(22, 15, 20, "TENOR_EXCEEDS_LIMIT-", "10: tenor > lease - 2", {"SeniorTenorY_39": 15}),
    Move(23, 6, 18, "interest_during_construction+ construction_insurance+ equity_capacity- "
         "equity_irr-", "5: (S x _38) x C/12 x 1/2; flow m lies C + m months after close"),
    Move(24, "Unhedged", "PPA", "senior_notional- dscr_avg~", "2: strike _72, here above spot",
         PPA),
    Move(24, "Unhedged", "FinancialSwap", "dscr_avg~", "2: the market's swap price", SWAP),
    Move(24, "PPA", "PPA_Plus_Swap", "dscr_avg~", "2: the swap covers _74 % of the remainder",
         PPA | {"PowerSwapTenorY_73": 5}),
    Move(25, "LocalCurrency", "Mixed", "day1_currency_swap- equity_capacity-", "13: Mixed half",
         CURRENCY_SWAP, "abroad"),
    Move(25, "Mixed", "HedgedTo_01", "day1_currency_swap- equity_capacity-",
         "13: _36 bps a year on the debt and the swap at close", CURRENCY_SWAP, "abroad"),
    Move(26, False, True, "equity_irr- equity_capacity-", "5: corporate tax"),
    Move(27, "5Y", "40Y", "COUPON_OUT_OF_MARKET+", "10: the zero rate at _27",
         {"SeniorCoupon_38": 3.8}),
    Move(28, 0, 100, "COUPON_OUT_OF_MARKET+ call_value-", "10: the shifted curve",
         {"SeniorCoupon_38": 4.2}),
    Move(28, 0, 100, "day1_zcis_10y-", "7: zero curve shifted by _28", ZCIS),
    *(
        Move(number, spread, spread + 50, "COUPON_OUT_OF_MARKET- call_value-",
             "10: coupon against the zero rate + spread of _75; 7: struck at coupon less spread",
             {"MinSeniorRatingTarget_75": rating, "SeniorCoupon_38": 4.15 + 2 + spread / 100 + 0.1})
        for number, rating, spread in ((29, "AAA", 70), (30, "AA", 90), (31, "A", 120),
                                       (32, "BBB", 180))
    ),
    Move(29, 50, 70, "day1_wrap-", "7: spread unwrapped - spread wrapped",
         WRAP | AA),
    Move(30, 80, 90, "day1_wrap+", "7: spread unwrapped - spread wrapped",
         WRAP | AA),
    Move(33, 2, 4, "dscr_avg+ equity_capacity+", "2: expected inflation", INDEXED),
    Move(33, 2, 4, "day1_zcis_10y-", "7: struck at expected inflation", ZCIS),
    Move(34, "5Y", "10Y", "dscr_avg+", "2: F = 5 or 10 years to the long run",
         INDEXED | {"InflationSpot_33": 4}),
    Move(35, 0.8, 0.9, "gross_income+ market_costs+ senior_notional+",
         "13: local amounts convert at _35", {}, "abroad"),
    Move(36, 50, 150, "equity_capacity- equity_irr-", "13: _36 bps a year", HEDGED, "abroad"),
    Move(37, 1.30, 1.40, "senior_notional- dscr_min+ senior_ltv_pct-", "3: S_DSCR"),
    Move(38, 5, 6, "senior_notional- equity_capacity~ call_value+", "3: i = annual / 12"),
    Move(39, 8, 12, "senior_notional+ senior_wal+", "3: n = 12 x _39"),
    Move(40, "Annuity", "LevelPrincipal", "senior_wal- senior_notional-", "3: equal principal"),
    Move(40, "Annuity", "StepDown", "senior_wal- senior_notional-", "3: 1.2 / 1.0 / 0.8"),
    Move(40, "Annuity", "Bullet", "balloon_pct+ senior_wal+ senior_notional+",
         "3: all principal at n"),
    Move(40, "Annuity", "Sculpted", "senior_notional+ dscr_avg-", "3: service N / target",
         INDEXED),
    Move(41, 0, 24, "senior_wal+", "3: grace g, interest only"),
    Move(42, 50, 100, "upfront_fees+ required_capital+ capex_coverage-", "5: _42 x S"),
    Move(43, 20, 60, "fccr_min- equity_capacity- covenant_dscr_min-", "3: FCCR; 8: senior fees"),
    Move(44, True, False, "FLAG_OFF+", "6: RepoEligible = flag _44 and ..."),
    Move(45, 1.10, 1.20, "mezz_notional- mezz_dscr_min+", "4: N / _45", MEZZ),
    Move(46, 8, 10, "mezz_notional- wacc~", "4: K / j", MEZZ),
    Move(47, 6, 9, "mezz_notional+", "4: M = K x pv(j, n)", ANNUITY_MEZZ),
    Move(48, "Annuity", "Bullet", "mezz_notional+", "4: K x pv, K / j", MEZZ),
    Move(48, "Bullet", "PIKWindow", "mezz_notional~ fccr_min~", "4: interest capitalises",
         MEZZ),
    Move(49, 100, 200, "upfront_fees+ required_capital+", "5: _49 x M", MEZZ),
    Move(50, 50, 150, "equity_capacity- equity_irr-", "2: mezzanine ongoing fees _50", MEZZ),
    Move(51, "Sequential", "ProRata", "rent_equity_irr~ default_equity_irr~",
         "8: ProRata alongside: senior and mezzanine share what there is for principal",
         SHORT_MEZZ),
    Move(51, "Sequential", "OCTriggered", "equity_irr-", "8: OCTriggered also needs OC, of both",
         SHORT_MEZZ | {"OC_TestLevels_100": 30}),
    Move(52, 0, 20, "FIRST_LOSS_SHORTFALL+", "10: E < _52 % of TotalCost",
         {"CapexMarketRate_05": 6e6, "CapexCostPrice_04": 6e6}),
    Move(53, 5, 20, "day1_trs+ equity_irr~", "7: notional _53 % x E", TRS),
    Move(54, 3, 6, "equity_irr- equity_capacity-", "7: fee _54 on notional", TRS),
    Move(55, 12, 17, "equity_capacity- wacc+ capex_coverage-", "5: capacity at 1 + _55"),
    Move(56, 2, 5, "call_value~", "7: call at _56 years"),
    Move(57, "None", "SeniorOnly", "day1_wrap+ senior_rating+ fccr_min-", "6: wrap; 7: spread", AA),
    Move(57, "SeniorOnly", "WholeStack", "mezz_rating+", "6: WholeStack covers mezzanine too",
         MEZZ | AA),
    Move(58, 20, 60, "fccr_min- equity_capacity- WRAP_COST_OUT_OF_RANGE+", "6, 8: premium _58",
         WRAP | AA),
    Move(59, 3, 6, "dsra_funding+ total_uses+ default_passed+", "5: _59 months; 9: default",
         {"LiquidityFacilityMonths_60": 0}),
    Move(60, 0, 6, "default_passed+ delay_passed+ equity_capacity-",
         "8: facility; 9: months of DSRA + liquidity",
         {"DSRA_Months_59": 0, "COD_DelayMonths_90": 2}),
    Move(61, "Construction", "Ops", "construction_insurance- equity_capacity-", "2: Ops"),
    Move(61, "Ops", "Both", "construction_insurance+", "2: Both both"),
    Move(62, 50, 100, "construction_insurance+ equity_capacity-", "2: _62 bps of _16"),
    Move(63, 0, 1.5, "dscr_avg+ equity_capacity+", "2: clamp",
         INDEXED | {"InflationSpot_33": 0}),
    Move(64, 3, 5, "dscr_avg+ equity_capacity+", "2: clamp", INDEXED | {"InflationSpot_33": 6}),
    Move(65, 1, 3, "dscr_avg+ equity_capacity+", "2: FixedEscalator _65",
         INDEXED | {"IndexationBase_19": "FixedEscalator"}),
    Move(66, 5, 15, "senior_notional- equity_capacity-", "2: f = 1 - _66",
         {"RevenueBasis_20": "Underwritten"}),
    Move(66, 5, 15, "senior_notional+", "2: power x (1 - _66)", LANDLORD),
    Move(67, 30, 75, "working_capital+ equity_irr-", "8: collection lag"),
    Move(68, 0, 6, "rent_free_reserve+ equity_irr- equity_capacity-", "2: G = 0 for m <= _68"),
    Move(69, 2, 5, "equity_irr- equity_capacity-", "2: _69 % of G"),
    Move(70, "Tenant", "Share", "senior_notional- equity_capacity-", "2: 0, 0.5",
         {"GrossMonthlyRent_07": 1_500_000}),
    Move(70, "Share", "Landlord", "senior_notional- equity_capacity-", "2: 0.5, 1",
         {"GrossMonthlyRent_07": 1_500_000}),
    Move(71, 5, 10, "dscr_avg~ equity_capacity-", "2: PPA for _71 years, here above spot", PPA),
    Move(72, 100, 120, "senior_notional- dscr_avg~", "2: strike _72", PPA),
    Move(73, 5, 10, "senior_notional+", "2: the swap for _73 years, here under spot", SWAP),
    Move(74, 50, 80, "senior_notional+", "2: on _74 %, here under spot",
         SWAP | {"PowerSwapTenorY_73": 10}),
    Move(74, 50, 80, "senior_notional- dscr_avg~", "2: on _74 %, here above spot", PPA),
    Move(75, "BBB", "AAA", "RATING_BELOW_TARGET+ DSCR_BELOW_MINIMUM+",
         "10: two notches under _75; RK-DSCR-001 for _75", {"TargetDSCRSenior_37": 1.2}),
    Move(76, "BB", "A", "MEZZ_RATING_BELOW_TARGET+", "10: _76", MEZZ),
    Move(77, "BBB", "A+", "senior_rating-", "6: tenant below _77: one category down"),
    Move(78, 20, 50, "senior_rating+ CONCENTRATION-", "6: share above _78",
         {"DSRA_Months_59": 3, "TargetDSCRSenior_37": 1.4}, "shared"),
    Move(79, "CB_RepoEligible", "PPOnly", "JURISDICTION+", "6: _79 = CB_RepoEligible"),
    Move(79, "CB_RepoEligible", "NA", "JURISDICTION+", "6: _79 = CB_RepoEligible"),
    Move(80, 3, 10, "WAL_EXCEEDS_LIMIT- WAL-", "10: _80; 6: WAL <= _80"),
    Move(81, "RA_Conservative", "RA_Base", "matrix_rating+", "6: shift +0.05, 0",
         LOW_LTV | {"TargetDSCRSenior_37": 1.37}),
    Move(81, "RA_Base", "Internal_Base", "matrix_rating+", "6: shift 0, -0.05",
         LOW_LTV | {"TargetDSCRSenior_37": 1.32}),
    Move(82, [1, 1.8, 2.5], [2, 1.8, 2.5], "cpi_1_dscr_avg+", "9: constant path", INDEXED),
    Move(82, [0, 1.2, 2.5], [0, 1.8, 2.5], "cpi_2_dscr_avg+", "9: constant path", INDEXED),
    Move(82, [0, 1.8, 2.5], [0, 1.8, 3.0], "cpi_3_dscr_avg+", "9: constant path", INDEXED),
    Move(83, 100, 200, "rate_up_dscr_min- rate_down_dscr_min+", "9: rate +- _83"),
    Move(84, 10, 20, "opex_dscr_min-", "9: opex + _84 %"),
    Move(85, 10, 20, "rent_dscr_min- rent_equity_irr-", "9: rent - _85 %"),
    Move(86, 1, 10, "dscr_default_weighted-", "9: the probability-weighted (_86) DSCR"),
    Move(87, 6, 12, "default_passed- default_months_under_1+ default_equity_irr-",
         "9: _87 months without rent"),
    Move(88, 100, 300, "refinance_dscr_min-", "9: refinancing at + _88",
         BULLET),
    Move(89, 10, 20, "capex_coverage_stressed- capex_equity_irr-", "9: capex + _89 %"),
    Move(90, 3, 9, "delay_equity_irr-", "9: COD delay _90 months"),
    Move(91, 25, 75, "day1_zcis_10y+", "7: notional _91 % x S, breakeven over expected", ZCIS),
    Move(92, "5", "10", "day1_zcis_5y- day1_zcis_10y+", "7: term of a single zcis switch",
         INDEXED, facts={"base.zcis": True}),
    Move(93, 2.5, 3, "day1_zcis_5y+ day1_zcis_10y+", "7: b = _93 - _94",
         ZCIS | {"zcis_5y": True}),
    Move(94, 15, 40, "day1_zcis_10y-", "7: b = _93 - _94", ZCIS),
    Move(95, "Monthly", "Quarterly", "day1_trs~", "7: rulebook rate by _95", TRS),
    Move(96, 0, 10, "day1_currency_swap-", "7: currency swap, a cost", HEDGED, "abroad"),
    Move(97, 60, 120, "day1_currency_swap-", "7: _97", CURRENCY_SWAP, "abroad"),
    Move(98, "TwoWay", "OneWay", "day1_zcis_10y-", "7: credit charge by _98", ZCIS),
    Move(98, "TwoWay", "Threshold", "day1_zcis_10y~", "7: credit charge by _98", ZCIS),
    Move(99, "Std", "Enhanced", "default_equity_irr~ rent_equity_irr~",
         "8: tops up the DSRA before senior principal",
         {"RecoveryLagMonths_87": 12, "LiquidityFacilityMonths_60": 0,
          "TargetDSCRSenior_37": 1.1}),
    Move(100, 5, 30, "equity_irr-", "8: OC under _100 blocks mezzanine",
         {"CapexMarketRate_05": 6.2e6, "CapexCostPrice_04": 6.2e6}),
    Move(101, "1.10|1.05", "1.50|1.05", "trap_months+ equity_irr-", "8: under the first, trap"),
    Move(101, "1.50|1.05", "1.50|1.50", "turbo_months+ expected_wal-",
         "8: under the second, turbo",
         {"ExcessSpreadUse_104": "Reserve"}),
    Move(102, "EquityBlock", "SweepPct", "equity_irr+", "8: SweepPct 50 %", TRAP),
    Move(102, "EquityBlock", "MezzBlock", "expected_wal-", "8: MezzBlock before it",
         TRAP | MEZZ),
    Move(103, "TurboOnTrap", "TimeBased", "turbo_months~ expected_wal~", "8: TimeBased year",
         TURBO),
    Move(103, "TurboOnTrap", "RatingDowngrade", "turbo_months~", "8: RatingDowngrade notches",
         TURBO),
    Move(104, "PayDown", "Reserve", "expected_wal+", "8: trapped cash per _104", TRAP),
    Move(104, "Reserve", "DistToEquity", "opex_equity_irr+", "8: one clean test",
         {"RentFreeMonths_68": 6}),
    Move(105, "Off", "Limited", "equity_multiple+", "8: earns on reserves and trapped cash"),
    Move(105, "Off", "LeaseBacked", "equity_multiple+", "8: earns on reserves and trapped cash"),
    Move(106, "SeniorFirst", "ProRataFees", "rent_equity_irr~ default_equity_irr~",
         "8: the fee line between senior and mezzanine", MEZZ),
    Move(110, {"DSCR": 1}, {"SeniorRaise": 1}, "composite_score~", "11: CompositeScore per _110"),
    Move(111, ["DSCR>=1.5"], ["DSCR>=1.1"], "viable+", "11: all hard filters _111"),
    Move(114, {}, {"Weak": {"min_rating": "BBB", "max_tenor_years": 7}},
         "day1_zcis_5y- day1_zcis_10y=", "13: counterparty by rating and tenor",
         ZCIS | {"zcis_5y": True}),
    # -- beyond the catalogue: switches, covenants, facts of the project, deal, parties --------
    Move("mezz", False, True, "mezz_notional+ wacc~ complexity+", "12: mezz is off or on",
         {"TargetDSCRMezz_45": 1.10}),
    Move("zcis_5y", False, True, "day1_zcis_5y+ derivatives+", "7: ZCIS 5 y", INDEXED),
    Move("zcis_10y", False, True, "day1_zcis_10y+ derivatives+", "7: ZCIS 10 y", INDEXED),
    Move("trs", False, True, "day1_trs+ derivatives+", "7: TRS"),
    Move("floor", False, True, "day1_rate_option+ derivatives+", "7: rate floor"),
    Move("strip", False, True, "day1_strip+ equity_capacity-", "7: residual strip",
         {"LeaseTermYears_22": 25}),
    Move("max_ltv_pct", 60, 65, "senior_notional+", "3: S_LTV"),
    Move("min_icr", 2, 4, "senior_notional-", "3: S_ICR"),
    Move("project.local_currency", "GBP", "EUR", "gross_income-", "13: local amounts convert",
         facts={"base.FXSpot_35": 0.85}),
    Move("project.tenant.rating", "A", "BBB", "senior_rating-", "6: tenant below _77"),
    Move("project.tenant.share_pct", 20, 60, "CONCENTRATION+", "6: concentration", on="shared",
         where={"DSRA_Months_59": 3}),
    Move("project.country", "GB", "US", "equity_capacity+", "5: tax rate by country",
         {"VAT_TaxTreatmentToggle_26": True}, facts={"project.local_currency": "GBP"}),
    Move("project.country", "GB", "DE", "CENTRAL_BANK_CURRENCY+", "6: RK-REPO-001 by jurisdiction",
         facts={"project.local_currency": "GBP"}),
    Move("project.asset_type", "data_centre", "renewable", "TENOR_EXCEEDS_LIMIT-",
         "10: RK-TENOR-001 by asset type", {"LeaseTermYears_22": 25, "SeniorTenorY_39": 20}),
    Move("project.rent", {"per_kwh": 0.12}, {"per_kwh": 0.13}, "gross_income+", "2: per_kwh r"),
    Move("project.rent", {"per_kwh": 0.12}, {"per_kw_month": 90}, "gross_income+",
         "2: 730 hours; 0.12 a kWh is 87.6 a kW-month"),
    Move("project.rent", {"monthly": 400_000}, {"monthly": 500_000}, "gross_income+", "2: rent"),
    Move("parties.insurer_rating", "A", "AA+", "senior_rating+", "6: insurer sufficient",
         WRAP | AA),
    Move("parties.hedge_counterparty_rating", "BBB", "AA", "day1_zcis_10y+",
         "7: credit charge by counterparty rating", ZCIS),
    Move("covenants.dsra_funding", "Cash", "LetterOfCredit", "dsra_funding- total_uses-",
         "5: none with LetterOfCredit"),
    Move("covenants.interest_during_construction", True, False,
         "interest_during_construction- total_uses-", "5: IDC unless false"),
    Move("covenants.prepayment_penalty_pct", 0, 5, "equity_multiple- expected_wal+",
         "13: applies to turbo and sweeps", TRAP),
    Move("covenants.payment_frequency", "Monthly", "Quarterly",
         "equity_irr- expected_wal+ senior_notional= dscr_min= equity_capacity=",
         "8: quarterly payment on request"),
    Move("covenants.mezz_reserve_months", 0, 12, "equity_irr- senior_notional= mezz_notional=",
         "8: mezzanine fees and reserve", MEZZ),
    Move("deal.fee_rebate_pct", 0, 20, "day1_fee_rebate+ full_coverage+", "7: fee rebates",
         {"TotalStructuringFees_14": 1e6}),
    Move("deal.advance_uplift_pct", 0, 5, "day1_advance_uplift+ full_coverage+",
         "7: advance-rate uplift"),
    Move("deal.rate_option", "floor", "cap", "day1_rate_option-", "7: a cap is bought",
         {"floor": True}),
    Move("deal.rate_option", "floor", "collar", "day1_rate_option-", "7: collar: floor less cap",
         {"floor": True}),
    Move("deal.governing_law", True, False, "GOVERNING_LAW+", "6: governing law"),
    Move("deal.true_sale", True, False, "TRUE_SALE+", "6: true sale", on="abroad"),
    Move("deal.rule_144a", True, False, "RULE_144A+", "6: 144A",
         facts={"project.country": "US", "project.local_currency": "GBP"}),
    Move("project.locations", None,
         [{"country": "GB", "city": "London", "site": "One", "share_pct": 100}],
         "GEO_CONCENTRATION+", "6: RK-CONC-002"),
)  # fmt: skip

# Variables of a run: no figure of a structure moves, and each does what is said here.
OF_A_RUN: dict[int, str] = {
    107: "the step of a Range given without one",
    108: "the most permutations of a run",
    109: "the order of ranked.parquet",
    112: "the lease variants of reports/scenarios.parquet; Stress is all fourteen stresses",
    113: "the documents of the pack, listed as not written as long as none is made",
    115: "the stresses of reports/scenarios.parquet",
    116: "reports/trace.json, how every figure of the best structure came about",
}
# Input rows beyond the catalogue, and what moves them.
EXTRA_ROWS: dict[str, int | str] = {
    "MEZZ_ON": "mezz",
    "ZCIS_5Y_ON": "zcis_5y",
    "ZCIS_10Y_ON": "zcis_10y",
    "TRS_ON": "trs",
    "FLOOR_ON": "floor",
    "STRIP_ON": "strip",
    "MAX_LTV_PCT": "max_ltv_pct",
    "MIN_ICR": "min_icr",
    "LOCAL_CURRENCY": "project.local_currency",
    "TENANT_NOTCH": "project.tenant.rating",
    "TENANT_SHARE_PCT": "project.tenant.share_pct",
    "JURISDICTION": "project.country",
    "ASSET_TYPE": "project.asset_type",
    "RENT_BASIS": "project.rent",
    "RENT_RATE": "project.rent",
    "INSURER_NOTCH": "parties.insurer_rating",
    "TURBO_TRIGGER_DSCR": 101,
    "DSRA_LETTER_OF_CREDIT": "covenants.dsra_funding",
    "CAPITALISE_INTEREST": "covenants.interest_during_construction",
    "PREPAYMENT_PENALTY_PCT": "covenants.prepayment_penalty_pct",
    "FEE_REBATE_PCT": "deal.fee_rebate_pct",
    "ADVANCE_UPLIFT_PCT": "deal.advance_uplift_pct",
    "QUARTERLY_PAYMENT": "covenants.payment_frequency",
    "MEZZ_RESERVE_MONTHS": "covenants.mezz_reserve_months",
    "TRUE_SALE": "deal.true_sale",
    "GOVERNING_LAW_OK": "deal.governing_law",
    "RULE_144A": "deal.rule_144a",
    "GEO_CONCENTRATION": "project.locations",
    "ZCIS_IMPLIED_5Y_PCT": 93,
    "ZCIS_IMPLIED_10Y_PCT": 93,
    "COUNTERPARTY_5Y_RATING": "parties.hedge_counterparty_rating",
    "COUNTERPARTY_10Y_RATING": "parties.hedge_counterparty_rating",
    "RATE_OPTION": "deal.rate_option",
    "CPI_STRESS_1_PCT": 82,
    "CPI_STRESS_2_PCT": 82,
    "CPI_STRESS_3_PCT": 82,
}
# Set by the engine from _28, see test_a_curve_shift_finds_its_own_curve.
TABLE_ROWS = {"CURVE_TABLE"}
