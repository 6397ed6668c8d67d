"""Everything of the package that has a symmetry, one line each: what it covers, and what is claimed of it.

Every room has its module here, `ROOM.py`: its ``LINES``, and ``WITHOUT``, its public names of which nothing
is claimed, with the reason. A public model, observable, action, sampler or file format that stands in neither fails
`test_everything.py`.
"""

from tests.registry import flows, io, lattice, montecarlo, nn, occupation, wavefunctions
from tests.registry.line import Line

REGISTRY: dict[str, Line] = {
    **lattice.LINES,
    **io.LINES,
    **montecarlo.LINES,
    **nn.LINES,
    **flows.LINES,
    **wavefunctions.LINES,
    **occupation.LINES,
}

WITHOUT: dict[str, str] = {
    **lattice.WITHOUT,
    **montecarlo.WITHOUT,
    **nn.WITHOUT,
    **flows.WITHOUT,
    **wavefunctions.WITHOUT,
    **occupation.WITHOUT,
}
