"""The `density` of a report: how many particles there are in soft shells about each centre, and on which side."""

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from gaugeflow.montecarlo import Metropolis
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.tasks.table import format_table
from gaugeflow.tasks.vmc.proof import walked, with_error
from gaugeflow.wavefunctions import Hamiltonian, Product, ShellDensity
from gaugeflow.wavefunctions.systems.elements import ELEMENTS

__all__ = ["DensitySection", "density_markdown", "density_rows"]

AT_NUCLEI = 1.0
"""The length of the shells of atoms and molecules, in bohr."""


class DensitySection(Section):
    """The density about each nucleus, or about the middle of a trap, in radial functions times spherical harmonics."""

    radial: Count = 6
    """Radial functions: soft shells that add up to one."""
    degree: Annotated[int, Field(ge=0)] = 2
    """The largest degree of the harmonics."""
    length: Positive | None = None
    """Over which the shells widen, in bohr; by default 1 at nuclei and the oscillator length in a trap."""
    sets: Count = 32
    """Sets of walkers on which the density is measured."""

    def build(self, hamiltonian: Hamiltonian) -> ShellDensity:
        """Raises UserError in one dimension."""
        own = float(hamiltonian.lengths.max()) if hamiltonian.charges is None else AT_NUCLEI
        density = ShellDensity(self.radial, self.degree, self.length or own)
        density.names(hamiltonian.particles.dimension)
        return density


def density_rows(
    section: DensitySection,
    psi: Product,
    hamiltonian: Hamiltonian,
    sampler: Metropolis,
    walkers: Tensor,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Under the key `density` each centre with the number of each shell and harmonic, and its error."""
    density, centres = section.build(hamiltonian), hamiltonian.centres.double()
    _, series = walked(psi, sampler, walkers, section.sets, generator)
    value, error = (found.tolist() for found in density.measured(series, centres.to(series)))
    found = {
        "length": density.length,
        "radii": density.radii(),
        "harmonics": density.names(hamiltonian.particles.dimension),
        "degrees": density.degrees(hamiltonian.particles.dimension),
        "centres": [
            {"name": name, "place": place, "value": v, "error": e}
            for name, place, v, e in zip(_names(hamiltonian), centres.tolist(), value, error, strict=True)
        ],
    }
    return {"density": found}


def _names(hamiltonian: Hamiltonian) -> list[str]:
    if hamiltonian.charges is None:
        return ["trap"] * len(hamiltonian.centres)
    return [ELEMENTS[int(charge) - 1] for charge in hamiltonian.charges]


def density_markdown(report: dict[str, Any]) -> str:
    """A table for each centre, a line for each harmonic; nothing where a report has none."""
    density = report.get("density")
    if not density:
        return ""
    head = [f"{radius:.2g} bohr" for radius in density["radii"]] + ["beyond"]
    tables = [_table(head, density["harmonics"], centre) for centre in density["centres"]]
    return (
        "\n## Density in shells\n\nParticles by the distance from a centre at which their soft shell is thickest, "
        f"times each harmonic; the line of 1 counts them.\n{''.join(tables)}"
    )


def _table(head: list[str], harmonics: list[str], centre: dict[str, Any]) -> str:
    place = ", ".join(f"{part:.4g}" for part in centre["place"])
    columns = zip(*centre["value"], strict=True), zip(*centre["error"], strict=True)
    lines = [
        [name, *(with_error(v, e) for v, e in zip(values, errors, strict=True))]
        for name, values, errors in zip(harmonics, *columns, strict=True)
    ]
    return "\n" + format_table([f"{centre['name']} at ({place})", *head], lines)
