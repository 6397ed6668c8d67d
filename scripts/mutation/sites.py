"""Mistakes with fermions on sites."""

from .mutant import Mutant

__all__ = ["SITES"]

TESTS = "wavefunctions/occupation/test_wavefunctions.py"
IMAGES = "wavefunctions/occupation/test_images.py"
BACKFLOW = "wavefunctions/occupation/test_backflow.py"

SITES = (
    Mutant(
        "sites: backflow that takes the wrong way",
        "wavefunctions/occupation/site_backflow.py",
        "last = [step[way] for way in last for step in beyond.T]",
        "last = [way[step] for way in last for step in beyond.T[::2]]",
        f"{BACKFLOW}::test_orbitals_are_sums_over_the_ways",
    ),
    Mutant(
        "sites: fixed orbitals with noise",
        "wavefunctions/occupation/site_orbitals.py",
        "scale = 0.0 if fixed else NOISE",
        "scale = NOISE",
        f"{BACKFLOW}::test_a_closed_shell_stays_in_its_sector_and_what_breaks_it_is_found",
    ),
    Mutant(
        "sites: canonical forms whose sign knows of no exchange of spins",
        "wavefunctions/occupation/sectors/canonical_form.py",
        "^ exchanged).double()",
        ").double()",
        f"{TESTS}::test_a_canonical_network_is_in_its_sector",
    ),
    Mutant(
        "sites: a canonical psi where its sector has none",
        "wavefunctions/occupation/sectors/canonical_form.py",
        "torch.where(zero, 0.0, first[:, 0])",
        "first[:, 0]",
        f"{TESTS}::test_a_canonical_network_is_in_its_sector",
    ),
    Mutant(
        "sites: a canonical psi of the conjugated character",
        "wavefunctions/occupation/sectors/canonical_form.py",
        "characters.conj().resolve_conj(),",
        "characters,",
        f"{TESTS}::test_a_canonical_form_is_the_first_image_with_the_signs_of_its_motions",
    ),
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
        "wavefunctions/test_training.py::test_samples_and_parameters_give_one_direction",
    ),
    Mutant(
        "sites: equations among parameters without weights",
        "wavefunctions/optimizers/natural_gradient.py",
        "weighted = (of_samples * part[:, None].sqrt().to(rows)).flatten(0, 1)",
        "weighted = (of_samples * len(w) ** -0.5).flatten(0, 1)",
        f"{TESTS}::test_the_direction_is_that_of_differences_of_the_state",
    ),
    Mutant(
        "sites: an inverse without the column of the particle's new site",
        "wavefunctions/occupation/kept/determinants.py",
        "row[target] -= 1.0",
        "row[target] -= 0.0",
        f"{TESTS}::test_kept_inverses_are_those_of_the_last_configuration[determinants]",
    ),
    Mutant(
        "sites: a mean field without exchange between equal spins",
        "wavefunctions/occupation/mean_fields/energy.py",
        "return one[a, d] * other[b, c] - one[a, c] * other[b, d]",
        "return -one[a, c] * other[b, d]",
        "wavefunctions/occupation/test_mean_fields.py::test_the_determinant_has_the_energy_of_the_mean_field[spinless]",
    ),
    Mutant(
        "sites: pairs of a mean field that are not divided by the amplitude of empty places",
        "wavefunctions/occupation/mean_fields/lowest.py",
        "filled[:, single:] / empty.flip(-1).clamp(min=LEAST)",
        "filled[:, single:] * empty.flip(-1).clamp(min=LEAST)",
        "wavefunctions/occupation/test_mean_fields.py::test_the_pairing_function_is_that_of_the_mean_field",
    ),
    Mutant(
        "sites: hidden fermions that are paired with one another alone",
        "wavefunctions/occupation/hidden.py",
        "rest = [*range(first + kept, first + kept + alone), *range(2 * pairing, size)]",
        "rest = [*range(2 * pairing, size)]",
        "wavefunctions/occupation/test_hidden.py::test_without_noise_and_network_it_is_the_determinant_of_the_orbitals",
    ),
    Mutant(
        "sites: two hops of a Pfaffian without the part that pairs what leaves, and what comes",
        "wavefunctions/occupation/kept/pfaffians.py",
        " + y[t[1], t[0]] * y[s[0], s[1]]",
        "",
        f"{TESTS}::test_inverses_that_are_kept_sample_the_density[1-False-2-2.0-triplets]",
    ),
    Mutant(
        "sites: orbits that do not know how many configurations they have",
        "wavefunctions/occupation/enumeration/orbits.py",
        "return x[order], len(self.group.orders) / alone[order].double(), ranks",
        "return x[order], torch.ones(len(order), dtype=torch.float64), ranks",
        "wavefunctions/occupation/test_orbits.py::test_the_energy_is_the_quotient_of_rayleigh_with_the_whole_matrix",
    ),
    Mutant(
        "sites: configurations of an orbit without the signs between them",
        "wavefunctions/occupation/enumeration/orbits.py",
        "moves.elements[keep].conj() * phases",
        "moves.elements[keep].conj()",
        "wavefunctions/occupation/test_orbits.py::test_the_energy_is_the_quotient_of_rayleigh_with_the_whole_matrix",
    ),
    Mutant(
        "sites: a projector of the conjugated character",
        "wavefunctions/occupation/sectors/site_projected.py",
        "(sign * signs * self.characters.conj()) / size",
        "(sign * signs * self.characters) / size",
        f"{TESTS}::test_a_projector_of_the_conjugated_character_is_broken",
    ),
    Mutant(
        "sites: images without the sign of a swap of rows",
        "wavefunctions/occupation/sectors/image_loops.py",
        "determinants[g] = -determinants[g] if swapped[g] > 0 else determinants[g]",
        "determinants[g] = determinants[g]",
        f"{IMAGES}::test_images_are_the_projection",
    ),
    Mutant(
        "sites: images that lose what rounding does",
        "wavefunctions/occupation/sectors/image_loops.py",
        "totals[b], sizes[b] = total + lost, size",
        "totals[b], sizes[b] = total, size",
        f"{IMAGES}::test_images_that_nearly_cancel_keep_what_rounding_loses",
    ),
    Mutant(
        "sites: a zero of a symmetry that is not seen",
        "wavefunctions/occupation/sectors/image_loops.py",
        "        if sign < 0:",
        "        if sign < -1:",
        f"{IMAGES}::test_zeros_are_exact_in_single_precision",
    ),
    Mutant(
        "sites: derivatives of images without their characters",
        "wavefunctions/occupation/sectors/image_loops.py",
        "one[g] *= slopes[b] * weights[begin + g] * other[g] if g < count else 0.0",
        "one[g] *= slopes[b] * other[g] if g < count else 0.0",
        f"{IMAGES}::test_derivatives_of_images",
    ),
    Mutant(
        "sites: images of a network that does not turn",
        "wavefunctions/occupation/sectors/site_images.py",
        "    if apart > NEAR:",
        "    if apart > 1 / NEAR:",
        f"{IMAGES}::test_what_images_refuse",
    ),
    Mutant(
        "sites: a point group that does not keep the momentum",
        "wavefunctions/occupation/sectors/sector.py",
        "if float((waves[order] - waves).abs().max()) < NEAR:",
        "if float((waves[order] - waves).abs().max()) < 9:",
        f"{TESTS}::test_the_point_group_of_a_momentum_is_what_keeps_it",
    ),
    Mutant(
        "sites: a local energy with the elements of the adjoint",
        "wavefunctions/occupation/site_energy.py",
        "elements.conj().to(ratio.dtype)",
        "elements.to(ratio.dtype)",
        f"{TESTS}::test_the_exact_state_of_a_twisted_ring_has_one_local_energy",
    ),
    Mutant(
        "sites: complex derivatives by their real parts alone",
        "wavefunctions/optimizers/log_derivatives.py",
        "return value.log, (value.sign.detach().conj() * value.sign).imag",
        "return value.log, 0 * (value.sign.detach().conj() * value.sign).imag",
        f"{TESTS}::test_the_direction_is_that_of_differences_of_the_state",
    ),
    Mutant(
        "sites: an exchange of spins without its sign",
        "wavefunctions/occupation/symmetries.py",
        "crossings = crossings + flips * counts[..., 0] * counts[..., 1]",
        "crossings = crossings + 0 * flips",
        f"{TESTS}::test_motions_are_those_of_the_creation_operators",
    ),
)
