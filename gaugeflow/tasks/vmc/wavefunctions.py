"""The `wavefunction` section: an ansatz and a backbone, each a line; the factors follow from the system."""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import Field

from gaugeflow import wavefunctions
from gaugeflow.errors import UserError
from gaugeflow.runs import Count, Section
from gaugeflow.tasks.vmc.sites.projection import ProjectionConfig
from gaugeflow.tasks.vmc.sites.starts import StartConfig
from gaugeflow.tasks.vmc.sites.wavefunctions import (
    HiddenConfig,
    HiddenPfaffianConfig,
    MeanFieldConfig,
    SiteAttentionConfig,
    SiteConvolutionConfig,
    SiteDenseConfig,
    build_on_sites,
)
from gaugeflow.wavefunctions import Backbone, Factor, Features, Hamiltonian, Orbitals, Product, Wavefunction
from gaugeflow.wavefunctions.occupation.hamiltonians import SiteHamiltonian
from gaugeflow.wavefunctions.particles import Particles

__all__ = ["WavefunctionConfig"]

AnyHamiltonian = Hamiltonian | SiteHamiltonian
MakeOrbitals = Callable[[tuple[int, int]], Orbitals]


class FermiNetConfig(Section):
    """Streams of particles and pairs."""

    name: Literal["ferminet"]
    layers: Annotated[list[Annotated[list[Count], Field(min_length=2, max_length=2)]], Field(min_length=1)]
    """Pairs of widths: of the stream of particles and of the stream of pairs."""

    def build(self, features: Features, generator: torch.Generator) -> Backbone:
        return wavefunctions.FermiNet(features, [(one, pair) for one, pair in self.layers], generator)


class PsiformerConfig(Section):
    """Self-attention among particles."""

    name: Literal["psiformer"]
    width: Count
    """Width of each particle's vector."""
    heads: Count = 2
    """Attention heads; they divide the width."""
    layers: Count = 2
    """Attention layers."""

    def build(self, features: Features, generator: torch.Generator) -> Backbone:
        return wavefunctions.Psiformer(features, self.width, self.heads, self.layers, generator)


class MessagePassingConfig(Section):
    """Messages along pairs."""

    name: Literal["message_passing"]
    width: Count
    """Width of each particle's vector."""
    layers: Count = 2
    """Rounds of messages."""

    def build(self, features: Features, generator: torch.Generator) -> Backbone:
        return wavefunctions.MessagePassing(features, self.width, self.layers, generator)


class DeepSetsConfig(Section):
    """Means over each spin."""

    name: Literal["deep_sets"]
    width: Count
    """Width of each particle's vector."""
    layers: Annotated[int, Field(ge=0)] = 2
    """Layers; with zero no particle sees another."""

    def build(self, features: Features, generator: torch.Generator) -> Backbone:
        return wavefunctions.DeepSets(features, self.width, self.layers, generator)


class TensorsConfig(Section):
    """Scalars, vectors and tensors that turn with the nuclei."""

    name: Literal["tensors"]
    width: Count
    """Scalars of each particle."""
    channels: Count = 4
    """Vectors, and tensors of rank two, of each particle."""
    layers: Count = 2
    """Rounds of messages and products."""

    def build(self, features: Features, generator: torch.Generator) -> Backbone:
        return wavefunctions.Tensors(features, self.width, self.channels, self.layers, generator)


class EGNNConfig(Section):
    """Messages along pairs with coordinates that move, and turn with the nuclei."""

    name: Literal["egnn"]
    width: Count
    """Scalars of each particle."""
    layers: Count = 2
    """Rounds of messages."""

    def build(self, features: Features, generator: torch.Generator) -> Backbone:
        return wavefunctions.EGNN(features, self.width, self.layers, generator)


InSpace = FermiNetConfig | PsiformerConfig | MessagePassingConfig | DeepSetsConfig | TensorsConfig | EGNNConfig
OnSites = MeanFieldConfig | SiteDenseConfig | SiteAttentionConfig | SiteConvolutionConfig
BackboneConfig = Annotated[InSpace | OnSites, Field(discriminator="name")]


class DeterminantConfig(Section):
    """A sum of determinants of orbitals."""

    name: Literal["determinant"]
    terms: Count = 1
    """Determinants in the sum."""
    full: bool = False
    """One determinant over both spins instead of one for each."""

    def build(self, hamiltonian: AnyHamiltonian, orbitals: MakeOrbitals, generator: torch.Generator) -> Wavefunction:
        sizes = wavefunctions.Determinants.sizes(hamiltonian.particles, self.full)
        return wavefunctions.Determinants(orbitals(sizes), self.full)


