"""Dense ReLU networks of infinite width: their kernels in closed form, and the mean of infinitely many trained ones.

The networks are `h_1 = W_1 x / sqrt(d)`, `h_l+1 = sqrt(2 / n) W_l+1 relu(h_l)`, and the last one gives a number.
Weights are normal, and there are no biases. With `layers` hidden layers of width n to infinity the covariance K of the
outputs and the neural tangent kernel Theta, the scalar product of their gradients, follow from arc-cosine kernels
(arXiv:1806.07572, eq. (11) of arXiv:1904.11955).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["mean_prediction", "tangent_kernel"]


def tangent_kernel(x: Tensor, y: Tensor, layers: int = 2) -> Tensor:
    """Theta of inputs `(a, d)` and `(b, d)`, `(a, b)`: Theta' = K' + Theta (pi - t) / pi, cos t = K(x, y) / |x| |y|."""
    covariance = x @ y.mT / x.shape[1]
    norm = x.norm(dim=1)[:, None] * y.norm(dim=1) / x.shape[1]  # ReLU with variance 2 / n keeps K(x, x)
    theta = covariance
    for _ in range(layers):
        cosine = (covariance / norm).clamp(-1, 1)
        angle = torch.acos(cosine)
        covariance = norm * ((1 - cosine.square()).sqrt() + (math.pi - angle) * cosine) / math.pi
        theta = covariance + theta * (math.pi - angle) / math.pi
    return theta


def mean_prediction(x: Tensor, inputs: Tensor, targets: Tensor, time: float, layers: int = 2) -> Tensor:
    """The mean over all initial weights of what gradient flow on half the summed squared error has learned.

    `Theta(x, X) Theta^-1 (1 - exp(-Theta t)) Y` with Theta = Theta(X, X), eq. (14) of arXiv:1902.06720.

    Args:
        x: where to predict, `(a, d)`.
        inputs, targets: the training set X, Y, `(n, d)` and `(n,)`.
        time: how long the flow runs; `math.inf` is until the end.
        layers: hidden layers.
    """
    values, vectors = torch.linalg.eigh(tangent_kernel(inputs, inputs, layers))
    seen = values > torch.finfo(values.dtype).eps * len(values) * values[-1]  # equal inputs: zero modes learn nothing
    values, vectors = values[seen], vectors[:, seen]
    learned = -torch.expm1(-values * time) / values
    return tangent_kernel(x, inputs, layers) @ (vectors @ (learned * (vectors.mT @ targets)))
