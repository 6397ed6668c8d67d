"""Bases and layers of flows: what is claimed of them."""

from gaugeflow import flows
from gaugeflow.groups import get_group
from gaugeflow.lattice import WilsonAction
from gaugeflow.montecarlo import HMC
from gaugeflow.symmetry import Scalars
from gaugeflow.symmetry.claims import Balance, Claim
from tests.registry.continuous_flows import neural_claims, trivializing_claims
from tests.registry.coupling_flows import coupling, layer_claims, residual, stout_claims, symmetrized_claims
from tests.registry.line import FULL, Line, invariant, line, links, scalars
from tests.registry.refinement_flows import refinement_claims
from tests.registry.scalar_flows import continuous_claims, coupling_claims
from tests.tasks.flow.models import Bend


def transformed_claims() -> list[Claim]:
    """HMC through a map that is cheap, and far from the identity; the action through one that is covariant."""
    action = WilsonAction(2, 1.0)
    u1 = get_group("u1")
    sampler = flows.FTHMC(flows.GaugeFlow(flows.HaarBase(u1, (2, 2)), [Bend()]), action, length=1.0, step_size=0.5)
    mixed = flows.FlowProposals(sampler.flow, HMC(action, length=1.0, step_size=0.5), action)
    sampler.warmup = mixed.warmup = False
    layer = coupling("u1", flows.parity_masks(2)[0], charge=True)
    pulled = flows.PulledBack(flows.GaugeFlow(flows.HaarBase(u1, (2, 4)), [layer]), action)
    return [
        Balance(sampler.update, links("u1"), log_prob=lambda u: -action(u), label="FTHMC"),
        Balance(mixed.update, links("u1"), log_prob=lambda u: -action(u), label="flow proposals"),
        invariant(pulled, links("u1", (2, 4)), "gauge * charge"),
    ]


LINES: dict[str, Line] = {
    "bases of flows": line(
        flows.FreeFieldBase,
        flows.GaussianBase,
        flows.HeatKernel,
        flows.HeatKernelBase,
        flows.HeatKernelTorus,
        claims=lambda: [
            invariant(flows.FreeFieldBase((3, 3), 0.5).log_prob, scalars(), "translations * hypercubic * z2"),
            invariant(flows.GaussianBase((3, 3)).log_prob, scalars(), "translations * hypercubic * z2"),
            invariant(flows.HeatKernelBase((3, 3), 0.5).log_prob, links("u1", (3, 3)), FULL),
            invariant(flows.HeatKernelTorus(get_group("su2"), (2, 4), 2.0).log_prob, links("su2", (2, 4)), FULL),
            invariant(flows.HeatKernelTorus(get_group("su3"), (2, 2), 2.0).log_prob, links("su3", (2, 2)), FULL),
        ],
    ),
    "refinement flow": line(
        flows.RefinementFlow,
        flows.PeelingFlow,
        claims=lambda: [
            *refinement_claims("u1", (2, 4)),
            *refinement_claims("su2", (2, 1)),
            *refinement_claims("su3", (2, 1)),
            *refinement_claims("su2", (2, 2), flows.PeelingFlow),
        ],
    ),
    "continuous flow of scalars": line(
        flows.ScalarContinuousFlow,
        flows.ScalarVelocity,
        claims=lambda: continuous_claims(scalars((3,))) + continuous_claims(scalars((2, 2))),
    ),
    "trivializing flows": line(
        flows.ContinuousFlow,
        claims=lambda: [
            *trivializing_claims("su3", links("su3", (2, 2))),
            *trivializing_claims("su3", links("su3", (3, 3))),
        ],
    ),
    "flows of learned potentials": line(
        flows.NeuralFlow,
        claims=lambda: [
            *neural_claims("u1", links("u1", (2, 2))),
            *neural_claims("su2", links("su2", (2, 2))),
        ],
    ),
    "couplings of scalars": line(
        flows.ScalarCoupling,
        flows.ScalarAffine,
        flows.ScalarSpline,
        claims=lambda: [
            *coupling_claims(scalars((4, 2)), spline=False),
            *coupling_claims(scalars((6,)), spline=True),
            *coupling_claims(scalars((2, 2, 2)), spline=True),
        ],
    ),
    "couplings of U(1)": line(
        flows.Coupling,
        flows.Context,
        flows.LoopFeatures,
        flows.CircularSpline,
        flows.NoncompactMixture,
        claims=lambda: [
            *layer_claims(coupling("u1", flows.parity_masks(2)[0], charge=True), links("u1", (2, 4))),
            *layer_claims(coupling("u1", flows.parity_masks(3)[4], charge=True, mixture=True), links("u1", (2, 2, 2))),
            *layer_claims(coupling("u1", flows.block_masks((4, 2))[0]), links("u1", (4, 4))),
            *layer_claims(coupling("u1", flows.block_masks((2, 2))[1], mixture=True), links("u1", (4, 2))),
        ],
    ),
    "couplings of SU(N)": line(
        flows.SpectralSpline,
        claims=lambda: [
            *layer_claims(
                coupling("su2", flows.parity_masks(3)[1], share=1.0), links("su2", (2, 2, 2)), links("su2", (2, 1, 2))
            ),
            *layer_claims(coupling("su3", flows.parity_masks(2)[2], charge=True), links("su3", (2, 2))),
        ],
    ),
    "densities averaged over symmetries": line(
        flows.Symmetrized,
        claims=lambda: [
            *symmetrized_claims("u1", "hypercubic * charge", None),
            *symmetrized_claims("su3", "charge * translations", 4),
        ],
    ),
    "response to the coupling": line(
        flows.response_terms,
        claims=lambda: [
            invariant(
                lambda u: flows.response_terms(WilsonAction(2, 1.0), u), links(name, (2, 4)), FULL, (Scalars,) * 4
            )
            for name in ("u1", "su3")
        ],
    ),
    "samplers through a flow": line(flows.FTHMC, flows.FlowProposals, flows.PulledBack, claims=transformed_claims),
    "residual layers": line(
        flows.ResidualStout,
        claims=lambda: [
            *layer_claims(
                residual("u1", flows.parity_masks(4)[13]), links("u1", (2, 2, 2, 2)), links("u1", (2, 1, 2, 2))
            ),
            *layer_claims(residual("su2", flows.parity_masks(2)[1]), links("su2", (4, 2))),
            *layer_claims(residual("su3", flows.parity_masks(2)[2], charge=True), links("su3", (2, 2))),
        ],
    ),
    "stout steps between actions": line(
        flows.StoutStep,
        claims=lambda: [*stout_claims("u1", (3, 4)), *stout_claims("su2", (3, 2)), *stout_claims("su3", (2, 2))],
    ),
}

