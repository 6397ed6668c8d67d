"""The closed form that stands beside a run."""

from types import SimpleNamespace

from gaugeflow.lattice import WilsonAction
from gaugeflow.lattice.exact import Exact2D
from gaugeflow.tasks.actions import Wilson
from gaugeflow.tasks.exact import exact_solution


def test_in_two_dimensions_an_anisotropy_is_a_factor_of_beta() -> None:
    """Every plaquette has time there."""
    theory = SimpleNamespace(group="su2", shape=[4, 4], action=Wilson(name="wilson", beta=1.1, xi=2.0))
    solution = exact_solution(theory)
    assert solution is not None
    assert float(solution.plaquette) == float(Exact2D("su2", (4, 4), 2.2).plaquette)
    assert theory.action.build(2).loops == WilsonAction(2, 2.2).loops
