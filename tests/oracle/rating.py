"""Ratings, the wrap, tenant and concentration adjustments, and repo eligibility."""

from typing import Any

SCALE = ("AAA", "AA", "A", "BBB", "BB", "B")  # best first
NUMBER = {"AAA": 6, "AA": 5, "A": 4, "BBB": 3, "BB": 2, "B": 1}
MIDDLE_NOTCH = {"AAA": 1, "AA": 3, "A": 6, "BBB": 9, "BB": 12, "B": 15}
NOTCHES = (
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-",
    "B+", "B", "B-", "CCC+", "CCC", "CCC-", "CC", "C", "D",
)  # fmt: skip
TOLERANCE = 1e-9


def notch(rating: str) -> int:
    return NOTCHES.index(rating) + 1


def category(rating: str) -> str:
    """The rating without its sign; what is below B counts as B."""
    plain = rating.rstrip("+-")
    return plain if plain in SCALE else "B"


def at_least(rating: str | None, wanted: str) -> bool:
    return rating is not None and SCALE.index(rating) <= SCALE.index(wanted)


def matrix_rating(
    rulebook: dict[str, Any],
    dscr: float,
    ltv_pct: float | None,
    shift: float,
    relief: dict[str, float] | None = None,
) -> str | None:
    """Best rating of the matrix. With `relief` only ratings that have one, and None is possible."""
    for rating in SCALE:
        rule = rulebook["ratings"]["matrix"].get(rating)
        if rule is None:
            return None if relief is not None else rating
        if relief is not None and rating not in relief:
            continue
        least = rule["min_dscr"] + shift - (relief[rating] if relief is not None else 0.0)
        fits = ltv_pct is None or ltv_pct <= rule["max_ltv_pct"] + TOLERANCE
        if dscr >= least - TOLERANCE and fits:
            return rating
    return None


def wrap_relief(
    values: dict[str, Any], facts: dict[str, Any], rulebook: dict[str, Any]
) -> dict[str, float]:
    """DSCR relief by rating that the insurer is good enough for; empty without a wrap."""
    rule = rulebook["rules"]["RK-WRAP-001"]
    if values["MonolineWrapFlag_57"] == "None" or not rule["enabled"]:
        return {}
    insurer = facts.get("insurer_rating") or rule["default_insurer_rating"]
    return {
        rating: row["dscr_relief"]
        for rating, row in rule["threshold"].items()
        if notch(insurer) <= notch(row["min_insurer"])
    }


def shift_of(values: dict[str, Any], rulebook: dict[str, Any]) -> float:
    return rulebook["ratings"]["dscr_shift"][values["HaircutRuleSet_81"]]


def better(one: str | None, other: str | None) -> str | None:
    present = [r for r in (one, other) if r is not None]
    return min(present, key=SCALE.index, default=None)


def concentrated(
    values: dict[str, Any], facts: dict[str, Any], rulebook: dict[str, Any], rating: str
) -> bool:
    """Whether one tenant is more of the income than the rating allows."""
    share = facts["tenant_share_pct"]
    rule = rulebook["rules"]["RK-CONC-001"]
    limit = rule["threshold"].get(rating) if rule["enabled"] else None
    if share > values["ConcentrationLimitPct_78"]:
        return True
    if limit is None:
        return False
    needed = limit.get("min_tenant")
    return share > limit["max_share_pct"] or (
        needed is not None and notch(facts["tenant_rating"]) > MIDDLE_NOTCH[needed]
    )


def senior_rating(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    dscr: float,
    ltv_pct: float,
) -> dict[str, Any]:
    """Ratings from the matrix to the final one, and whether concentration was breached."""
    shift = shift_of(values, rulebook)
    unwrapped = matrix_rating(rulebook, dscr, ltv_pct, shift)
    relief = wrap_relief(values, facts, rulebook)
    wrapped = matrix_rating(rulebook, dscr, ltv_pct, shift, relief) if relief else None
    rating = better(unwrapped, wrapped)
    breached = False
    tenant = facts.get("tenant_rating")
    if tenant is not None:
        if notch(tenant) > notch(values["TenantRatingFloor_77"]):
            rating = SCALE[min(SCALE.index(rating) + 1, len(SCALE) - 1)]
        breached = concentrated(values, facts, rulebook, rating)
        enhancement = rulebook["rules"]["RK-CONC-001"]["enhancement"]
        enhanced = (
            values["MonolineWrapFlag_57"] != "None"
            or values["DSRA_Months_59"] >= enhancement["dsra_months"]
            or notch(tenant) <= MIDDLE_NOTCH[enhancement["tenant_rating"]]
        )
        caps = rulebook["rules"]["RK-CONC-001"]["action"] == "downgrade"
        if breached and not enhanced and caps:
            rating = max(rating, category(tenant), key=SCALE.index)
    return {
        "matrix_rating": unwrapped,
        "wrapped_rating": wrapped,
        "senior_rating": rating,
        "concentrated": breached,
    }