WITHOUT = {
    "GaussNewton": "fits a flow",
    "LoopBasis": "bookkeeping of a flow",
    "StapleBasis": "bookkeeping of a flow",
    "fit_along_path": "fits a flow",
    "luescher_functions": "bookkeeping of a flow",
    "Base": "what every base offers",
    "Batch": "numbers of a training step",
    "BoltzmannWeight": "an action with its sign turned",
    "Bridge": "as the flow and the action between which it stands",
    "Composition": "as its layers, each of which has a line",
    "Integrated": "what layers share that integrate an equation",
    "both_directions": "errors of numbers that have a line",
    "GaugeFlow": "as its base and its layers, each of which has a line",
    "HaarBase": "density 1",
    "Mask": "part of a coupling",
    "Operations": "elements of groups",
    "ScaledAction": "a number times an action",
    "SeededBase": "a base of another package",
    "StochasticFlow": "draws or makes fields",
    "Updates": "draws or makes fields",
    "Weights": "of numbers, not of fields",
    "annealed": "draws or makes fields",
    "batch_ess": "of numbers, not of fields",
    "block_masks": "part of a coupling",
    "choose_operations": "elements of groups",
    "fit_scalar_flow": "fits a flow",
    "forward_ess": "of numbers, not of fields",
    "forward_log_z": "of numbers, not of fields",
    "frozen_log_prob": "the density of a flow",
    "log_variance": "derivative with respect to parameters",
    "natural_gradient": "fits a flow",
    "parity_masks": "part of a coupling",
    "path": "derivative with respect to parameters",
    "reinforce": "derivative with respect to parameters",
    "reverse_kl": "derivative with respect to parameters",
    "scores": "derivative with respect to parameters",
    "zero_log_det": "zeros",
    "EquilibriumBase": "draws or makes fields",
    "Work": "of numbers, not of fields",
    "bennett": "of numbers, not of fields",
    "crossing": "of numbers, not of fields",
    "constant_speed": "of numbers, not of fields",
    "Resampled": "draws or makes fields",
    "systematic": "of numbers, not of fields",
    "Response": "of numbers, not of fields",
    "learned_layers": "makes layers, each of which has a line",
    "learned_times": "of numbers, not of fields",
    "linear_times": "of numbers, not of fields",
    "protocol": "draws or makes fields",
}
