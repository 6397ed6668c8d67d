"""Mistakes in what draws random numbers and moves chains."""

from .mutant import Mutant

__all__ = ["SAMPLERS"]

SEEDS = "tasks/test_seeds.py"
DENSITY = "wavefunctions/test_training.py::test_walkers_have_the_density_of_two_free_fermions"

SAMPLERS = (
    Mutant(
        "32 bits of a key",
        "random.py",
        "generator.set_state(state)",
        "pass",
        "test_random.py::test_the_whole_state_of_the_twister_comes_from_the_key",
    ),
    Mutant(
        "keys joined as text",
        "random.py",
        "named = repr([part if isinstance(part, str) else index(part) for part in key])",
        'named = "".join(str(part if isinstance(part, str) else index(part)) for part in key)',
        "test_random.py::test_each_key_has_a_stream_of_its_own",
    ),
    Mutant(
        "a fresh report repeats the training",
        "tasks/flow/task.py",
        'stream("report", seed, device',
        'stream("run", seed, device',
        f"{SEEDS}::test_a_fresh_report_repeats_nothing_whatever_its_seed",
    ),
    Mutant(
        "weighted samples repeat a report",
        "tasks/flow/task.py",
        'stream("samples", seed, device',
        'stream("report", seed, device',
        f"{SEEDS}::test_samples_are_neither_those_of_the_training_nor_of_a_report",
    ),
    Mutant(
        "blocks of fields that are one",
        "tasks/flow/weighing.py",
        'stream("block", key, place, device',
        'stream("block", key, device',
        f"{SEEDS}::test_blocks_of_fields_never_repeat",
    ),
    Mutant(
        "fields of the training to validate",
        "tasks/regression/task.py",
        'counts.validation, "validation", config.seed',
        'counts.validation, "train", config.seed',
        "tasks/regression/test_task.py::test_the_fields_of_each_purpose_are_others",
    ),
    Mutant(
        "drift without its correction",
        "montecarlo/metropolis.py",
        "take = threshold < new - log + correction",
        "take = threshold < new - log",
        f"{DENSITY}[langevin]",
    ),
    Mutant(
        "width tuned for ever",
        "montecarlo/metropolis.py",
        "if self.warmup and self.target is not None:",
        "if self.target is not None:",
        f"{DENSITY}[all]",
    ),
    Mutant(
        "correction of the drift turned round",
        "montecarlo/moves.py",
        "(step.square() - back.square())",
        "(back.square() - step.square())",
        f"{DENSITY}[langevin]",
    ),
    Mutant(
        "every proposal of a flow accepted",
        "montecarlo/independence.py",
        "present = torch.where(log_u[:, step] < ratio, step, present)",
        "present = torch.where(log_u[:, step] < 1, step, present)",
        "tasks/flow/test_report.py::test_every_number_of_the_report",
    ),
    Mutant(
        "every trajectory accepted",
        "montecarlo/hmc.py",
        "accepted = uniform < torch.exp(-violation)",
        "accepted = uniform < 2",
        "montecarlo/test_hmc.py::test_accept_and_reject_make_coarse_trajectories_exact",
    ),
    Mutant(
        "kinetic energy of another mass",
        "montecarlo/hmc.py",
        "(momenta.flatten(1).double() ** 2).sum(1) / 2",
        "(momenta.flatten(1).double() ** 2).sum(1) / 3",
        "montecarlo/test_hmc.py::test_a_gaussian_field_has_its_exact_variance",
    ),
    Mutant(
        "replicas that swap where they should not",
        "montecarlo/replicas.py",
        "torch.exp((difference(b) - difference(a)).clamp(max=0))",
        "torch.exp((difference(a) - difference(b)).clamp(max=0))",
        "montecarlo/test_replicas.py::test_a_swap_is_in_detailed_balance",
    ),
    Mutant(
        "jumps of the charge always accepted",
        "montecarlo/winding.py",
        "taken = r[1] < torch.exp(self.action(field) - self.action(proposal))",
        "taken = r[1] < 2",
        "montecarlo/test_replicas.py::test_charge_and_plaquette_are_exact[winding]",
    ),
    Mutant(
        "a defect that forgets the second of its links",
        "lattice/profiles/defect.py",
        "factor = factor * link.roll",
        "factor = 1 * link.roll",
        "lattice/test_profiles.py::test_a_plaquette_that_passes_two_links_of_a_defect_has_the_square",
    ),
    Mutant(
        "one key for all sweeps of a heat bath",
        "montecarlo/heatbath.py",
        "kernels.heatbath_(state, draw_key(generator), region)",
        "kernels.heatbath_(state, 7, region)",
        "montecarlo/test_heatbath.py::test_the_same_seed_gives_the_same_chain_and_the_input_is_kept[u1]",
    ),
    Mutant(
        "a window that begins where its region does",
        "lattice/profiles/window.py",
        "(start - below) % shape[axis]",
        "start % shape[axis]",
        "lattice/test_windows.py::test_links_of_a_region_have_in_the_window_the_staples_that_they_have_on_the_lattice",
    ),
    Mutant(
        "loops through a region, looked for on the wrong side",
        "lattice/profiles/near.py",
        "roll([-d for d in place]",
        "roll([d for d in place]",
        "lattice/test_windows.py::test_loops_through_a_region_hold_all_of_the_action_that_an_update_changes",
    ),
    Mutant(
        "layers of a protocol that learn without their volume",
        "flows/nonequilibrium/layers.py",
        "(seen(y) - old - log_det).var()",
        "(seen(y) - old).var()",
        "flows/test_stout_step.py::test_from_haar_to_strong_coupling_it_learns_the_first_order_of_the_trivializing_map",
    ),
    Mutant(
        "stout steps whose colours see the links as they came",
        "flows/nonequilibrium/stout_step.py",
        "self._staples(part, row, z))",
        "self._staples(part, flat_links(group, z).index_select(1, self._row), z))",
        "flows/test_stout_step.py::test_the_log_determinant_is_that_of_all_colours_one_after_another",
    ),
    Mutant(
        "the torus of an exact sample without its weight",
        "montecarlo/exact/sampler.py",
        "generator=generator, dtype=torch.float64) < chance",
        "generator=generator, dtype=torch.float64) < 2 * chance + 1",
        "flows/test_refinement.py::test_exact_sampler_where_the_torus_is_felt",
    ),
)