def mezz_rating(
    values: dict[str, Any], facts: dict[str, Any], rulebook: dict[str, Any], dscr: float
) -> str | None:
    shift = shift_of(values, rulebook)
    rating = matrix_rating(rulebook, dscr, None, shift)
    relief = wrap_relief(values, facts, rulebook)
    if values["MonolineWrapFlag_57"] == "WholeStack" and relief:
        rating = better(rating, matrix_rating(rulebook, dscr, None, shift, relief))
    return rating


def structure_rating(tranches: list[tuple[float, str | None]]) -> str | None:
    """The rating nearest the notional-weighted notch; a tie goes to the weaker."""
    rated = [(notional, r) for notional, r in tranches if notional > 0 and r is not None]
    if not rated:
        return None
    mean = sum(n * MIDDLE_NOTCH[r] for n, r in rated) / sum(n for n, _ in rated)
    return min(reversed(SCALE), key=lambda r: abs(MIDDLE_NOTCH[r] - mean))


def repo_failures(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    jurisdiction: str,
    found: dict[str, Any],
) -> list[str]:
    """Names of the legs of repo eligibility that fail, in order."""
    rule, haircuts = (rulebook["rules"][key] for key in ("RK-REPO-001", "RK-REPO-002"))
    rating, wal, dscr = found["senior_rating"], found["senior_wal"], found["dscr_min"]
    tenor = values["SeniorTenorY_39"]
    legs = [
        ("FLAG_OFF", values["SeniorRepoEligibleFlag_44"]),
        ("WAL", wal is not None and wal <= values["MaxWAL_Senior_80"] + TOLERANCE),
        ("JURISDICTION", values["JurisdictionEligibility_79"] == "CB_RepoEligible"),
        ("TENOR_OVER_LEASE", tenor <= values["LeaseTermYears_22"]),
    ]
    if haircuts["enabled"] and haircuts["action"] == "reject":
        legs.append(("NOT_FINANCEABLE", repo_haircut_pct(rulebook, rating, tenor) is not None))
    if not rule["enabled"]:
        return [name for name, passed in legs if not passed]
    legs += [
        ("RATING", at_least(rating, rule["min_rating"])),
        ("DSCR", dscr is not None and dscr >= rule["min_dscr"] - TOLERANCE),
    ]
    bank = rule["threshold"].get(jurisdiction)
    if bank is None:
        legs.append(("NO_CENTRAL_BANK", False))
    else:
        legs += [
            ("CENTRAL_BANK_RATING", at_least(rating, bank["min_rating"])),
            ("CENTRAL_BANK_TENOR", tenor <= bank["max_tenor_years"]),
            (
                "CENTRAL_BANK_ADVANCE_FACTOR",
                found["senior_ltv_pct"] <= bank["max_advance_pct"] + TOLERANCE,
            ),
            ("CENTRAL_BANK_CURRENCY", values["Currency_01"] == bank["currency"]),
        ]
        for flag in bank["needs"]:
            legs.append((flag.upper(), (facts.get("deal") or {}).get(flag, True)))
    return [name for name, passed in legs if not passed]


OWN_LEGS = {"FLAG_OFF", "WAL", "JURISDICTION", "TENOR_OVER_LEASE", "NOT_FINANCEABLE"}


def repo_eligible(rulebook: dict[str, Any], legs: list[str]) -> bool:
    """Whether the failed legs leave a structure eligible."""
    only_warns = rulebook["rules"]["RK-REPO-001"]["action"] == "warn"
    return not (set(legs) & OWN_LEGS if only_warns else legs)


def repo_haircut_pct(rulebook: dict[str, Any], rating: str | None, tenor: float) -> float | None:
    rule = rulebook["rules"]["RK-REPO-002"]
    row = rule["threshold"].get(rating) if rule["enabled"] else None
    for end, haircut in zip(rule["tenor_years"], row or (), strict=False):
        if tenor <= end:
            return haircut
    return None
