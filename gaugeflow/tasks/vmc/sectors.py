"""The `sectors` of a report: a trained wavefunction over the irreducible parts of a point group."""

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.montecarlo import Metropolis
from gaugeflow.montecarlo.errors import derived, estimate
from gaugeflow.runs import Section
from gaugeflow.tasks.table import format_table
from gaugeflow.tasks.vmc.proof import walked
from gaugeflow.wavefunctions import Hamiltonian, PointGroup, Product, sector_energy, sector_shares
from gaugeflow.wavefunctions.analysis.sectors import require_symmetric

__all__ = ["SectorSection", "sector_rows", "sectors_markdown"]


class SectorSection(Section):
    """The weight of each irreducible part of a point group, about the middle of all centres."""

    group: str
    """C or D with a number, as in D4: turns of the first two axes, with D mirrors too; Ci inverts all axes."""
    sets: Annotated[int, Field(ge=5)] = 32
    """Sets of walkers on which weights are measured."""
    energy: str | None = None
    """The name of a part of one dimension, such as A1, whose energy is given too; it costs as many local energies as
    the group has elements. Nothing is trained on it: that destabilises, arXiv:2502.05318."""

    def build(self, hamiltonian: Hamiltonian) -> PointGroup:
        """Raises UserError for a symbol or a part that is none."""
        group = PointGroup(self.group, hamiltonian.centres.double().mean(0))
        if self.energy is not None and self.energy not in group.sectors:
            raise UserError(f"sectors.energy: expected one of {', '.join(group.sectors)}, came {self.energy!r}")
        return group


def sector_rows(
    section: SectorSection,
    psi: Product,
    hamiltonian: Hamiltonian,
    sampler: Metropolis,
    walkers: Tensor,
    generator: torch.Generator,
    chunk_size: int | None,
) -> dict[str, Any]:
    """`sector_weight` is that of the part that all motions leave alone; `sectors` has all parts and perhaps an energy.

    Raises:
        UserError: a group that does not keep the potential.
    """
    group = section.build(hamiltonian)
    require_symmetric(hamiltonian, group, walkers.double())
    exact, series = walked(psi, sampler, walkers, section.sets, generator)
    x, sets = series.flatten(0, 1), len(series)

    def chains(local: Tensor) -> Any:
        return local.reshape(sets, -1).T.cpu().numpy()

    weights = {}
    for name, local in sector_shares(exact, group, x, chunk_size).items():
        found = estimate(chains(local))
        weights[name] = {"value": found.value, "error": found.error}
    trivial = weights[next(iter(weights))]
    energy: dict[str, Any] = {"energy": None, "energy_error": None}
    if section.energy is not None:
        local, counts = sector_energy(exact, hamiltonian, group, section.energy, x, chunk_size)
        found = derived(lambda a, b: a / b, chains(local * counts), chains(counts))
        energy = {"energy": found.value, "energy_error": found.error}
    return {
        "sector_weight": trivial["value"],
        "sector_weight_error": trivial["error"],
        "sectors": {"group": group.symbol, "weights": weights, "part": section.energy, **energy},
    }


def sectors_markdown(report: dict[str, Any]) -> str:
    """The weights as a table; nothing where a report has none."""
    sectors = report.get("sectors")
    if not sectors:
        return ""
    rows = [[name, f"{entry['value']:.6g}", f"{entry['error']:.1g}"] for name, entry in sectors["weights"].items()]
    found = f"\nEnergy of {sectors['part']}: {sectors['energy']:.9g} +- {sectors['energy_error']:.1g}.\n"
    return f"\n## Parts under {sectors['group']}\n\n{format_table(['', 'weight', 'error'], rows)}" + (
        found if sectors["part"] else ""
    )
