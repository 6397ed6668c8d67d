"""Layers, networks, learned potentials and smearing: what is claimed of them."""

from collections.abc import Callable

import torch
from torch import Tensor

from gaugeflow import lattice, nn
from gaugeflow.symmetry import Links, SiteMatrices, SiteVectors
from gaugeflow.symmetry.claims import Claim, Equivariance
from tests.registry.line import BATCH, Line, covariant, force_claims, invariant, line, links


def layer_claim(name: str) -> Claim:
    theory = nn.GaugeTheory("su2", 2)
    generator = torch.Generator().manual_seed(3)
    layer = nn.build_layer(name, theory, 2, 2, generator=generator)
    changes_links = type(layer).new_links is not nn.Layer.new_links
    w = torch.randn(BATCH, 2, 4, 4, 2, 2, generator=generator, dtype=torch.complex128)
    return Equivariance(
        lambda u, w: layer(u, w)[0 if changes_links else 1],
        (links("su2", (4, 4)), SiteMatrices(w)),
        group="gauge * translations",
        out=Links if changes_links else SiteMatrices,
        label=name,
    )


def block_claim() -> Claim:
    """Blocking changes the lattice, so what is claimed is the invariance of the plaquette of the blocked links."""
    block = nn.build_layer("block", nn.GaugeTheory("su2", 2), 2, 2, generator=torch.Generator().manual_seed(3))
    w = torch.ones(1, 2, 4, 4, 2, 2, dtype=torch.complex128)
    return invariant(
        lambda u: lattice.plaquette(block(u, w.to(u.dtype).expand(len(u), -1, -1, -1, -1, -1))[0]),
        links("su2", (4, 4)),
        "gauge",
    )


def network_claim() -> Claim:
    theory = nn.GaugeTheory("su3", 2)
    generator = torch.Generator().manual_seed(3)
    source = nn.Sources(nn.Plaq(theory), nn.Poly(theory), nn.Loops(theory, ["2x1"]))
    layers = (
        nn.LConvBilin(theory, source.channels, 3, generator=generator, paths=nn.axis_paths(2, 1)),
        nn.LNorm(theory, 3),
        nn.LAct(theory, 3),
        nn.Residual(nn.LConvBilin(theory, 3, 3, generator=generator, paths=nn.axis_paths(2, 1)), gain=1.0),
    )
    network = nn.LCNN(source, *layers, readout=nn.Readout(theory, 3, 2, generator=generator, over_sites="mean"))
    return invariant(network, links("su3", (3, 3)), "gauge * translations")


def potential_claims(group: str, shape: tuple[int, ...]) -> list[Claim]:
    theory, generator = nn.GaugeTheory(group, len(shape), rotations="all"), torch.Generator().manual_seed(3)
    potential = nn.Potential.of(theory, 2, generator=generator, channels=(2,), hidden=(3,))
    _, adjoint, gradient = force_claims(potential, links(group, shape))
    return [invariant(potential, links(group, shape), "gauge * translations * hypercubic"), adjoint, gradient]


def smearing_claim(group: str, shape: tuple[int, ...]) -> Claim:
    theory, generator = nn.GaugeTheory(group, len(shape), rotations="all"), torch.Generator().manual_seed(3)
    smearing = nn.Smearing.of(theory, steps=2, generator=generator, size=0.5)
    return covariant(smearing, links(group, shape), "gauge * translations * hypercubic")


def plain_network_claim() -> Claim:
    """A network that knows nothing of gauge invariance is a convolution all the same."""
    network = nn.LinkCNN(nn.GaugeTheory("su2", 2), 2, 2, generator=torch.Generator().manual_seed(3))
    return invariant(lambda u: network(u).flatten(1).mean(1), links("su2", (3, 3)), "translations")


def vector_claim(layer: Callable[[Tensor, Tensor], Tensor], group: str, symmetries: str, label: str) -> Claim:
    """A map of links and site vectors of one channel to site vectors on the same lattice."""
    u = links(group, (4, 4))
    v = torch.randn(BATCH, 1, 4, 4, u.colour, generator=torch.Generator().manual_seed(4), dtype=torch.complex128)
    return Equivariance(layer, (u, SiteVectors(v)), group=symmetries, out=SiteVectors, label=label)


def convolution_claims() -> list[Claim]:
    """A loop and two ways to one place beside the neighbours; with phases all but charge conjugation."""
    generator = torch.Generator().manual_seed(3)
    paths = ["", "+x", "-y", "+x +y", "+y +x", "+x +y -x -y"]
    layer = nn.PTConv(nn.GaugeTheory("su3", 2), 1, 1, generator=generator, paths=paths, phases=True)
    tied = nn.PTConv(nn.GaugeTheory("u1", 2, rotations="all"), 1, 1, generator=generator)
    return [
        vector_claim(layer, "su3", "gauge * translations", "PTConv with loops"),
        vector_claim(tied, "u1", "gauge * translations * charge * hypercubic", "PTConv, tied"),
    ]


def preconditioner_claims() -> list[Claim]:
    """Translations by one site lead from corners to what are none."""
    m = nn.Preconditioner(nn.GaugeTheory("su2", 2, rotations="all"), 1)
    return [vector_claim(m, "su2", "gauge * charge * hypercubic", "Preconditioner")]


LINES: dict[str, Line] = {
    "gauge-equivariant layers": line(
        *(
            thing
            for thing in (getattr(nn, name) for name in nn.__all__)
            if isinstance(thing, type) and issubclass(thing, nn.Layer) and thing is not nn.Trace
        ),
        claims=lambda: [block_claim()] + [layer_claim(name) for name in nn.LAYERS if name != "block"],
    ),
    "gauge-equivariant networks": line(
        nn.LCNN, nn.Plaq, nn.Poly, nn.Loops, nn.Sources, nn.Readout, nn.Trace, claims=lambda: [network_claim()]
    ),
    "plain convolutions of links": line(nn.LinkCNN, claims=lambda: [plain_network_claim()]),
    "learned potentials": line(
        nn.Potential,
        claims=lambda: potential_claims("su2", (3, 2, 2)) + potential_claims("u1", (3, 3)),
    ),
    "linear layers of site vectors": line(nn.PTConv, nn.Stencil, claims=convolution_claims),
    "preconditioners": line(nn.Preconditioner, claims=preconditioner_claims),
    "learned smearing": line(
        nn.Smearing, claims=lambda: [smearing_claim("su3", (3, 3)), smearing_claim("u1", (2, 3, 2))]
    ),
}

WITHOUT = {
    "Channels": "bookkeeping of a network",
    "GaugeTheory": "bookkeeping of a network",
    "Fit": "of parameters, not of fields",
    "levenberg_marquardt": "of parameters, not of fields",
    "Weight": "bookkeeping of a network",
    "Layer": "what every layer offers",
    "Source": "what every source offers",
    "axis_paths": "of paths",
    "build_layer": "makes layers",
    "calibrate": "rescales weights",
    "sigmoid_gate": "of numbers, not of fields",
    "transport": "inside every convolution",
}
