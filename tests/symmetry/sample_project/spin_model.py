"""A small project of somebody else: an XY model with gauge links, and a mistake in its second action. No gaugeflow."""

import torch


def plaquette_angle(theta):
    return theta[:, 0] + theta[:, 1].roll(-1, 1) - theta[:, 0].roll(-1, 2) - theta[:, 1]


def action(theta):
    return (1 - plaquette_angle(theta).cos()).sum((1, 2))


def action_with_a_dropped_dagger(theta):
    angle = theta[:, 0] + theta[:, 1].roll(-1, 1) + theta[:, 0].roll(-1, 2) - theta[:, 1]
    return (1 - angle.cos()).sum((1, 2))


def example():
    return torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))


def good():
    """The function under test and an example input, for the command line."""
    return action, example()


def bad():
    return action_with_a_dropped_dagger, example(), "gauge: links -> scalars"


def unknown_output():
    return (lambda theta: plaquette_angle(theta).cos().unsqueeze(1)), example()


def crashes():
    raise FileNotFoundError("no such model")
