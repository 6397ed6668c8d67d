"""The modules that write pages of the reference."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from tests.places import ROOT

__all__ = ["extension"]


def extension(name: str) -> ModuleType:
    """The module `docs/_extensions/NAME.py`, under a name that hides nothing."""
    full = f"documentation_{name}"
    if full not in sys.modules:
        spec = spec_from_file_location(full, ROOT / "docs" / "_extensions" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]
