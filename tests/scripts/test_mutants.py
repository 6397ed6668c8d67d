"""`scripts/mutants.py`: what it would change stands in the package, its tests are there, and none survived."""

import json
from pathlib import Path
from types import ModuleType

import pytest

import gaugeflow
from tests.places import ROOT

PACKAGE = Path(gaugeflow.__file__).parent


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import mutants

    return mutants


def test_each_mistake_has_its_place_and_its_tests(mutants: ModuleType) -> None:
    assert len(mutants.MUTANTS) >= 50
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in mutants.MUTANTS}) == len(mutants.MUTANTS)
    for mutant in mutants.MUTANTS:
        text = (PACKAGE / mutant.file).read_text()
        changed = mutants.mutated(text, mutant)
        assert changed != text
        compile(changed, mutant.file, "exec")
        for test in mutant.tests.split():
            file, _, function = test.partition("::")
            assert f"def {function.partition('[')[0]}(" in (ROOT / "tests" / file).read_text(), test


def test_none_survived(mutants: ModuleType) -> None:
    """In the outcomes that are committed, which are those of the list as it stands."""
    found = json.loads(mutants.RESULT.read_text())["mutants"]
    assert [mutants.Mutant(**{key: row[key] for key in mutants.Mutant._fields}) for row in found] == [*mutants.MUTANTS]
    assert {row["what"] for row in found if row["outcome"] != "killed"} == set()


def test_a_text_that_stands_nowhere_or_twice_is_refused(mutants: ModuleType) -> None:
    for old in ("nowhere", "x"):
        with pytest.raises(ValueError, match="expected once"):
            mutants.mutated("x = x + 1", mutants.Mutant("of this test", "a.py", old, "y", ""))
