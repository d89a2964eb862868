"""Do notch numbers fall into the right rating, and means into the nearest?"""

import numpy as np
import pytest

from kernels import layout as x
from kernels import rating
from kernels import rules as r

NOTCHES = "AAA AA+ AA AA- A+ A A- BBB+ BBB BBB- BB+ BB BB- B+ B B- CCC+ CCC CCC- CC C D".split()


@pytest.mark.parametrize("place", range(len(NOTCHES)))
def test_a_notch_belongs_to_the_rating_in_its_name(place: int) -> None:
    letters = NOTCHES[place].rstrip("+-")
    expected = {"AAA": 6, "AA": 5, "A": 4, "BBB": 3, "BB": 2}.get(letters, x.RATING_B)
    assert rating.category_of_notch(float(place + 1)) == expected


def test_a_mean_notch_half_way_takes_the_weaker_rating() -> None:
    rules = np.full(r.NOTCH + 7, np.nan)
    rules[r.NOTCH :] = [0.0, 15.0, 12.0, 9.0, 6.0, 3.0, 1.0]
    assert rating.rating_of_mean_notch(2.0, rules) == x.RATING_AA
    assert rating.rating_of_mean_notch(1.9, rules) == x.RATING_AAA
    assert rating.rating_of_mean_notch(7.5, rules) == x.RATING_BBB
