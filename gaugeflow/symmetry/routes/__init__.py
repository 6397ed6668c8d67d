"""Routes from any function to an equivariant one: averages, frames, canonical forms, augmentation, ensembles.

The harness asks whether f(D_X(g) x) = D_Y(g) f(x). The same two things, a group and its action, make it hold:

    sym = routes.Average(net, Links, "hypercubic * charge", out=Scalars)     # every element, exact
    sym = routes.Canonical(net, Links, "gauge", out=SiteMatrices)            # one evaluation
    sym = routes.Frame(net, Points, "euclidean", out=PointFeatures)          # a few evaluations, continuous
    x, y = routes.augment((Links(u), Scalars(q)), "hypercubic", generator)
"""

from gaugeflow.symmetry.routes.augment import augment
from gaugeflow.symmetry.routes.average import Average
from gaugeflow.symmetry.routes.canonical import Canonical
from gaugeflow.symmetry.routes.ensemble import Ensemble
from gaugeflow.symmetry.routes.frame import Frame
from gaugeflow.symmetry.routes.route import Route

__all__ = ["Average", "Canonical", "Ensemble", "Frame", "Route", "augment"]
