"""The pictures of the README and the docs, from committed reports.

python scripts/pictures.py           all of them, into docs/images
python scripts/pictures.py NAME ...  these
"""

from __future__ import annotations

import argparse

from drawings import gauge, networks, symmetry, wavefunctions
from result_tables.table import ROOT

FOLDER = ROOT / "docs" / "images"
PICTURES = (
    gauge.flows,
    wavefunctions.energies,
    symmetry.intertwiners_of_pictures,
    symmetry.symmetries_of_an_action,
    networks.orbits,
    networks.learning_curves,
    networks.hamiltonian,
    gauge.topology,
    gauge.frozen,
    gauge.protocols,
    gauge.couplings,
    gauge.ess_map,
    gauge.work,
    wavefunctions.contacts,
    wavefunctions.features_of_space,
    wavefunctions.shells,
    wavefunctions.optimizers,
    wavefunctions.sector_routes,
)


def main() -> None:
    known = {draw.__name__: draw for draw in PICTURES}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all by default")
    names = parser.parse_args().names or [*known]
    if unknown := sorted({*names} - known.keys()):
        parser.error(f"expected pictures among {', '.join(known)}, got {', '.join(unknown)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        path = FOLDER / f"{name}.png"
        known[name](path)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
