"""What follows from a country: its jurisdiction in the rulebook and its currency."""

from __future__ import annotations

from typing import Literal

Jurisdiction = Literal["UK", "EU", "US", "Global"]
JURISDICTIONS: tuple[Jurisdiction, ...] = ("UK", "EU", "US", "Global")
CURRENCIES = ("GBP", "EUR", "USD", "JPY", "AED")

_EURO_AREA_TEXT = "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK EU"
_OTHER_EU_TEXT = "CZ DK HU PL RO SE"
# ISO 3166-1 alpha-2, with UK and EU as people write them
_CODES_TEXT = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC
EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY
HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA
LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY
MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UK UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_EURO_AREA = frozenset(_EURO_AREA_TEXT.split())
_OTHER_EU = frozenset(_OTHER_EU_TEXT.split())
CODES = frozenset(_CODES_TEXT.split())


def jurisdiction_of(country: str | None, currency: str) -> Jurisdiction:
    """The rulebook's column for a project; by its currency when no country is known."""
    if currency in ("JPY", "AED"):
        return "Global"
    if country is None:
        by_currency: dict[str, Jurisdiction] = {"GBP": "UK", "EUR": "EU", "USD": "US"}
        return by_currency.get(currency, "Global")
    if country in ("UK", "GB"):
        return "UK"
    if country in _EURO_AREA or country in _OTHER_EU:
        return "EU"
    return "US" if country == "US" else "Global"


def currency_of(country: str) -> str | None:
    """The currency of a country among those of Currency_01; None when it is another."""
    if country in _EURO_AREA:
        return "EUR"
    return {"UK": "GBP", "GB": "GBP", "US": "USD", "JP": "JPY", "AE": "AED"}.get(country)
