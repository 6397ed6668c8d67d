"""Check the symmetries of models that people use, and say of each whether it came out as it should.

    python scripts/check_public_models.py [--verbose]

`scripts/public_models` has them: a transformer encoder without positions is equivariant under permutations; a CNN with
zero padding is not under translations; a plain network of electron coordinates is not antisymmetric; a network with one
bad layer in the middle is broken there; networks, gates and attention of e3nn, descriptors of featomic, a tensor field
layer and invariant point attention hold, and break with a wrong parity, order of components or axes. What a package
needs that is not installed is left out. A graph network of distances does not see what differs between the two of a
pair that looks alike.
"""

from __future__ import annotations

import argparse
import sys

from public_models import MODELS, PAIRS, Model, Pair

from gaugeflow.symmetry.algebra.separation import tells_apart
from gaugeflow.symmetry.examples.degenerate import DEGENERATE


def is_right(name: str, model: Model, verbose: bool) -> bool:
    """Whether the check came out as it should, or could not be made here."""
    try:
        report = model.check()
    except ModuleNotFoundError as error:
        print(f"{name}: left out, {error}")
        return True
    finding = report.findings[0]
    right = report.holds is model.holds and finding.broken_at == model.broken_at
    place = f" at layer {finding.broken_at}" if finding.broken_at else ""
    print(f"{name}: {report.verdict.value}{place} ({'as' if right else 'NOT as'} it should be)")
    if verbose or not right:
        print(report)
    return right


def tells_as_it_should(name: str, pair: Pair) -> bool:
    both = DEGENERATE[pair.pair]
    apart = tells_apart(pair.features, both.a, both.b)
    right = apart is pair.apart
    print(f"{name}: {'apart' if apart else 'alike'} ({'as' if right else 'NOT as'} it should be)")
    return right


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the symmetries of public models.")
    parser.add_argument("--verbose", action="store_true", help="print the whole reports")
    verbose = parser.parse_args().verbose
    right = [is_right(name, model, verbose) for name, model in MODELS.items()]
    right += [tells_as_it_should(name, pair) for name, pair in PAIRS.items()]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
