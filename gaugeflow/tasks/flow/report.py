"""The numbers of a flow: effective sample sizes, exact chains and weights, each with its error and the closed form."""

from typing import Any

import numpy as np
import torch

from gaugeflow.errors import UserError
from gaugeflow.flows import Weights, Work, both_directions, forward_ess, forward_log_z
from gaugeflow.montecarlo.errors import Estimate, estimate
from gaugeflow.montecarlo.independence import metropolis_chain
from gaugeflow.runs import Metrics
from gaugeflow.tasks.estimates import chains_first, row
from gaugeflow.tasks.exact import exact_solution
from gaugeflow.tasks.flow.config import FlowConfig
from gaugeflow.tasks.flow.exactness.round_trip import round_trip
from gaugeflow.tasks.flow.exactness.steps import step_error
from gaugeflow.tasks.flow.markdown import flow_markdown
from gaugeflow.tasks.flow.symmetrized import SymmetrizedRun

__all__ = ["BURN_IN", "CHAINS", "flow_markdown", "flow_report", "flow_series", "volume_rows"]

CHAINS = 4
"""Into so many Metropolis chains the samples are dealt."""
BURN_IN = 0.05
"""Share of each chain left out, as it begins with a sample of the flow."""
MISSED = 0.1
"""Ratio of the forward effective sample size to that of the flow's own samples below which the two contradict."""
FEWEST_BOTH_WAYS = 20
"""Evolutions each way for numbers of both."""
BESIDE = ("exact", "heatbath", "hmc")
WEIGHTS = ("log_weight", "uniform", "distance_won", "resampled")
"""Columns of samples that are no observables."""


def flow_report(config: FlowConfig, metrics: Metrics, parameters: int, train_seconds: float) -> dict[str, Any]:
    """Plain values for `report.json`.

    Where the weights have collapsed, `collapsed` says how and every number that rests on them is None.

    Raises:
        UserError: the run has not come to its samples yet.
    """
    columns = metrics.columns("flow")
    if not columns:
        raise UserError("expected samples of the flow to report, the run has drawn none so far: it is still training")
    forward = _forward(metrics)
    weights = Weights(columns["log_weight"].ravel())
    collapsed = _collapse(weights, forward["ess_forward"])
    if collapsed and "log_z_forward" in forward:
        forward |= {"log_z_forward": None, "log_z_forward_error": None}
    found = {
        "group": config.group,
        "shape": config.shape,
        "action": config.action.model_dump(),
        "model": config.model.model_dump(),
        "parameters": parameters,
        "train_seconds": train_seconds,
        "samples": weights.log.size,
        "collapsed": collapsed or None,
        "round_trip": round_trip(metrics),
        **_weights(config, weights, columns, bool(collapsed)),
        **forward,
        **_chain(config, columns, bool(collapsed)),
        **_stochastic(config, weights, columns, metrics),
        **_symmetrized(config, weights, columns, bool(collapsed), metrics),
        "beside": _beside(config, metrics, bool(collapsed)),
        "volumes": volume_rows(config, metrics),
        "training": _training(metrics),
        "conventions": {entry.name: entry.convention for entry in config.observables},
        "seed": config.seed,
        **({} if config.equilibrium is None else {"log_z_of": "the target over the base"}),
    }
    if found["ess_error"] is not None and found["ess_forward_error"] is not None:
        found["ess_error"], found["ess_forward_error"] = both_directions(
            found["ess_error"], found["samples"], found["ess_forward_error"], found["ess_forward_samples"]
        )
    found["step_error"] = step_error(config.observables, metrics, _statistical(found))
    return {**found, **_headline(config, found)}


def _statistical(found: dict[str, Any]) -> dict[str, float | None]:
    """The errors of the numbers of a report, of two ways to the same number the smaller one."""
    errors = {"log_z": found["log_z_error"], "ess": found["ess_error"]}
    for name in (*found["observables"], *found["reweighted"]):
        rows = (found[kind].get(name, {}).get("error") for kind in ("observables", "reweighted"))
        errors[name] = min((error for error in rows if error is not None and np.isfinite(error)), default=None)
    return errors


