"""Mistakes in how walkers start and come from one nucleus to another, and in what is said of it."""

from .mutant import Mutant

__all__ = ["STARTS"]

HERE = "wavefunctions/test_starts.py"
REPORT = "tasks/vmc/test_starts.py"

STARTS = (
    Mutant(
        "starts: electrons shared in the order of the list",
        "wavefunctions/systems/walkers.py",
        "order = torch.rand(count, len(expected), generator=generator, device=generator.device).argsort(1)\n"
        "    begin = torch.rand(count, 1,",
        "order = torch.arange(len(expected)).expand(count, -1)\n    begin = 0 * torch.rand(count, 1,",
        f"{HERE}::test_the_order_of_the_nuclei_changes_nothing",
    ),
    Mutant(
        "starts: unpaired electrons up in the order of the list",
        "wavefunctions/systems/walkers.py",
        "keys = torch.rand(member.shape, generator=generator, device=generator.device) + (member == groups)",
        "keys = torch.arange(member.shape[1]).expand(member.shape) + 0.0",
        f"{HERE}::test_the_order_of_the_nuclei_changes_nothing",
    ),
    Mutant(
        "starts: as few unpaired electrons as there can be",
        "wavefunctions/systems/walkers.py",
        "return torch.where(electrons < len(known), known[electrons.clamp(max=len(known) - 1)], electrons % 2)",
        "return electrons % 2",
        f"{HERE}::test_each_atom_is_in_its_ground_state",
    ),
    Mutant(
        "starts: up and down populations exchanged",
        "wavefunctions/systems/walkers.py",
        "for spin in populations], 1)",
        "for spin in populations.flip(0)], 1)",
        f"{HERE}::test_populations_of_a_mean_field_are_those_of_the_walkers",
    ),
    Mutant(
        "starts: a carry that cannot come back is taken",
        "montecarlo/jumps.py",
        "torch.where(returns, 0.0, -torch.inf).to(x)",
        "torch.where(returns, 0.0, 0.0).to(x)",
        f"{HERE}::test_a_carry_that_could_not_come_back_is_refused",
    ),
    Mutant(
        "starts: no jumps",
        "montecarlo/metropolis.py",
        "for jump in self.jumps:",
        "for jump in ():",
        f"{HERE}::test_jumps_find_all_of_far_h2",
    ),
    Mutant(
        "starts: R-hat between walkers in the order of the list",
        "tasks/vmc/report.py",
        "energies[kind.ravel() == k].mean(0)",
        "energies[np.sort(kind.ravel()) == k].mean(0)",
        f"{REPORT}::test_the_first_walkers_of_a_list_need_not_be_of_one_kind",
    ),
    Mutant(
        "starts: a fresh report compares the old ones",
        "tasks/vmc/task.py",
        "self.starts = self.space.starts(count, self.generator, self.populations)",
        "starting = self.space.starts(count, self.generator, self.populations)\n"
        '        self.starts = getattr(self, "starts", starting)',
        f"{REPORT}::test_a_checkpoint_without_starts_loads",
    ),
    Mutant(
        "starts: the lowest spin for an atom",
        "wavefunctions/systems/named.py",
        "spin = ground_spin(numbers[0], n) if len(numbers) == 1 else n % 2",
        "spin = n % 2",
        "wavefunctions/test_molecules.py::test_an_atom_without_a_spin_is_in_its_ground_state",
    ),
    Mutant(
        "starts: angstrom of an XYZ file taken for bohr",
        "tasks/vmc/systems.py",
        '"xyz": None, "unit": "angstrom"',
        '"xyz": None, "unit": "bohr"',
        "tasks/vmc/test_molecules.py::test_a_molecule_of_a_file",
    ),
)
