"""The jobs of the package: what `gaugeflow run` knows by name, and the commands on files.

A task is a folder: `chain`, `dmc`, `flow`, `regression`, `vmc`. The other files are sections of configurations that
several tasks have (`actions`, `samplers`, `observables`, `keys`), what their reports share (`estimates`, `scales`,
`exact`, `table`), and `measure` for configuration files.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
