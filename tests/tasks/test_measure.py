"""`measure`: closed forms on known fields, errors of ensembles, files that grow, files that are bad, figures."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gaugeflow.cli import main
from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, get_group
from gaugeflow.io import EnsembleWriter, read_parts, write
from gaugeflow.lattice import cold_start, gradient_flow, hot_start, plaquette
from gaugeflow.montecarlo.errors import estimate
from gaugeflow.tasks.measure import Flow, Loops, measure, measure_text

SHAPE = (6, 8)


def uniform(charge: int, shape: tuple[int, int] = SHAPE) -> Tensor:
    """A U(1) field on a torus whose every plaquette is exp(i 2 pi Q / V)."""
    x, t = (torch.arange(extent, dtype=torch.float64) for extent in shape)
    strength = 2 * math.pi * charge / (shape[0] * shape[1])
    links = torch.zeros(1, 2, *shape, dtype=torch.float64)
    links[0, 1] = strength * x[:, None]
    links[0, 0, -1] = -strength * shape[0] * t
    return links


def ensemble(path: Path, lengths: list[int], generator: torch.Generator) -> list[Tensor]:
    """Independent SU(2) fields, in chains of these lengths; returns the plaquettes of each."""
    fields = [hot_start(SUN(2), (4, 4), generator, length) for length in lengths]
    with EnsembleWriter.create(path, "su2", (4, 4)) as writer:
        for chain, field in enumerate(fields):
            writer.append(field, chain=[chain] * len(field))
    return [plaquette(field, "torch").numpy() for field in fields]


@pytest.mark.parametrize("charge", [0, 1, -1])
def test_a_uniform_field_in_two_dimensions(tmp_path: Path, charge: int) -> None:
    """W(R, T) = cos(F R T) with F = 2 pi Q / V, and Q is a whole number."""
    write(tmp_path / "a.h5", uniform(charge))
    found = measure(tmp_path / "a.h5", extras=[Loops(2, 3)])
    strength = 2 * math.pi * charge / math.prod(SHAPE)
    assert found["charge_geometric"] == charge
    assert found["plaquette"] == pytest.approx(math.cos(strength), abs=1e-14)
    loops = np.array([[math.cos(strength * r * t) for t in range(1, 4)] for r in range(1, 3)])
    np.testing.assert_allclose(found["loops"]["wilson_loops"], loops, atol=1e-14)
    np.testing.assert_allclose(found["loops"]["potential"], np.log(loops[:, :-1] / loops[:, 1:]), atol=1e-13)
    ratios = -np.log(loops[1:, 1:] * loops[:-1, :-1] / (loops[1:, :-1] * loops[:-1, 1:]))
    np.testing.assert_allclose(found["loops"]["creutz_ratios"], ratios, atol=1e-13)
    assert set(np.ravel(found["loops"]["potential_errors"])) == {None}


def test_polyakov_loops_of_every_axis(tmp_path: Path) -> None:
    """Constant diagonal links of angle theta along an axis of extent L: cos(theta L)."""
    shape, angles = (2, 3, 4, 5), torch.tensor([0.3, 0.5, 0.7, 0.2], dtype=torch.float64)
    phases = torch.polar(torch.ones(4, dtype=torch.float64), angles)
    links = torch.diag_embed(torch.stack([phases, phases.conj()], -1)).reshape(1, 4, 1, 1, 1, 1, 2, 2)
    write(tmp_path / "a.ildg", links.expand(1, 4, *shape, 2, 2).contiguous())
    found = measure(tmp_path / "a.ildg")
    for axis, name in enumerate(("polyakov_x", "polyakov_y", "polyakov_z", "polyakov")):
        assert found[name] == pytest.approx([math.cos(float(angles[axis]) * shape[axis]), 0], abs=1e-14)
    assert found["charge_geometric"] is None


def test_the_flow_of_one_field(tmp_path: Path, generator: torch.Generator) -> None:
    links = hot_start(SUN(2), (4, 4, 4, 4), generator)
    write(tmp_path / "a.ildg", links)
    found = measure(tmp_path / "a.ildg", extras=[Flow.parse("0:0.6:0.04")])["flow"]
    history = gradient_flow(links, 0.6, 0.02, every=2)
    np.testing.assert_allclose(found["times"], history.time, atol=1e-12)
    np.testing.assert_allclose(found["t2e"], history.t2e[:, 0], atol=1e-9)
    assert found["t0"] == pytest.approx(float(history.t0), abs=1e-9)
    assert found["w0"] == pytest.approx(float(history.w0), abs=1e-6)
    assert len(found["charge"]) == len(found["times"])
    assert found["t0_error"] is None
    later = measure(tmp_path / "a.ildg", extras=[Flow.parse("0.4:0.6:0.04")])["flow"]
    assert later["times"] == pytest.approx([0.4, 0.44, 0.48, 0.52, 0.56, 0.6])
    assert later["t0"] == found["t0"]


@pytest.mark.parametrize(
    "text", ["", "3", "0:3", "0:3:0", "3:0:0.1", "-1:3:0.1", "0:3:x", "0:inf:1", "0:1e9:1e-9", "0:1:2"]
)
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UserError, match=r"as in 0:3:0\.01"):
        Flow.parse(text)


def test_the_errors_of_an_ensemble(tmp_path: Path, generator: torch.Generator) -> None:
    values = ensemble(tmp_path / "a.h5", [40, 40], generator)
    found = measure(tmp_path / "a.h5", extras=[Loops(1, 1), Flow(0, 0.1, 0.05)])
    expected = estimate(values)
    assert found["plaquette"] == pytest.approx(expected.value, abs=1e-14)
    assert found["errors"]["plaquette"] == pytest.approx(expected.error, rel=1e-12)
    assert found["tau_int"]["plaquette"] == pytest.approx(expected.tau_int, rel=1e-12)
    assert found["loops"]["wilson_loops_errors"] == [[pytest.approx(expected.error, rel=1e-12)]]
    assert found["flow"]["t2e_errors"][0] == 0
    assert found["flow"]["t2e_errors"][2] > 0
    assert f"{found['errors']['plaquette']:.2g}" in measure_text(found)


def test_chains_of_unequal_length(tmp_path: Path, generator: torch.Generator) -> None:
    """Value and error use the same data, and independent samples give sigma / sqrt(count)."""
    values = ensemble(tmp_path / "a.h5", [40, 8], generator)
    found, every = measure(tmp_path / "a.h5"), np.concatenate(values)
    assert found["configurations"] == 48
    assert found["plaquette"] == pytest.approx(every.mean(), abs=1e-14)
    assert found["errors"]["plaquette"] == pytest.approx(every.std() / math.sqrt(48), rel=0.3)
    assert found["notes"] == []


def test_a_chain_too_short_for_an_error_is_left_out_and_named(tmp_path: Path, generator: torch.Generator) -> None:
    values = ensemble(tmp_path / "a.h5", [40, 3], generator)
    found = measure(tmp_path / "a.h5")
    assert found["configurations"] == 40
    assert found["plaquette"] == pytest.approx(values[0].mean(), abs=1e-14)
    assert found["errors"]["plaquette"] == pytest.approx(estimate(values[0]).error, rel=1e-12)
    assert "3 configurations left out" in found["notes"][0]
    assert "note: 3 configurations left out" in measure_text(found)


def test_short_chains_have_a_value_and_no_error(tmp_path: Path, generator: torch.Generator) -> None:
    values = ensemble(tmp_path / "a.h5", [4, 3], generator)
    found = measure(tmp_path / "a.h5")
    assert found["configurations"] == 7
    assert found["plaquette"] == pytest.approx(np.concatenate(values).mean(), abs=1e-14)
    assert found["errors"]["plaquette"] is None
    assert "fewer than 5" in found["warnings"]["plaquette"]


def test_a_reader_does_not_chase_a_writer(tmp_path: Path, generator: torch.Generator) -> None:
    """For every part that is read two more are appended: the reader ends with what there was when it began."""
    path = tmp_path / "a.h5"
    group = get_group("u1")
    with EnsembleWriter.create(path, group, (4, 4), capacity=4) as writer:
        writer.append(hot_start(group, (4, 4), generator, 6), chain=[0] * 6)
        read = 0
        for part, count in read_parts(path, most_bytes=1):
            assert count == 6
            read += len(part.links)
            writer.append(hot_start(group, (4, 4), generator, 2), chain=[0] * 2)
        assert (read, writer.count) == (6, 18)
        assert measure(path)["configurations"] == 18


@pytest.mark.parametrize("name", ["a.h5", "a.npy"])
def test_parts_are_as_large_as_they_may_be(tmp_path: Path, generator: torch.Generator, name: str) -> None:
    links = hot_start(SUN(2), (4, 4), generator, 20)
    write(tmp_path / "a.h5", links)
    np.save(tmp_path / "a.npy", links.numpy())
    layout = {"layout": "nmxtab"} if name == "a.npy" else {}
    size = 2 * 16 * 4 * 16
    for select, wanted in ((None, list(range(20))), (slice(None, None, -3), list(range(19, -1, -3)))):
        parts = [part for part, _ in read_parts(tmp_path / name, select=select, most_bytes=5 * size, **layout)]
        assert max(len(part.links) for part in parts) == 5
        assert [place for part in parts for place in part.metadata["selected"]] == wanted
        assert torch.equal(torch.cat([part.links for part in parts]), links[wanted])


def test_progress_is_shown_on_standard_error(
    tmp_path: Path, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gaugeflow.runs.progress.LINE_EVERY", 0.0)
    ensemble(tmp_path / "a.h5", [6, 6], generator)
    measure(tmp_path / "a.h5", quiet=False)
    shown = capsys.readouterr()
    assert "a.h5: configuration 12 of 12" in shown.err
    assert shown.out == ""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        return (code, *capsys.readouterr())

    return run


def test_one_bad_file_loses_no_result(tmp_path: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    good, bad, absent, other = (tmp_path / name for name in ("a.nersc", "b.nersc", "c.nersc", "d.nersc"))
    for path in (good, bad, other):
        write(path, cold_start("su3", (2, 2, 2, 2)))
    bad.write_bytes(bad.read_bytes()[:-1])
    code, out, err = call("measure", good, bad, absent, other, "--json")
    found = json.loads(out)
    assert code == 2
    assert [entry["file"] for entry in found["files"]] == [str(good), str(other)]
    assert [entry["file"] for entry in found["failed"]] == [str(bad), str(absent)]
    assert "bytes" in found["failed"][0]["error"]
    assert err.count("gaugeflow: ") == 2
    code, out, err = call("measure", good, bad, other)
    assert (code, out.count("plaquette_temporal"), err.count("gaugeflow: ")) == (2, 2, 1)
    assert call("measure", good, other)[0] == 0


def test_notes_are_told(tmp_path: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    write(tmp_path / "a.ildg", cold_start("su3", (2, 2, 2, 2)))
    with (tmp_path / "a.ildg").open("ab") as file:
        file.write(b"\n")
    assert "note: 1 byte after the last record" in call("measure", tmp_path / "a.ildg")[1]
    found = json.loads(call("measure", tmp_path / "a.ildg", "--json")[1])
    assert found["notes"] == found["header"]["deviations"] == ["1 byte after the last record"]


def test_notes_of_all_fields_of_a_file_are_told(tmp_path: Path, generator: torch.Generator) -> None:
    fields = hot_start(SUN(2), (2, 2, 2, 2), generator, 2)
    for k, name in enumerate(("a", "b")):
        write(tmp_path / name, fields[k : k + 1], "ildg")
    second = (tmp_path / "b").read_bytes()
    (tmp_path / "c").write_bytes((tmp_path / "a").read_bytes() + second.replace(b"su2gauge", b"SU2gauge"))
    assert measure(tmp_path / "c")["notes"] == ["the field SU2gauge in ildg-format with capitals"]


def test_one_configuration_of_several(
    tmp_path: Path, call: Callable[..., tuple[int, str, str]], generator: torch.Generator
) -> None:
    fields = hot_start(SUN(3), (2, 2, 2, 2), generator, 3)
    for k in range(3):
        write(tmp_path / f"{k}", fields[k : k + 1], "ildg")
    (tmp_path / "a.lime").write_bytes(b"".join((tmp_path / f"{k}").read_bytes() for k in range(3)))
    found = json.loads(call("measure", tmp_path / "a.lime", "--index", 1, "--json")[1])
    assert found["plaquette"] == pytest.approx(float(plaquette(fields[1:2], "torch")), abs=1e-14)
    assert json.loads(call("measure", tmp_path / "a.lime", "--json")[1])["configurations"] == 3


def test_an_array_with_its_layout(
    tmp_path: Path, call: Callable[..., tuple[int, str, str]], generator: torch.Generator
) -> None:
    links = hot_start(SUN(2), (4, 6), generator)
    np.savez(tmp_path / "a.npz", links=links[0].numpy().transpose(2, 1, 0, 3, 4), other=np.zeros(3))
    options = ["--layout", "txmab", "--dataset", "links"]
    found = json.loads(call("measure", tmp_path / "a.npz", *options, "--json")[1])
    assert found["plaquette"] == pytest.approx(float(plaquette(links, "torch")), abs=1e-14)
    code, _, err = call("measure", tmp_path / "a.npz", "--dataset", "links")
    assert code == 2
    assert "txmab (plaquette" in err
    assert call("convert", tmp_path / "a.npz", tmp_path / "a.h5", *options)[0] == 0


FIGURES = {"plaquette", "charge_geometric", "autocorrelation", "flow", "flow_charge", "potential"}


@pytest.mark.slow
def test_figures(tmp_path: Path, call: Callable[..., tuple[int, str, str]], generator: torch.Generator) -> None:
    write(tmp_path / "a.h5", hot_start("u1", (4, 4), generator, 12), chain=[0] * 12)
    options = ["--flow", "0:0.2:0.1", "--loops", 2, 2, "--plot"]
    found = json.loads(call("measure", tmp_path / "a.h5", *options, tmp_path / "figures", "--json")[1])
    drawn = {Path(path).name for path in found["figures"]}
    assert drawn == {f"a_h5_{name}.png" for name in FIGURES}
    assert all(Path(path).stat().st_size > 5000 for path in found["figures"])
    write(tmp_path / "b.h5", uniform(1))
    code, out, _ = call("measure", tmp_path / "b.h5", "--loops", 2, 2, "--plot", tmp_path / "potential.svg")
    assert (code, (tmp_path / "potential.svg").is_file()) == (0, True)
    assert f"figure: {tmp_path / 'potential.svg'}" in out
    code, _, err = call("measure", tmp_path / "b.h5", "--plot", tmp_path / "x.png")
    assert (code, "something to draw" in err, (tmp_path / "x.png").exists()) == (2, True, False)
