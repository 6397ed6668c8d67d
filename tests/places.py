"""Where things are: the repository, and the gauge configurations that lie beside it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
TRAINED = CONFIGS / "trained"
DATA = ROOT.parent / "shared" / "data" / "gauge"
