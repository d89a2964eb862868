"""Pareto dominance: which rows another row beats.

Row b dominates row a when b is at least as good in every goal and better in one, so equal rows do
not dominate each other. Goals are numbers of which more is better; a goal that is to be small
comes with its sign turned, one that is undefined as minus infinity. Comparisons only: the same
answer on every processor. Source: model page, section 11 ("beyond the sources").

Timing: 26,662 survivors in parts of 1,200 against a frontier of 25, 5 ms in all.
"""

import numba


@numba.njit(cache=True, nogil=True)
def dominated(rows, by, out):
    """Which of `rows` (n, goals) a row of `by` (m, goals) dominates, into `out` (n,) bool.

    float64 without NaN. A row is tried first against the row that dominated the one before it:
    neighbours in the lever space tend to lose to the same structure.
    """
    goals = rows.shape[1]
    last = 0
    for row in range(rows.shape[0]):
        out[row] = False
        for step in range(-1, by.shape[0]):
            other = last if step < 0 else step
            if other >= by.shape[0]:
                continue
            better = False
            worse = False
            for goal in range(goals):
                if by[other, goal] < rows[row, goal]:
                    worse = True
                    break
                if by[other, goal] > rows[row, goal]:
                    better = True
            if better and not worse:
                out[row] = True
                last = other
                break
