"""The configuration: every mistake is refused with what was expected, what came, and where."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.runs import Count, Number, Positive, RunConfig, Section, Source, validate


class Wilson(Section):
    name: Literal["wilson"]
    beta: Number


class Quartic(Section):
    name: Literal["phi4"]
    m2: Number
    lam: Positive


class Job(RunConfig):
    shape: list[Count]
    action: Annotated[Wilson | Quartic, Field(discriminator="name")]
    note: str = ""
    save: bool = False


TEXT = """\
task: job
seed: 3
shape: [4, 6]
action:
  name: wilson
  beta: 2.5
"""


def read(text: str, *overrides: str) -> Job:
    source = Source(text, "job.yaml")
    source.override(overrides)
    return validate(Job, source)


def test_defaults_are_filled_in() -> None:
    job = read(TEXT)
    assert job.action == Wilson(name="wilson", beta=2.5)
    assert (job.shape, job.device, job.save, job.checkpoint_every.seconds) == ([4, 6], "cpu", False, 60.0)


def test_a_number_that_yaml_takes_for_text_is_a_number() -> None:
    assert read(TEXT.replace("2.5", "1e-3")).action.beta == 1e-3
    assert read(TEXT.replace("2.5", "6")).action.beta == 6.0


def test_a_truth_that_yaml_spells_no_is_false() -> None:
    assert read(TEXT + "save: no\n").save is False
    assert read(TEXT + "save: yes\n").save is True


WRONG = {
    "misspelt key": (TEXT + "sede: 1\n", ["job.yaml, line 7", "'sede'", "did you mean 'seed'?"]),
    "misspelt inner key": (TEXT.replace("beta", "betta"), ["line 6", "action", "'betta'", "did you mean 'beta'?"]),
    "missing": (TEXT.replace("seed: 3\n", ""), ["seed", "required"]),
    "missing inner": (TEXT.replace("  beta: 2.5\n", ""), ["line 4", "action.beta", "required"]),
    "unknown alternative": (
        TEXT.replace("wilson", "wislon"),
        ["line 4", "action", "mean 'wilson'?"],
    ),
    "no alternative named": (TEXT.replace("  name: wilson\n", ""), ["action", "'name'"]),
    "text for a number": (TEXT.replace("2.5", "two"), ["line 6", "action.beta", "expected a number", "'two' (text)"]),
    "a truth for a number": (TEXT.replace("2.5", "yes"), ["action.beta", "expected a number", "came true"]),
    "a fraction for a count": (TEXT.replace("6]", "6.5]"), ["line 3", "shape.1", "expected a whole number", "6.5"]),
    "a whole float for a count": (TEXT.replace("6]", "6.0]"), ["shape.1", "expected a whole number", "6.0 (a number)"]),
    "text for a count": (TEXT.replace("6]", "1e3]"), ["shape.1", "expected a whole number", "'1e3' (text)", "plainly"]),
    "zero for a count": (TEXT.replace("6]", "0]"), ["shape.1", "greater than or equal to 1", "came 0"]),
    "no for text": (TEXT + "note: no\n", ["line 7", "note", "expected text", "came false", "quotes"]),
    "text for a truth": (TEXT + "save: 'no'\n", ["save", "expected true or false", "'no' (text)"]),
    "a number for a truth": (TEXT + "save: 1\n", ["save", "expected true or false", "1 (a whole number)"]),
    "a list for a mapping": (TEXT.split("action")[0] + "action: [1]\n", ["line 4", "action", "expected a mapping"]),
    "a number for a list": (TEXT.replace("[4, 6]", "4"), ["line 3", "shape", "expected a list", "came 4"]),
    "infinity": (TEXT.replace("2.5", ".inf"), ["action.beta", "expected a finite number", "inf"]),
    "nan as text": (TEXT.replace("2.5", "nan"), ["action.beta", "expected a finite number"]),
    "negative seed": (TEXT.replace("seed: 3", "seed: -1"), ["seed", "greater than or equal to 0", "came -1"]),
    "twice the same key": (TEXT + "seed: 4\n", ["line 7", "'seed'", "twice"]),
    "no mapping": ("just a sentence", ["expected a mapping", "just a sentence"]),
    "empty": ("", ["expected a mapping"]),
    "broken yaml": ("shape: [4, 6\nseed: 1", ["cannot be parsed", "line 2"]),
    "tab": ("shape:\n\t- 4", ["cannot be parsed"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named_with_its_place(case: str) -> None:
    text, parts = WRONG[case]
    with pytest.raises(UserError) as caught:
        read(text)
    assert [part for part in parts if part not in str(caught.value)] == []
    assert "pydantic" not in str(caught.value)
    assert "job.yaml" in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(UserError, match="2 mistakes") as caught:
        read(TEXT.replace("2.5", "x").replace("[4, 6]", "no"))
    assert len(str(caught.value).splitlines()) == 3


def test_overrides_reach_into_sections_and_lists() -> None:
    job = read(TEXT, "action.beta=1e-2", "shape.0=8", "checkpoint_every.steps=5", "note='no'")
    assert (job.action.beta, job.shape, job.checkpoint_every.steps, job.note) == (0.01, [8, 6], 5, "no")
    assert read(TEXT, "action={name: phi4, m2: -4, lam: 8}").action == Quartic(name="phi4", m2=-4.0, lam=8.0)


@pytest.mark.parametrize(
    ("assignment", "parts"),
    [
        ("action.betta=1", ["--set action.betta=1", "did you mean 'beta'?"]),
        ("action.beta=x", ["--set action.beta=x", "expected a number", "'x' (text)"]),
        ("action.beta.x=1", ["--set action.beta.x=1", "2.5"]),
        ("shape.2=1", ["--set shape.2=1", "index below 2", "'2'"]),
        ("shape", ["expected key=value", "'shape'"]),
        ("=3", ["expected key=value"]),
        ("a..b=3", ["expected key=value"]),
        ("shape=[1", ["not YAML"]),
    ],
)
def test_a_wrong_override_is_named(assignment: str, parts: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        read(TEXT, assignment)
    assert [part for part in parts if part not in str(caught.value)] == []


@pytest.mark.parametrize("kind", ["missing", "directory", "binary"])
def test_a_file_that_is_no_configuration(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "job.yaml"
    if kind == "directory":
        path.mkdir()
    if kind == "binary":
        path.write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="expected") as caught:
        Source.read(path)
    assert str(path) in str(caught.value)


def test_a_resolved_configuration_reads_back_as_itself() -> None:
    import yaml

    job = read(TEXT, "action.beta=1e-5", "note='no'")
    assert read(yaml.safe_dump(job.model_dump(mode="json"))) == job
