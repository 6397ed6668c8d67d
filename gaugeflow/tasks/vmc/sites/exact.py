"""Exact energies of fermions on sites, for `gaugeflow exact --system`."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from gaugeflow.runs import Section, Source
from gaugeflow.runs.configuration.validation import validate
from gaugeflow.tasks.vmc.sites.projection import ProjectionConfig
from gaugeflow.tasks.vmc.sites.systems import HubbardConfig, ProductsConfig, TJConfig, TVConfig

__all__ = ["exact_site_report"]


class _Asked(Section):
    """The section that a configuration has."""

    system: Annotated[HubbardConfig | TVConfig | TJConfig | ProductsConfig, Field(discriminator="name")]
    sector: ProjectionConfig | None = None


def exact_site_report(
    name: str, assignments: Sequence[str], states: int = 1, dtype: str = "float64", sector: Sequence[str] = ()
) -> dict[str, Any]:
    """The lowest energies as one JSON-ready dictionary, in units of the hopping.

    Args:
        name: of the system, such as "hubbard".
        assignments: its keys, as "lattice.shape=[8]".
        states: how many energies.
        sector: keys of one, as "momentum=[0.5]"; all states without.

    Raises:
        UserError: keys that are wrong or missing, a space that memory does not hold, or float32.
    """
    from gaugeflow.wavefunctions.occupation.exact import exact_states, require_double, sector_energies  # loads SciPy

    require_double(dtype)
    source = Source(f"system: {{name: {name}}}", "exact")
    source.override([f"system.{text}" for text in assignments] + [f"sector.{text}" for text in sector])
    asked = validate(_Asked, source)
    hamiltonian = asked.system.build()
    particles, lattice = hamiltonian.particles, hamiltonian.lattice
    if asked.sector is None:
        energies = exact_states(hamiltonian, states).energies
    else:
        energies = sector_energies(hamiltonian, asked.sector.group(hamiltonian), states)
    return {
        "system": name,
        "sites": particles.sites,
        "n_up": particles.n_up,
        "n_down": particles.n_down,
        "states": particles.states,
        "energy": float(energies[0]),
        "energies": energies.tolist(),
        "notes": list(lattice.notes) if lattice is not None else [],
    }
