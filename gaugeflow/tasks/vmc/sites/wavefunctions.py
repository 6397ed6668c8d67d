"""What the `wavefunction` section has for fermions on sites: backbones, hidden fermions, and their composition."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.runs import Count, Section
from gaugeflow.wavefunctions import NeuralOrbitals, Orbitals, Pfaffians, Product, Wavefunction
from gaugeflow.wavefunctions.occupation.configurations import SiteFermions
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.occupation.hidden import HiddenDeterminants, HiddenPfaffians
from gaugeflow.wavefunctions.occupation.mean_fields.begin import begin_in_pairs, pair_columns
from gaugeflow.wavefunctions.occupation.site_backbones import SiteAttention, SiteBackbone, SiteConvolution, SiteDense
from gaugeflow.wavefunctions.occupation.site_backflow import SiteBackflow
from gaugeflow.wavefunctions.occupation.site_factors import SiteJastrow
from gaugeflow.wavefunctions.occupation.site_orbitals import (
    ComplexOrbitals,
    SiteOrbitals,
    lowest_orbitals,
    side_by_side,
)

__all__ = [
    "HiddenConfig",
    "HiddenPfaffianConfig",
    "MeanFieldConfig",
    "SiteAttentionConfig",
    "SiteConvolutionConfig",
    "SiteDenseConfig",
    "build_on_sites",
]

MakeOrbitals = Callable[[tuple[int, int]], Orbitals]


class MeanFieldConfig(Section):
    """No network, for fermions on sites: orbitals that do not know of other particles."""

    name: Literal["mean_field"]

    def on_sites(self, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> SiteBackbone | None:
        return None


class SiteDenseConfig(Section):
    """All occupations through one hidden layer, for fermions on sites."""

    name: Literal["site_dense"]
    hidden: Count
    """Width of the hidden layer."""
    width: Count = 8
    """Width of each site's vector."""

    def on_sites(self, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> SiteBackbone | None:
        return SiteDense(hamiltonian.particles, self.hidden, self.width, generator)


class SiteAttentionConfig(Section):
    """Self-attention among sites."""

    name: Literal["site_attention"]
    width: Count
    """Width of each site's vector."""
    heads: Count = 2
    """Attention heads; they divide the width."""
    layers: Count = 2
    """Attention layers."""

    def on_sites(self, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> SiteBackbone | None:
        return SiteAttention(hamiltonian.particles, self.width, self.heads, self.layers, generator)


class SiteConvolutionConfig(Section):
    """Convolutions over neighbouring sites, the same for all."""

    name: Literal["site_convolution"]
    width: Count
    """Width of each site's vector."""
    layers: Count = 2
    """Layers, each of which sees one neighbour further."""
    isotropic: bool = False
    """Whether all neighbours count alike; the features then turn with the lattice as they move with it."""

    def on_sites(self, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> SiteBackbone | None:
        if hamiltonian.lattice is None:
            raise UserError(
                "wavefunction.backbone: expected a lattice for site_convolution, products of your own have none"
            )
        sizes = self.width, self.layers, generator, self.isotropic
        return SiteConvolution(hamiltonian.particles, hamiltonian.lattice, *sizes)


ON_SITES = (MeanFieldConfig, SiteDenseConfig, SiteAttentionConfig, SiteConvolutionConfig)


class _Hidden(Section):
    """Hidden fermions; the backbone makes their rows."""

    terms: Literal[1] = 1
    """One term."""

    def columns(self, particles: SiteFermions) -> int:
        """How many orbitals each spin has."""
        raise NotImplementedError(f"{type(self).__name__} must say how many orbitals it needs")

    def laid(self, particles: SiteFermions, orbitals: Tensor, pairs: int) -> Tensor:
        """Orbitals ``(2, sites, k)``, of which so many are pairs, in these columns."""
        raise NotImplementedError(f"{type(self).__name__} must say where its orbitals begin")

    def of(self, orbitals: Orbitals, backbone: SiteBackbone, pairs: int, generator: torch.Generator) -> Wavefunction:
        raise NotImplementedError(f"{type(self).__name__} must say what its wavefunction is")

    def build(self, hamiltonian: Any, orbitals: MakeOrbitals, generator: torch.Generator) -> Wavefunction:
        """Raises UserError: `build_on_sites` builds it."""
        name = getattr(self, "name", "")
        raise UserError(f"wavefunction.ansatz: {name} is for fermions on sites, see `system.lattice`")


class HiddenConfig(_Hidden):
    """A determinant with hidden fermions, for fermions on sites; the backbone makes their rows."""

    name: Literal["hidden_determinant"]
    hidden: Annotated[int, Field(ge=1)] = 2
    """How many hidden fermions there are."""

    def columns(self, particles: SiteFermions) -> int:
        return HiddenDeterminants.columns(particles, self.hidden)

    def laid(self, particles: SiteFermions, orbitals: Tensor, pairs: int) -> Tensor:
        return side_by_side(*_filled(orbitals, particles), particles.n_up, self.columns(particles))

    def of(self, orbitals: Orbitals, backbone: SiteBackbone, pairs: int, generator: torch.Generator) -> Wavefunction:
        return HiddenDeterminants(orbitals, backbone, self.hidden, generator)


class HiddenPfaffianConfig(_Hidden):
    """A Pfaffian of pairs with hidden fermions, for fermions on sites; the backbone makes their rows."""

    name: Literal["hidden_pfaffian"]
    hidden: Annotated[int, Field(ge=1)] = 2
    """How many hidden fermions there are; with the others they are an even number."""
    pairing: Count | None = None
    """Orbitals of each spin that make the pairs; by default as many as there are sites. With as many as particles it is
    a determinant."""

    def _pairing(self, particles: SiteFermions) -> int:
        return particles.sites if self.pairing is None else self.pairing

    def columns(self, particles: SiteFermions) -> int:
        return HiddenPfaffians.columns(self._pairing(particles), self.hidden)

    def laid(self, particles: SiteFermions, orbitals: Tensor, pairs: int) -> Tensor:
        up, down = pair_columns(orbitals, pairs, particles, self._pairing(particles))
        return side_by_side(up, down, self._pairing(particles), self.columns(particles))

    def of(self, orbitals: Orbitals, backbone: SiteBackbone, pairs: int, generator: torch.Generator) -> Wavefunction:
        pairing = self._pairing(backbone.particles)
        return HiddenPfaffians(orbitals, backbone, self.hidden, pairing, generator, pairs)


HIDDEN = (HiddenConfig, HiddenPfaffianConfig)


def build_on_sites(config: Any, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> Product:
    """The wavefunction of a `wavefunction` section in float64 on the CPU.

    Raises:
        UserError: parts that are for particles in space, or that do not fit each other.
    """
    if not isinstance(config.backbone, ON_SITES):
        raise UserError(
            "wavefunction.backbone: expected mean_field, site_dense, site_attention or site_convolution for fermions "
            f"on sites, came {config.backbone.name}"
        )
    unfit = {
        "ansatz": config.ansatz.name == "symmetric",
        "vector_cloud": config.vector_cloud,
    }
    for key, given in unfit.items():
        if given:
            raise UserError(f"wavefunction.{key}: expected particles in space for it, came fermions on sites")
    backbone = config.backbone.on_sites(hamiltonian, generator)
    particles, start = hamiltonian.particles, _start(config, hamiltonian, generator)

    def real(sizes: tuple[int, int], laid: Tensor) -> Orbitals:
        base = SiteOrbitals(particles, config.ansatz.terms, sizes, laid, generator, config.orbitals == "fixed")
        if config.backflow:
            if backbone is None or hamiltonian.lattice is None:
                raise UserError(
                    "wavefunction.backflow: expected a network and a lattice on sites, came "
                    f"{'mean_field' if backbone is None else 'products of your own'}"
                )
            return SiteBackflow(backbone, base, hamiltonian.lattice, config.backflow, generator)
        if backbone is None or isinstance(config.ansatz, HIDDEN):
            return base
        return NeuralOrbitals(backbone, config.ansatz.terms, sizes, generator, base=base)

    def orbitals(sizes: tuple[int, int]) -> Orbitals:
        laid = _laid(config, sizes, particles, *start)
        if not laid.is_complex():
            return real(sizes, laid)
        return ComplexOrbitals(real(sizes, laid.real), real(sizes, laid.imag))

    if isinstance(config.ansatz, HIDDEN):
        if backbone is None:
            raise UserError("wavefunction.backbone: expected a network for hidden fermions, came mean_field")
        size = config.ansatz.columns(particles)
        ansatz = config.ansatz.of(orbitals((size, size)), backbone, start[1], generator)
    else:
        ansatz = config.ansatz.build(hamiltonian, orbitals, generator)
    if config.start is not None and isinstance(ansatz, Pfaffians):
        begin_in_pairs(ansatz, start[1])
    whole = ansatz if config.projection is None else config.projection.of(ansatz, hamiltonian)
    return Product(whole, [SiteJastrow(particles, _classes(hamiltonian), generator)] if config.jastrow else [])


def _start(config: Any, hamiltonian: SiteHamiltonian, generator: torch.Generator) -> tuple[Tensor, int]:
    """Orbitals ``(2, sites, k)``, and how many of them are pairs."""
    if config.start is None:
        return lowest_orbitals(hamiltonian.one_body), min(hamiltonian.particles.counts)
    if config.start.name == "pairing" and config.ansatz.name not in ("pfaffian", "hidden_pfaffian"):
        raise UserError(
            f"wavefunction.start: expected pfaffian or hidden_pfaffian for pairing, came {config.ansatz.name}, which "
            "has no pairs of an up and a down particle; hartree_fock is for all"
        )
    found = config.start.found(hamiltonian, generator)
    return found.orbitals, found.pairs


def _laid(config: Any, sizes: tuple[int, int], particles: SiteFermions, orbitals: Tensor, pairs: int) -> Tensor:
    """Orbitals in the columns where the ansatz looks for them."""
    ansatz = config.ansatz
    if isinstance(ansatz, HIDDEN):
        return ansatz.laid(particles, orbitals, pairs)
    if getattr(ansatz, "full", False):
        return side_by_side(*_filled(orbitals, particles), particles.n_up, particles.n)
    if config.start is not None and ansatz.name == "pfaffian":
        pairing = ansatz.pairs_of(particles)
        return pair_columns(orbitals, pairs, particles, pairing, sizes[0] - pairing)
    return orbitals


def _filled(orbitals: Tensor, particles: SiteFermions) -> tuple[Tensor, Tensor]:
    """The first ones of each spin."""
    return orbitals[0, :, : particles.n_up], orbitals[1, :, : particles.n_down]


def _classes(hamiltonian: SiteHamiltonian) -> torch.Tensor:
    """Which pairs of sites are alike; without a lattice each is of its own kind."""
    if hamiltonian.lattice is not None:
        return hamiltonian.lattice.pair_classes
    sites = hamiltonian.particles.sites
    return torch.arange(sites * sites).reshape(sites, sites)
