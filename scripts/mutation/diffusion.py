"""Mistakes in diffusion Monte Carlo and in what is said of it."""

from .mutant import Mutant

__all__ = ["DIFFUSION"]

HERE = "wavefunctions/test_diffusion.py"
TASK = "tasks/dmc/test_task.py"
PROPAGATOR = "wavefunctions/diffusion/propagator.py"

DIFFUSION = (
    Mutant(
        "diffusion: errors of populations as if they were one after another",
        "wavefunctions/diffusion/mixed_estimator.py",
        "over = by_chain if len(np.atleast_2d(weights)) > 1 else derived",
        "over = derived",
        f"{HERE}::test_errors_are_those_of_the_spread_of_populations",
    ),
    Mutant(
        "diffusion: populations weighted each by itself",
        "wavefunctions/diffusion/mixed_estimator.py",
        "-duration * (growth - growth.mean())",
        "-duration * (growth - growth.mean(-1, keepdims=True))",
        f"{HERE}::test_errors_are_those_of_the_spread_of_populations",
    ),
    Mutant(
        "errors of chains as if there were one",
        "montecarlo/errors.py",
        "float(np.std(shares, ddof=1)) / chains**0.5",
        "float(np.std(shares, ddof=1))",
        "montecarlo/test_errors.py::test_the_spread_of_chains_knows_what_the_gamma_method_overlooks",
    ),
    Mutant(
        "diffusion: moves across nodes are accepted",
        PROPAGATOR,
        "torch.where(lost | crossed, 0.0,",
        "torch.where(lost, 0.0,",
        f"{HERE}::test_walkers_never_cross_a_node",
    ),
    Mutant(
        "diffusion: no drift",
        PROPAGATOR,
        "x + tau * limited_drift(walkers.drift, time_step) + noise",
        "x + noise",
        f"{HERE}::test_an_oscillator_with_a_wrong_width",
    ),
    Mutant(
        "diffusion: the density of psi instead of its square",
        PROPAGATOR,
        "(2 * (proposed.log - walkers.log)",
        "((proposed.log - walkers.log)",
        f"{HERE}::test_an_oscillator_with_a_wrong_width",
    ),
    Mutant(
        "diffusion: weights of one end of a step",
        PROPAGATOR,
        "(first + last)",
        "(last + last)",
        f"{HERE}::test_the_weight_of_a_walker",
    ),
    Mutant(
        "diffusion: local energies without a limit",
        PROPAGATOR,
        "return torch.where(whole == 0, 1.0, limited / whole).sqrt()",
        "return torch.ones_like(whole)",
        f"{HERE}::test_the_weight_of_a_walker",
    ),
    Mutant(
        "diffusion: drift without a limit",
        PROPAGATOR,
        "return 2 * drift / (1 + (1 + grown).sqrt())",
        "return drift + 0 * grown",
        f"{HERE}::test_the_drift_is_limited_at_a_node_and_kept_elsewhere",
    ),
    Mutant(
        "diffusion: rejected moves pass the time too",
        PROPAGATOR,
        "effective = (acceptance * diffused).sum(1) / diffused.sum(1)",
        "effective = torch.ones_like(time_step)",
        f"{HERE}::test_time_passes_as_far_as_walkers_move",
    ),
    Mutant(
        "diffusion: the effective time step is tuned in the measurements",
        "wavefunctions/diffusion/process.py",
        "tuned = self.generation < self.begins",
        "tuned = torch.ones_like(self.begins, dtype=torch.bool)",
        f"{HERE}::test_time_passes_as_far_as_walkers_move",
    ),
    Mutant(
        "diffusion: walkers are never copied",
        "wavefunctions/diffusion/process.py",
        "self.walkers = found.walkers.take(reconfigured(weights, offset))",
        "self.walkers = found.walkers",
        f"{HERE}::test_an_oscillator_with_a_wrong_width",
    ),
    Mutant(
        "diffusion: the comb stands still",
        "wavefunctions/diffusion/population.py",
        "+ offset[:, None]) / count",
        "+ 0 * offset[:, None]) / count",
        f"{HERE}::test_the_comb_copies_each_walker_as_often_as_it_weighs",
    ),
    Mutant(
        "diffusion: no weights of whole populations",
        "wavefunctions/diffusion/mixed_estimator.py",
        "window = int(np.ceil(memory / duration.mean()))",
        "window = 0",
        f"{HERE}::test_the_bias_of_small_populations_is_weighted_away",
    ),
    Mutant(
        "diffusion: weights of whole populations upside down",
        "wavefunctions/diffusion/mixed_estimator.py",
        "np.cumsum(-duration *",
        "np.cumsum(duration *",
        f"{HERE}::test_the_bias_of_small_populations_is_weighted_away",
    ),
    Mutant(
        "diffusion: the equilibration counts",
        "wavefunctions/diffusion/mixed_estimator.py",
        "over(lambda top, bottom: top / bottom, weights * energy[..., measured:], weights)",
        "derived(lambda top, bottom: top / bottom, energy, np.ones_like(energy))",
        f"{TASK}::test_what_a_run_leaves",
    ),
    Mutant(
        "diffusion: errors of the extrapolation as if of a mean",
        "wavefunctions/diffusion/extrapolation.py",
        "np.sqrt(((solve[0] * errors) ** 2).sum())",
        "np.sqrt((errors**2).mean() / len(errors))",
        f"{HERE}::test_a_polynomial_through_energies",
    ),
    Mutant(
        "diffusion: the network in the precision of its training",
        "tasks/dmc/trial.py",
        "return psi.to(device, DTYPES[dtype])",
        "return psi.to(device, DTYPES[self.run.dtype])",
        f"{TASK}::test_the_network_runs_in_the_precision_that_is_asked_for",
    ),
    Mutant(
        "diffusion: the trial of any system",
        "tasks/dmc/trial.py",
        "return torch.allclose(one.potential(walkers), other.potential(walkers), rtol=1e-9)",
        "return True",
        f"{TASK}::test_a_moved_nucleus_is_another_system",
    ),
    Mutant(
        "diffusion: a large time step is not named",
        "tasks/dmc/report.py",
        'row["acceptance"] < ACCEPTED',
        "False",
        f"{TASK}::test_what_is_amiss_heads_the_report",
    ),
    Mutant(
        "diffusion: nodes where there are none",
        "tasks/dmc/report.py",
        "hamiltonian.particles.exclude",
        "hamiltonian.particles.n > 1",
        f"{TASK}::test_without_equal_spins_it_says_that_it_is_exact",
    ),
)
"""One for each number, and for what makes it right."""
