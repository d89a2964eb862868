"""Do notch numbers fall into the right rating, and means into the nearest?"""

import numpy as np
import pytest

from kernels import layout as x
from kernels import rating

NOTCHES = (
    "AAA AA+ AA AA- A+ A A- BBB+ BBB BBB- BB+ BB BB- B+ B B- CCC+ CCC CCC- CC C D".split()
)


@pytest.mark.parametrize("place", range(len(NOTCHES)))
def test_a_notch_belongs_to_the_rating_in_its_name(place: int) -> None:
    letters = NOTCHES[place].rstrip("+-")
    expected = {"AAA": 6, "AA": 5, "A": 4, "BBB": 3, "BB": 2}.get(letters, x.RATING_B)
    assert rating.category_of_notch(float(place + 1)) == expected


def test_a_mean_notch_half_way_takes_the_weaker_rating() -> None:
    class Middles:
        notch = np.array([0.0, 15.0, 12.0, 9.0, 6.0, 3.0, 1.0])

    find = getattr(rating.rating_of_mean_notch, "py_func", rating.rating_of_mean_notch)
    assert find(2.0, Middles) == x.RATING_AA
    assert find(1.9, Middles) == x.RATING_AAA
    assert find(7.5, Middles) == x.RATING_BBB
