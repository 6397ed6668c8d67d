"""Models that people use, with what is known of their symmetry, each a function that checks it."""

from public_models import features, plain, points, tensors  # noqa: F401  (register)
from public_models.model import MODELS, PAIRS, Model, Pair

__all__ = ["MODELS", "PAIRS", "Model", "Pair"]
