"""Mistakes in densities that are averaged over symmetries, and in the parts of wavefunctions."""

from .mutant import Mutant

__all__ = ["SYMMETRIES"]

FLOWS = "flows/test_symmetrized.py"
PARTS = "wavefunctions/test_sectors.py"

SYMMETRIES = (
    Mutant(
        "samples of an averaged flow moved by g in place of its inverse",
        "flows/symmetrized.py",
        "self._acted(self.elements.inverse(), numbers, y)",
        "self._acted(self.elements, numbers, y)",
        f"{FLOWS}::test_the_density_is_that_of_the_samples",
    ),
    Mutant(
        "averaged log q in place of averaged q",
        "flows/symmetrized.py",
        "return orbit.logsumexp(1) - math.log(orbit.shape[1])",
        "return orbit.mean(1)",
        f"{FLOWS}::test_the_density_is_that_of_the_samples",
    ),
    Mutant(
        "distance won on averaged orbits with equal shares",
        "flows/symmetrized.py",
        "(shares.exp() * shares).sum(1)",
        "shares.mean(1)",
        f"{FLOWS}::test_what_is_won_is_the_difference_of_the_distances",
    ),
    Mutant(
        "averaged over cosets of the other side",
        "flows/symmetrized.py",
        "word = part.take(numbers % len(part)) @ word",
        "word = word @ part.take(numbers % len(part))",
        f"{FLOWS}::test_operations_are_cosets_of_what_is_whole",
    ),
    Mutant(
        "averaged density reported with the weight of the layers",
        "tasks/flow/weighing.py",
        '"log_weight": self.flow.log_weight(x, average(orbit))',
        '"log_weight": self.flow.log_weight(x, orbit[:, 0])',
        "tasks/flow/test_symmetrized.py::test_the_weight_is_that_of_the_averaged_density_of_the_other_run",
    ),
    Mutant(
        "parts of averaged orbits by the wrong products",
        "wavefunctions/point_groups.py",
        "turn = k[:, None] - k * (1 - 2 * same)",
        "turn = k[:, None] + k * (1 - 2 * same)",
        f"{PARTS}::test_functions_of_one_part",
    ),
    Mutant(
        "averaged wavefunction without signs",
        "wavefunctions/ansatz/projected.py",
        "(sign * self.weights.to(sign))",
        "self.weights.to(sign)",
        f"{PARTS}::test_functions_of_one_part",
    ),
    Mutant(
        "averaged part's energy with equal weights",
        "wavefunctions/analysis/sectors.py",
        "chunk_size=chunk_size), shares",
        "chunk_size=chunk_size), torch.ones_like(shares)",
        f"{PARTS}::test_a_mixture_has_its_weights_and_its_energy",
    ),
)
