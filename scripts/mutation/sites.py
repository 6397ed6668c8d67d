"""Mistakes with fermions on sites."""

from .mutant import Mutant

__all__ = ["SITES"]

TESTS = "wavefunctions/occupation/test_wavefunctions.py"

SITES = (
    Mutant(
        "sites: walkers of another density without weights",
        "tasks/vmc/task.py",
        "return ((1 - self.power / 2) * log_density).softmax(0)",
        "return (0 * log_density).softmax(0)",
        "tasks/vmc/test_sites.py::test_walkers_of_another_density_have_weights",
    ),
    Mutant(
        "sites: samples of the natural gradient without weights",
        "wavefunctions/optimizers/natural_gradient.py",
        "root = w.sqrt()",
        "root = torch.full_like(w, len(w) ** -0.5)",
        f"{TESTS}::test_the_direction_is_that_of_differences_of_the_state",
    ),
    Mutant(
        "sites: an inverse without the column of the particle's new site",
        "wavefunctions/occupation/rank_one.py",
        "row[target] -= 1.0",
        "row[target] -= 0.0",
        f"{TESTS}::test_kept_inverses_are_those_of_the_last_configuration",
    ),
    Mutant(
        "sites: orbits that do not know how many configurations they have",
        "wavefunctions/occupation/enumeration/orbits.py",
        "return chosen[there], sizes[there].double(), number[place], phases",
        "return chosen[there], torch.ones_like(sizes[there]).double(), number[place], phases",
        "wavefunctions/occupation/test_orbits.py::test_the_energy_is_the_quotient_of_rayleigh_with_the_whole_matrix",
    ),
    Mutant(
        "sites: configurations of an orbit without the signs between them",
        "wavefunctions/occupation/enumeration/orbits.py",
        "beside = signs * group.characters",
        "beside = signs * signs * group.characters",
        "wavefunctions/occupation/test_orbits.py::test_the_energy_is_the_quotient_of_rayleigh_with_the_whole_matrix",
    ),
    Mutant(
        "sites: an exchange of spins without its sign",
        "wavefunctions/occupation/symmetries.py",
        "crossings = crossings + flips * counts[..., 0] * counts[..., 1]",
        "crossings = crossings + 0 * flips",
        f"{TESTS}::test_motions_are_those_of_the_creation_operators",
    ),
)
