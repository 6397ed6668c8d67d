"""The networks are found by what is called, wherever they are kept, and everything is left exactly as it was."""

import copy
import functools
import sys
import types
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from gaugeflow.symmetry import PointFeatures, Points, Scalars, Verdict, check
from tests.symmetry.samples import energy, points


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


NET = network()
NETS = {"net": NET}
HOLDER = types.SimpleNamespace(inner=types.SimpleNamespace(net=NET))
ZOO = types.ModuleType("somebodys_zoo")
ZOO.net = NET


class Slotted:
    __slots__ = ("net",)

    def __init__(self):
        self.net = NET

    def __call__(self, r):
        return self.net(r).sum((1, 2))


class Plain:
    def __init__(self):
        self.parts = {"first": [NET]}

    def energy(self, r):
        return self.parts["first"][0](r).sum((1, 2))


class Registry:
    """No attribute leads to the network."""

    def __getattr__(self, name):
        if name == "hidden":
            return sys.modules[__name__].NETS["net"]
        raise AttributeError(name)


REGISTERED = Registry()


@dataclass
class Config:
    net: nn.Module


WAYS = {
    "slots": Slotted(),
    "a method of a plain object": Plain().energy,
    "a plain object in a closure": (lambda plain: lambda r: plain.energy(r))(Plain()),
    "a global dict": lambda r: NETS["net"](r).sum((1, 2)),
    "a nested global object": lambda r: HOLDER.inner.net(r).sum((1, 2)),
    "a list comprehension": lambda r: sum([net(r).sum((1, 2)) for net in [NET]]),
    "a dict in a closure": (lambda nets: lambda r: nets["a"](r).sum((1, 2)))({"a": NET}),
    "a dataclass": functools.partial(lambda r, config: config.net(r).sum((1, 2)), config=Config(NET)),
    "an imported module": lambda r: ZOO.net(r).sum((1, 2)),
    "an attribute made on demand": lambda r: REGISTERED.hidden(r).sum((1, 2)),
    "by name at run time": lambda r: getattr(sys.modules[__name__], "N" + "ET")(r).sum((1, 2)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_network_is_found_wherever_it_is_kept(way):
    before = copy.deepcopy(NET.state_dict())
    report = check(WAYS[way], points(), "permutations", out=Scalars, trials=4)
    assert report.holds, str(report)
    assert set(report.findings[0].largest) == {"float64", "float32"}
    assert report.findings[0].notes == ()
    assert all(torch.equal(before[key], value) for key, value in NET.state_dict().items())
    assert all(p.dtype is torch.float32 and p.requires_grad for p in NET.parameters())


def test_what_is_not_found_is_said_with_the_way_to_name_it():
    hidden = torch.ones(3, 2)
    rows = iter(lambda: hidden, None)
    report = check(lambda r: (r @ next(rows)).sum((1, 2)), points(), "permutations", out=Scalars)
    assert report.verdict is Verdict.RAISED
    assert "functools.partial(f, net=net)" in str(report)


def test_a_global_with_a_closure_that_is_no_function():
    class Odd:
        __code__ = "no code"
        __closure__ = 1

        def __call__(self, r):
            return energy(r)

    globals()["ODD"] = Odd()
    try:
        assert check(eval("lambda r: ODD(r)", globals()), points(), "permutations", out=Scalars).holds
    finally:
        del globals()["ODD"]


class Stateful(nn.Module):
    """Assigns a buffer, keeps a cache, counts its calls, logs them, and updates a tensor that is no buffer."""

    def __init__(self, outcome="holds"):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("mean", torch.zeros(4))
        self.running = torch.zeros(4)
        self.calls = 0
        self.log = []
        self.cache = {"nested": {}}
        self.outcome = outcome

    def forward(self, r):
        h = self.norm(self.layer(r).tanh().sum(1))
        self.mean = h.detach().mean(0)
        self.running += h.detach().mean(0).to(self.running.dtype)
        self.calls += 1
        self.log.append(h)
        self.cache["nested"][self.calls] = h
        self.last = h
        if self.outcome == "raises":
            raise RuntimeError("at the end")
        if self.outcome == "interrupted":
            raise KeyboardInterrupt
        weight = torch.linspace(1, 2, r.shape[1], dtype=r.dtype)[:, None] if self.outcome == "broken" else 1.0
        out = h.square().sum(1) + (weight * r).square().sum((1, 2))
        return {"nan": out * torch.nan, "constant": 0 * out, "shape": out[:1], "random": out + self.calls}.get(
            self.outcome, out
        )


def state(thing):
    """Everything that a module stores, with the identity of its tensors and their contents."""
    found = {}
    for path, module in thing.named_modules():
        for name, part in vars(module).items():
            parts = part if isinstance(part, dict) else {None: part}
            for key, value in parts.items():
                where = (path, name, key)
                if isinstance(value, torch.Tensor):
                    found[where] = (id(value), value.dtype, value.requires_grad, value.detach().clone())
                else:
                    found[where] = (type(value), copy.copy(value) if isinstance(value, (list, dict)) else value)
    return found


def same(a, b):
    return a.keys() == b.keys() and all(
        all(torch.equal(p, q) if isinstance(p, torch.Tensor) else p == q for p, q in zip(a[k], b[k], strict=True))
        for k in a
    )


OUTCOMES = {
    "holds": Verdict.HOLDS,
    "broken": Verdict.BROKEN,
    "raises": Verdict.RAISED,
    "nan": Verdict.NOT_FINITE,
    "constant": Verdict.CONSTANT,
    "shape": Verdict.WRONG_SHAPE,
    "random": Verdict.RANDOM,
    "interrupted": None,
}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("kept", ["named", "hidden"])
def test_the_whole_state_is_what_it_was_after_every_verdict(outcome, kept):
    model = Stateful(outcome)
    modules = iter(lambda: model, None)
    f = model if kept == "named" else (lambda r: next(modules)(r))
    before = state(model)
    if outcome == "interrupted":
        with pytest.raises(KeyboardInterrupt):
            check(f, points(), "permutations", out=Scalars, trials=4)
    else:
        assert check(f, points(), "permutations", out=Scalars, trials=4).verdict is OUTCOMES[outcome]
    assert same(before, state(model))


def test_a_model_made_under_inference_mode():
    with torch.inference_mode():
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(4, 1)).eval()
        made = [(t, t.clone()) for t in (*model.parameters(), *model.buffers())]
    report = check(lambda r: model(r).sum((1, 2)) + energy(r), Points(points().data), "point-translations", out=Scalars)
    assert report.verdict is Verdict.BROKEN
    assert check(model[0], PointFeatures(points().data), "permutations", out=PointFeatures).holds
    with torch.inference_mode():
        assert all(t.is_inference() and t.dtype is copied.dtype and torch.equal(t, copied) for t, copied in made)
    assert all(p.requires_grad for p in model.parameters())
