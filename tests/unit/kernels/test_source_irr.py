"""What is the rate of return of the flows that the sources call some 18 %?"""

import numpy as np
import pytest

from kernels import irr


def test_flows_that_return_less_than_was_paid_have_a_negative_rate() -> None:
    flows = np.array([-530.0, *[1.05] * 24, 1.05 + 400.0])
    rate, status = irr.irr(flows.reshape(-1, 1), 0, 25, 1.0)
    assert flows.sum() == pytest.approx(-103.75)
    assert (round(100 * rate, 3), status) == (-0.892, irr.CONVERGED)
    assert flows @ (1 + rate) ** -np.arange(26.0) == pytest.approx(0.0, abs=1e-9)
