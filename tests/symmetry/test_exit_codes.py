"""0 holds, 1 broken, 2 could not be judged: one clear sentence, whatever goes wrong."""

import pytest

from gaugeflow.symmetry.command import check_command, main

PROJECT = """
import torch
from gaugeflow.symmetry import Points, PointFeatures

def x():
    return torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

def energy(r):
    return r.square().sum((1, 2)).cos()

def holds():
    return energy, x(), "permutations: points -> scalars"

def broken():
    return (lambda r: r[:, 0, 0]), x(), "permutations: points -> scalars"

def nan():
    return (lambda r: energy(r) * torch.nan), x(), "permutations: points -> scalars"

def mixes():
    return (lambda r: energy(r - r.mean(0))), x(), "permutations: points -> scalars"

def crashes():
    raise KeyError("no such model")

def leaves():
    raise SystemExit(0)

def function_crashes():
    return (lambda r: {}["weights"]), x(), "permutations: points -> scalars"

def unknown_option():
    return {"f": energy, "x": x(), "group": "permutations", "out": "scalars", "tolerence": 1.0}

def mismatched_inputs():
    return energy, (x(), x()[:1]), "permutations: points, points -> scalars"

def wrong_arguments():
    return energy, (x(), x()), "permutations: points, points -> scalars"

def no_tensor():
    return energy, [[1.0, 2.0]], "permutations: points -> scalars"

def random():
    return (lambda r: energy(r) + torch.rand(len(r))), x(), "permutations: points -> scalars"
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "somebodys_model.py").write_text(PROJECT)
    (tmp_path / "cannot_be_imported.py").write_text("def f(:\n")
    (tmp_path / "raises_on_import.py").write_text("raise RuntimeError('no device')\n")
    (tmp_path / "leaves_on_import.py").write_text("raise SystemExit(0)\n")


CODES = {
    "somebodys_model:holds": 0,
    "somebodys_model:broken": 1,
    "somebodys_model:nan": 1,
    "somebodys_model:mixes": 1,
    "somebodys_model:crashes": 2,
    "somebodys_model:leaves": 2,
    "somebodys_model:function_crashes": 2,
    "somebodys_model:unknown_option": 2,
    "somebodys_model:mismatched_inputs": 2,
    "somebodys_model:wrong_arguments": 2,
    "somebodys_model:no_tensor": 2,
    "somebodys_model:random": 2,
    "somebodys_model:nothing": 2,
    "cannot_be_imported:f": 2,
    "raises_on_import:f": 2,
    "leaves_on_import:f": 2,
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("target", CODES)
def test_the_exit_code_says_what_happened(target, capsys):
    assert check_command(target, trials=4) == CODES[target]
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert printed.err.count("\n") == (1 if not printed.out else 0)


@pytest.mark.usefixtures("project")
def test_a_target_without_a_colon_says_what_is_missing(capsys):
    def never(target):
        raise AssertionError(target)

    assert check_command("somebodys_model", resolver=never) == 2
    said = capsys.readouterr().err
    assert "the object after the colon is missing" in said
    assert "holds, broken" in said


@pytest.mark.usefixtures("project")
def test_the_options_of_the_command(capsys):
    assert main(["somebodys_model:mixes", "--batch-dependent", "--trials", "4"]) == 0
    assert main(["somebodys_model:broken", "--tolerance", "5", "--trials", "4"]) == 0
    for wrong in ([], ["somebodys_model:holds", "--tolerence", "1"], ["somebodys_model:holds", "--tolerance", "large"]):
        with pytest.raises(SystemExit) as left:
            main(wrong)
        assert left.value.code == 2
    assert main(["somebodys_model:holds", "--tolerance", "-1"]) == 2
    assert "tolerance of 0 or more" in capsys.readouterr().err


def test_both_command_lines_have_the_same_options(monkeypatch):
    import argparse

    import typer

    from gaugeflow.cli import app
    from gaugeflow.symmetry import command

    parsers = []
    original = argparse.ArgumentParser.parse_args
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", lambda s, a: parsers.append(s) or original(s, a))
    with pytest.raises(SystemExit):
        command.main(["--help"])
    light = {flag for action in parsers[0]._actions for flag in action.option_strings if flag.startswith("--")}
    full = {flag for option in typer.main.get_command(app).commands["check"].params for flag in option.opts}
    assert light - {"--help"} == {flag for flag in full if flag.startswith("--")}


@pytest.mark.usefixtures("project")
def test_a_worst_case_is_saved_and_run_again(tmp_path, capsys):
    case = str(tmp_path / "case.pt")
    assert main(["somebodys_model:broken", "--trials", "4", "--save", case]) == 1
    assert "the worst case stands in" in capsys.readouterr().err
    assert main(["--replay", case]) == 1
    assert "it still fails" in capsys.readouterr().out
    assert main(["somebodys_model:holds", "--replay", case]) == 0
    assert "it fails no longer" in capsys.readouterr().out
    assert main(["--replay", str(tmp_path / "somebodys_model.py")]) == 2
    assert "expected a saved worst case" in capsys.readouterr().err