def flow_series(columns: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The Metropolis chains over all samples: columns `(CHAINS, n, ...)`, and whether each proposal was accepted."""
    log_w, uniform = (_dealt(columns[name]) for name in ("log_weight", "uniform"))
    places = metropolis_chain(torch.from_numpy(log_w), torch.from_numpy(uniform)).numpy()
    first = int(BURN_IN * places.shape[1])
    chosen = places[:, first:]
    series = {
        name: _dealt(values)[np.arange(CHAINS)[:, None], chosen]
        for name, values in columns.items()
        if name not in WEIGHTS
    }
    return series, chosen == np.arange(first, places.shape[1])


def _dealt(values: np.ndarray) -> np.ndarray:
    """Rows `(rows, chunk, ...)` in the order they were drawn, as `(CHAINS, n, ...)`."""
    flat = values.reshape(-1, *values.shape[2:])
    count = len(flat) // CHAINS
    return flat[: CHAINS * count].reshape(CHAINS, count, *flat.shape[1:])


def _weights(config: FlowConfig, weights: Weights, columns: dict[str, np.ndarray], collapsed: bool) -> dict[str, Any]:
    if collapsed:
        return {"ess": None, "ess_error": None, "log_z": None, "log_z_error": None, "reweighted": {}}
    solution = exact_solution(config)
    ess, log_z = weights.ess(), weights.log_z()
    exact = {name: value for entry in config.observables if solution for name, value in entry.exact(solution).items()}
    reweighted = {
        name: row(weights.mean(values.ravel()), exact.get(name))
        for name, values in columns.items()
        if values.ndim == 2 and name not in WEIGHTS
    }
    return {
        "ess": ess.value,
        "ess_error": ess.error,
        "log_z": log_z.value,
        "log_z_error": log_z.error,
        "log_z_exact": float(solution.log_z) if solution and config.equilibrium is None else None,
        "kl": log_z.value - weights.kl().value,
        "reweighted": reweighted,
    }


def _forward(metrics: Metrics) -> dict[str, Any]:
    """From the first of the samplers beside the flow."""
    known = _from_target(metrics)
    if known is None:
        return {"ess_forward": None, "ess_forward_error": None}
    name, log_w = known
    found, log_z = forward_ess(log_w), forward_log_z(log_w)
    return {
        "ess_forward": found.value,
        "ess_forward_error": found.error,
        "ess_forward_samples": found.count,
        "ess_forward_from": name,
        "log_z_forward": log_z.value,
        "log_z_forward_error": log_z.error,
    }


def _from_target(metrics: Metrics) -> tuple[str, np.ndarray] | None:
    """The first sampler beside the flow whose fields were weighed, and their `log w`, `(chains, n)`."""
    for name in BESIDE:
        columns = chains_first(metrics.columns(name))
        if "log_weight" in columns:
            return name, columns["log_weight"]
    return None


def _collapse(weights: Weights, ess_forward: float | None) -> str:
    """As `Weights.collapse`; what the flow leaves out of the target, its own samples do not show."""
    ess = weights.ess().value
    if ess_forward is None or ess_forward >= MISSED * ess:
        return weights.collapse()
    return weights.collapse() or (
        f"samples of the target have such weights that the forward effective sample size is {ess_forward:.2g}, "
        f"beside {ess:.2g} from samples of the flow, which misses a part of the target"
    )


def _stochastic(
    config: FlowConfig, weights: Weights, columns: dict[str, np.ndarray], metrics: Metrics
) -> dict[str, Any]:
    """What the updates between the layers are, their work, and what the layers are worth without them."""
    if config.stochastic is None:
        return {}
    work = Work(weights.log, config.stochastic.count, _reverse(weights, metrics))
    return {
        "stochastic": config.stochastic.model_dump(),
        "work": {
            "updates": work.updates,
            "variance": work.variance,
            "dissipated": work.dissipated.value,
            "dissipated_error": work.dissipated.error,
            "ess_per_update": work.ess_per_update,
            "warning": work.warning,
            "resampled": float(columns["resampled"].mean()) if "resampled" in columns else None,
            "log_z": {name: _pair(found) for name, found in work.log_z.items()},
        },
        "layers_alone": _layers_alone(metrics),
    }


def _reverse(weights: Weights, metrics: Metrics) -> np.ndarray | None:
    """Weights of evolutions back from the target, where there are enough for a number of both directions."""
    known = _from_target(metrics)
    if known is None or min(known[1].size, len(weights.log)) < FEWEST_BOTH_WAYS:
        return None
    return known[1].ravel() if np.isfinite([*known[1].ravel(), *weights.log]).all() else None


def _pair(found: Estimate) -> list[float] | None:
    return [found.value, found.error] if np.isfinite(found.value) else None


def _layers_alone(metrics: Metrics) -> dict[str, Any] | None:
    layers = metrics.columns("layers")
    return _volume(layers["log_weight"].ravel(), None) if layers else None


def _symmetrized(
    config: FlowConfig, weights: Weights, columns: dict[str, np.ndarray], collapsed: bool, metrics: Metrics
) -> dict[str, Any]:
    """What the average over symmetries is of, and what it wins over the layers alone."""
    if not isinstance(config.model, SymmetrizedRun):
        return {}
    chosen = config.model.operations(config.group, config.shape)
    ess, won = weights.ess(), estimate(columns["distance_won"].ravel())
    of = {"elements": len(chosen.elements), "order": chosen.order, "invariant_under": " * ".join(chosen.whole)}
    return {
        "symmetrized": of,
        "layers_alone": _layers_alone(metrics),
        "ess_symmetrized": None if collapsed else ess.value,
        "ess_symmetrized_error": None if collapsed else ess.error,
        "kl_won": won.value,
        "kl_won_error": won.error,
    }


def _chain(config: FlowConfig, columns: dict[str, np.ndarray], collapsed: bool) -> dict[str, Any]:
    series, accepted = flow_series(columns)
    found = {"acceptance": float(accepted.mean()), "observables": {}}
    return found if collapsed else {**found, "observables": _observables(config, series, exact=True)}


def _observables(config: FlowConfig, series: dict[str, np.ndarray], exact: bool) -> dict[str, Any]:
    solution = exact_solution(config) if exact else None
    rows: dict[str, Any] = {}
    for entry in config.observables:
        known = entry.exact(solution) if solution else {}
        for name, found in entry.estimates({name: series[name] for name in entry.columns}).items():
            rows[name] = row(found, known.get(name))
    return rows


def _longest(observables: dict[str, Any]) -> float | None:
    """The largest autocorrelation time, of the plain averages."""
    times = [entry["tau_int"] for name, entry in observables.items() if not name.startswith("creutz")]
    known = [tau for tau in times if tau is not None and np.isfinite(tau)]
    return max(known) if known else None


def _beside(config: FlowConfig, metrics: Metrics, collapsed: bool) -> dict[str, Any]:
    """Fields per second of the flow and of the chains, and how many of them are independent.

    A chain over collapsed weights hardly moves, and has not seen its own autocorrelation.
    """
    found: dict[str, Any] = {}
    for name in ("flow", *BESIDE):
        spent, columns = metrics.columns(f"{name}_time"), metrics.columns(name)
        if not spent:
            continue
        series = flow_series(columns)[0] if name == "flow" else chains_first(columns)
        interval = 1 if name in ("flow", "exact") else config.report.reference.interval
        rate = float(spent["fields"][0] / np.median(spent["seconds"]))  # the first rows compile
        observables = {} if name == "flow" and collapsed else _observables(config, series, exact=False)
        tau = 0.5 if name == "exact" else _longest(observables)
        found[name] = {
            "per_second": rate * interval,
            "tau_int": tau and tau * interval,
            "independent_per_second": rate / (2 * tau) if tau else None,
            "tau_int_by_observable": {key: entry["tau_int"] for key, entry in observables.items()},
        }
    return found


def volume_rows(config: FlowConfig, metrics: Metrics) -> list[dict[str, Any]]:
    """ESS on the lattices of the report, the run's own first."""
    rows = []
    for shape in (config.shape, *config.report.shapes):
        table = "flow" if shape is config.shape else "flow_" + "x".join(map(str, shape))
        columns = metrics.columns(table)
        if not columns:
            continue
        forward = _forward(metrics)["ess_forward"] if table == "flow" else None
        rows.append({"shape": list(shape), **_volume(columns["log_weight"].ravel(), forward)})
    return rows


def _volume(log_weight: np.ndarray, ess_forward: float | None) -> dict[str, Any]:
    """A lattice whose weights cannot be used says so in its row, and the others are reported."""
    found = {"ess": None, "ess_error": None, "samples": log_weight.size}
    try:
        weights = Weights(log_weight)
        collapsed = _collapse(weights, ess_forward)
    except UserError as error:
        return {**found, "collapsed": str(error)}
    if collapsed:
        return {**found, "collapsed": collapsed}
    ess = weights.ess()
    return {**found, "ess": ess.value, "ess_error": ess.error, "collapsed": None}


def _training(metrics: Metrics) -> dict[str, Any]:
    """The end of the training, if this process saw it; a report made anew knows the parameters alone."""
    columns = metrics.columns("training")
    if not columns:
        return {}
    last = slice(-min(100, len(columns["step"])), None)
    return {"steps": len(columns["step"]), **{name: float(columns[name][last].mean()) for name in ("loss", "ess")}}


def _headline(config: FlowConfig, found: dict[str, Any]) -> dict[str, Any]:
    """The keys that other programs read; the plaquette is the reweighted one."""
    plaquette = found["reweighted"].get("plaquette", {})
    solution = exact_solution(config)
    return {
        "tau_int": _longest(found["observables"]),
        "plaquette": plaquette.get("value"),
        "plaquette_error": plaquette.get("error"),
        "plaquette_exact": float(solution.plaquette) if solution else None,
    }