class PfaffianConfig(Section):
    """A sum of Pfaffians of pair functions."""

    name: Literal["pfaffian"]
    terms: Count = 1
    """Pfaffians in the sum."""
    pairing: Count | None = None
    """Orbitals that make the pairs; by default as many as the larger spin has particles."""
    triplets: bool = False
    """Whether particles of equal spin pair too."""

    def pairs_of(self, particles: Particles) -> int:
        """How many orbitals make the pairs."""
        return max(particles.counts) if self.pairing is None else self.pairing

    def build(self, hamiltonian: AnyHamiltonian, orbitals: MakeOrbitals, generator: torch.Generator) -> Wavefunction:
        pairing = self.pairs_of(hamiltonian.particles)
        sizes = wavefunctions.Pfaffians.sizes(hamiltonian.particles, pairing, self.triplets)
        return wavefunctions.Pfaffians(orbitals(sizes), pairing, generator, self.triplets)


class PairProductConfig(Section):
    """A sum of products of pair functions."""

    name: Literal["pair_product"]
    terms: Count = 1
    """Products in the sum."""
    pairing: Count = 1
    """Pairs of orbitals in each pair function."""

    def build(self, hamiltonian: AnyHamiltonian, orbitals: MakeOrbitals, generator: torch.Generator) -> Wavefunction:
        sizes = wavefunctions.PairProducts.sizes(hamiltonian.particles, self.pairing)
        return wavefunctions.PairProducts(orbitals(sizes), self.pairing)


class SymmetricConfig(Section):
    """A positive function of bosons, pooled from the features of the backbone."""

    name: Literal["symmetric"]

    def build(self, backbone: Backbone, generator: torch.Generator) -> Wavefunction:
        return wavefunctions.Symmetric(wavefunctions.SymmetricNetwork(backbone, generator))


FermionConfig = DeterminantConfig | PfaffianConfig | PairProductConfig | HiddenConfig | HiddenPfaffianConfig
AnsatzConfig = Annotated[FermionConfig | SymmetricConfig, Field(discriminator="name")]


class VectorCloudConfig(Section):
    """A factor of three bodies about the centres: distances and angles of all particles by products of sums."""

    channels: Count = 6
    """Sums over particles about each centre."""
    width: Count = 16
    """Width of the hidden layers."""

    def build(self, hamiltonian: Hamiltonian, generator: torch.Generator) -> Factor:
        return wavefunctions.VectorCloud(hamiltonian, self.channels, self.width, generator)


