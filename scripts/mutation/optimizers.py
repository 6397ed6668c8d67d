"""Mistakes in what changes parameters."""

from .mutant import Mutant

__all__ = ["OPTIMIZERS"]

TRAINING = "wavefunctions/test_training.py"
NEWTON = "tasks/vmc/test_rayleigh_gauss_newton.py"

OPTIMIZERS = (
    Mutant(
        "equations among parameters without the mean",
        "wavefunctions/optimizers/natural_gradient.py",
        "total - means.mT @ means",
        "total",
        "wavefunctions/test_training.py::test_samples_and_parameters_give_one_direction",
    ),
    Mutant(
        "lower clip of the gradient missing",
        "wavefunctions/optimizers/clipping.py",
        "torch.minimum(torch.maximum(energies, median - reach), median + reach)",
        "torch.minimum(energies, median + reach)",
        f"{TRAINING}::test_clipping_moves_outliers_only",
    ),
    Mutant(
        "SPRING momentum 1",
        "wavefunctions/optimizers/natural_gradient.py",
        "kept = self.momentum * self.direction if self.steps else start",
        "kept = self.direction if self.steps else start",
        f"{TRAINING}::test_spring_keeps_its_share_of_the_direction_before",
    ),
    Mutant(
        "learning rate never decays",
        "wavefunctions/optimizers/optimizer.py",
        "return rate / (1 + step / decay)",
        "return rate",
        f"{TRAINING}::test_the_learning_rate_decays",
    ),
    Mutant(
        "steps not counted by Adam",
        "wavefunctions/optimizers/adam.py",
        "decayed(self.rate, self.steps, self.decay)",
        "decayed(self.rate, 0, self.decay)",
        f"{TRAINING}::test_the_learning_rate_decays",
    ),
    Mutant(
        "steps not counted by the natural gradient",
        "wavefunctions/optimizers/natural_gradient.py",
        "change = decayed(self.rate, self.steps, self.decay) * direction",
        "change = decayed(self.rate, 0, self.decay) * direction",
        f"{TRAINING}::test_the_learning_rate_decays",
    ),
    Mutant(
        "no limit of a change",
        "wavefunctions/optimizers/natural_gradient.py",
        "change *= min(1.0, self.norm_limit / norm) if norm > 0 else 1.0",
        "change *= 1.0",
        f"{TRAINING}::test_a_change_is_not_longer_than_the_limit",
    ),
    Mutant(
        "the direction before is not subtracted",
        "wavefunctions/optimizers/natural_gradient.py",
        "missing = missing - processes.gather(derivatives.times(momentum))",
        "missing = missing - 0 * processes.gather(derivatives.times(momentum))",
        f"{TRAINING}::test_the_direction_minimises_what_it_should",
    ),
    Mutant(
        "gradient of the energy without the mean",
        "wavefunctions/optimizers/adam.py",
        "factors = 2 * shares * (energies - (shares * energies).sum())",
        "factors = 2 * shares * energies",
        f"{TRAINING}::test_adam_follows_the_gradient_of_the_energy",
    ),
    Mutant(
        "Newton's method without the energy",
        "wavefunctions/optimizers/rayleigh_gauss_newton.py",
        "moved = _applied(hamiltonian, own) - value * own",
        "moved = _applied(hamiltonian, own)",
        f"{NEWTON}::test_it_comes_to_the_lowest_energy_and_never_goes_up",
    ),
    Mutant(
        "a step uphill is kept",
        "wavefunctions/optimizers/rayleigh_gauss_newton.py",
        "if share > 0:",
        "if share == share:",
        f"{NEWTON}::test_a_step_that_would_raise_the_energy_is_taken_back_and_made_shorter",
    ),
    Mutant(
        "the Hamiltonian in units of the wrong phase",
        "tasks/vmc/sites/whole.py",
        "units.conj()[own.rows] * own.values",
        "units[own.rows] * own.values",
        f"{NEWTON}::test_the_hamiltonian_in_units_of_psi",
    ),
    Mutant(
        "orbits of all sizes alike",
        "wavefunctions/occupation/enumeration/orbits.py",
        "operator.values * (roots[operator.rows] / roots[operator.columns])",
        "operator.values",
        f"{NEWTON}::test_the_hamiltonian_in_units_of_psi",
    ),
    Mutant(
        "Levenberg and Marquardt uphill",
        "nn/least_squares.py",
        "if new < loss:",
        "if new < 2 * loss:",
        "tasks/regression/test_task.py::test_levenberg_marquardt_never_goes_uphill",
    ),
    Mutant(
        "the damping never falls",
        "nn/least_squares.py",
        "damping * max(1 / 5, 1 - (2 * gain - 1) ** 3)",
        "damping * max(1.0, 1 - (2 * gain - 1) ** 3)",
        "tasks/regression/test_task.py::test_levenberg_marquardt_solves_what_is_known",
    ),
    Mutant(
        "the best parameters of the baseline not kept",
        "tasks/regression/descent.py",
        "self.best, self.error = gather(self.network), error",
        "self.error = error",
        "tasks/regression/test_task.py::test_a_baseline_keeps_its_best_parameters",
    ),
    Mutant(
        "the rate of a flow stays",
        "tasks/flow/trainer.py",
        "rate = config.optimizer.rate * config.schedule.factor(index, config.steps)",
        "rate = config.optimizer.rate",
        "tasks/flow/test_report.py::test_rows_of_the_training_are_those_of_its_steps",
    ),
    Mutant(
        "annealing ends before the target",
        "tasks/flow/training.py",
        "self.start + (1 - self.start) * min(1.0, step / self.steps)",
        "self.start + (1 - self.start) * min(0.9, step / self.steps)",
        "tasks/flow/test_task.py::test_schedules",
    ),
    Mutant(
        "gradients of a flow not clipped",
        "tasks/flow/trainer.py",
        "if config.clip:\n",
        "if False:\n",
        "tasks/flow/test_report.py::test_rows_of_the_training_are_those_of_its_steps",
    ),
)
