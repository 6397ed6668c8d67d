"""Refinement of two-dimensional link fields: cells are cut in two, and the laws of the new paths.

Read `cells` first (the cut and its inverse), then `weight` (the law of a loop round an area). `montecarlo.exact` draws
new paths from their law, `flows.refinement` learns it; both take square roots of group elements from `root`.
"""