class WavefunctionConfig(Section):
    """``psi = ansatz(orbitals of the backbone) exp(factors)``; `jastrow` adds the cusps of the repulsion, or the factor
    of Gutzwiller and Jastrow on sites."""

    ansatz: AnsatzConfig
    """How orbitals become an antisymmetric number, or features of bosons a positive one."""
    backbone: BackboneConfig
    """The network that makes the orbitals."""
    jastrow: bool = True
    """Whether a factor gives the exact cusps of the repulsion; on sites, whether there is a factor of all pairs."""
    backflow: Annotated[int, Field(ge=0)] = 0
    """Terms of the functions by which particles shift the places where orbitals see one another; zero shifts none. On
    sites, over how many bonds a particle takes along what its orbitals are there, with weights from the backbone; with
    zero the backbone adds numbers to its orbitals."""
    vector_cloud: VectorCloudConfig | None = None
    """A factor of three bodies; none leaves it out."""

    start: StartConfig | None = None
    """The mean field in which orbitals on sites begin; none is independent particles in their lowest orbitals."""
    orbitals: Literal["learned", "fixed"] = "learned"
    """Whether orbitals on sites are learned from there, or stay: a closed shell keeps its symmetry then."""
    projection: ProjectionConfig | None = None
    """The symmetry sector of fermions on sites; none is the whole space."""

    def build(self, hamiltonian: Hamiltonian | SiteHamiltonian, generator: torch.Generator) -> Product:
        """The wavefunction in float64 on the CPU. Raises UserError for parts that do not fit the particles."""
        if isinstance(hamiltonian, SiteHamiltonian):
            return build_on_sites(self, hamiltonian, generator)
        if self.projection is not None:
            raise UserError("wavefunction.projection: expected fermions on sites; for particles in space see `sectors`")
        if self.orbitals == "fixed":
            raise UserError("wavefunction.orbitals: expected learned ones for particles in space, came fixed")
        if self.start is not None:
            raise UserError("wavefunction.start: expected fermions on sites; for particles in space see `pretraining`")
        if not isinstance(self.backbone, InSpace):
            raise UserError(
                "wavefunction.backbone: expected ferminet, psiformer, message_passing, deep_sets, tensors or egnn for "
                f"particles in space, came {self.backbone.name}, which is for sites"
            )
        backbone, config = self.backbone.build(Features(hamiltonian), generator), self.ansatz
        if isinstance(config, SymmetricConfig):
            if self.backflow:
                raise UserError("wavefunction.backflow: expected an ansatz with orbitals, came symmetric")
            return Product(config.build(backbone, generator), self._factors(hamiltonian, generator))

        def orbitals(sizes: tuple[int, int]) -> Orbitals:
            made = _orbitals(hamiltonian, backbone, config, sizes, generator)
            return wavefunctions.Backflow(made, hamiltonian, self.backflow) if self.backflow else made

        ansatz = config.build(hamiltonian, orbitals, generator)
        power = next((v.exponent for v in hamiltonian.potentials if isinstance(v, wavefunctions.InverseSquare)), 1.0)
        if power != 1:
            ansatz = wavefunctions.Power(ansatz, power)
        return Product(ansatz, self._factors(hamiltonian, generator))

    def _factors(self, hamiltonian: Hamiltonian, generator: torch.Generator) -> list[Factor]:
        particles = hamiltonian.particles
        repelled = particles.n > 1 and any(isinstance(term, wavefunctions.Coulomb) for term in hamiltonian.potentials)
        factors: list[Factor] = [wavefunctions.PairJastrow(particles)] if self.jastrow and repelled else []
        if self.vector_cloud is not None:
            factors.append(self.vector_cloud.build(hamiltonian, generator))
        if hamiltonian.charges is not None:
            return [wavefunctions.NuclearCusp(particles, hamiltonian.centres, hamiltonian.charges), *factors]
        factors += self._contacts(hamiltonian)
        if hamiltonian.period is not None:
            return factors
        if particles.bosons and any(isinstance(term, wavefunctions.HarmonicPairs) for term in hamiltonian.potentials):
            factors.append(wavefunctions.CentreOfMass(particles, 0.0, learned=True))
        return [wavefunctions.Gaussian(particles, _omega(hamiltonian), learned=True), *factors]

    def _contacts(self, hamiltonian: Hamiltonian) -> list[Factor]:
        """The kinks of contact terms, in which their energy is, between particles that meet."""
        particles = hamiltonian.particles
        terms = [term for term in hamiltonian.potentials if isinstance(term, wavefunctions.Contact)]
        if not terms or bool(particles.like.all()):
            return []
        if not self.jastrow:
            raise UserError("wavefunction.jastrow: expected true with a contact, whose energy is in its cusp")
        return [wavefunctions.ContactCusp(particles, term.strength, hamiltonian.period) for term in terms]


def _orbitals(
    hamiltonian: Hamiltonian,
    backbone: Backbone,
    ansatz: FermionConfig,
    sizes: tuple[int, int],
    generator: torch.Generator,
) -> Orbitals:
    """In a trap or on a ring around its own orbitals, at nuclei with envelopes, spread over the pairs where there are
    only these."""
    terms = ansatz.terms
    if hamiltonian.charges is None:
        base = _free_orbitals(hamiltonian, sizes)
        return wavefunctions.NeuralOrbitals(backbone, terms, sizes, generator, base=base)
    pairs = (max(1, count - 1) if ansatz.name == "pair_product" else 1 for count in hamiltonian.particles.counts)
    up, down = (
        wavefunctions.SlaterEnvelope(hamiltonian, terms, size, share=1 / shares)
        for size, shares in zip(sizes, pairs, strict=True)
    )
    return wavefunctions.NeuralOrbitals(backbone, terms, sizes, generator, envelopes=(up, down))


def _free_orbitals(hamiltonian: Hamiltonian, sizes: tuple[int, int]) -> Orbitals:
    if hamiltonian.period is not None:
        return wavefunctions.PlaneWaves(hamiltonian.particles, hamiltonian.period, sizes)
    return wavefunctions.HarmonicOrbitals(hamiltonian.particles, _omega(hamiltonian), sizes)


def _omega(hamiltonian: Hamiltonian) -> float:
    return float(hamiltonian.lengths[0]) ** -2
