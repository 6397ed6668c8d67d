"""Everything of the package that has a symmetry, one line each: what it covers, and what is claimed of it.

Every room has its module `symmetry_lines_ROOM.py`: its ``LINES``, and ``WITHOUT``, its public names of which nothing
is claimed, with the reason. A public model, observable, action, sampler or file format that stands in neither fails
`test_symmetry_of_everything.py`.
"""

import symmetry_lines_fermions
import symmetry_lines_flows
import symmetry_lines_io
import symmetry_lines_lattice
import symmetry_lines_montecarlo
import symmetry_lines_nn
from symmetry_line import Line

REGISTRY: dict[str, Line] = {
    **symmetry_lines_lattice.LINES,
    **symmetry_lines_io.LINES,
    **symmetry_lines_montecarlo.LINES,
    **symmetry_lines_nn.LINES,
    **symmetry_lines_flows.LINES,
    **symmetry_lines_fermions.LINES,
}

WITHOUT: dict[str, str] = {
    **symmetry_lines_lattice.WITHOUT,
    **symmetry_lines_montecarlo.WITHOUT,
    **symmetry_lines_nn.WITHOUT,
    **symmetry_lines_flows.WITHOUT,
    **symmetry_lines_fermions.WITHOUT,
}
