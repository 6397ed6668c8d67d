"""Mistakes in evolutions of a configuration along a path of actions."""

from .mutant import Mutant

__all__ = ["PATHS"]

HERE = "tasks/flow/test_path.py"

PATHS = (
    Mutant(
        "path: a defect that opens",
        "tasks/paths.py",
        "1 - (1 - t) * (1 - self.strength)",
        "1 - t * (1 - self.strength)",
        f"{HERE}::test_a_path_leads_from_the_easier_action_to_the_target",
    ),
    Mutant(
        "path: a coupling that falls",
        "tasks/paths.py",
        "action.scaled(1 + (1 - t) * (scale - 1))",
        "action.scaled(1 + t * (scale - 1))",
        f"{HERE}::test_a_path_leads_from_the_easier_action_to_the_target",
    ),
    Mutant(
        "path: all links updated where some were asked for",
        "tasks/flow/between/updates.py",
        "return lambda action: sampler.build(action, region)",
        "return lambda action: sampler.build(action)",
        f"{HERE}::test_only_links_near_the_defect_are_updated",
    ),
    Mutant(
        "path: updates before the layer to their action",
        "tasks/flow/between/stochastic.py",
        "enumerate(made, start=1)",
        "enumerate(made, start=0)",
        f"{HERE}::test_updates_stand_behind_the_layer_to_their_action",
    ),
    Mutant(
        "path: layers that were learned are not taken",
        "tasks/flow/between/steps.py",
        "layer.load_state_dict(learned.state_dict())",
        "layer.load_state_dict(layer.state_dict())",
        f"{HERE}::test_layers_lose_less_than_none",
    ),
    Mutant(
        "path: a ratio of partition functions held against the exact one of the target",
        "tasks/flow/report.py",
        "if solution and config.equilibrium is None else None",
        "if solution else None",
        f"{HERE}::test_a_defect_closes_to_the_exact_charge",
    ),
)
