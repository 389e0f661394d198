"""The mutation command itself: what it changes, and that it tells what tests notice from what they do not."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutants.mutations import changed, changes_of, file_of, mutants
from mutants.survivors import known

TESTS = Path(__file__).parents[1]
STATE = "model.agents Agent.state | "
KILLED = (
    "if self.offer is not None: | if ... -> if False",
    "if self.offer is not None: | is not -> is",
    "return AgentState.OFFERED | return ... -> return None",
    "if self.calls: | if ... -> if not ...",
    "if self.presence is Presence.OFFLINE: | is -> is not",
    "if self.wrap_up_until is not None: | if ... -> if False",
)
UNSEEN = "return AgentState.ON_CALL | return ... -> return None"
"""No agent is on a call in the records that are looked at here."""


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("def f(a, b):\n    return a < b and not a", "< -> <=; and -> or; not ... -> ...; return ... -> return None"),
        ("def f(call):\n    step.put(call)", "removed"),
        ("def f(call):\n    return replace(call, agent=None)", "return ... -> return None; without agent="),
        (
            "def f(a):\n    if a:\n        return\n    g(1.5)",
            "if ... -> if not ...; if ... -> if False; removed; 1.5 -> 2.5",
        ),
        (
            "def f(a):\n    b = 'call.ended' if a is None else False",
            "'call.ended' -> 'xcall.ended'; False -> True; is -> is not",
        ),
        ("def f(a):\n    a['b_c'] = max(a) + 1", "'b_c' -> 'xb_c'; + -> -; 1 -> 2; removed; max -> min"),
        ("LIMIT = 20\nPAIR = str | int\n__all__ = ['f']\nGRID = 'a'", "20 -> 21"),
        ('def f(a: "x" = 1) -> "int":\n    """Text."""\n    assert a > 1', "1 -> 2"),
        ("@dataclass(frozen=True)\nclass A:\n    b: bool = False\n    'More.'", "False -> True"),
        ("def f(a):\n    raise ValueError(f'no {a}', 'A sentence.')", ""),
    ],
)
def test_given_a_source_then_its_mutants_are_these(source: str, changes: str) -> None:
    assert sorted(changes_of(source)) == sorted(changes.split("; ") if changes else [])


def test_given_all_mutants_then_each_has_a_name_of_its_own_and_is_another_program() -> None:
    names = [mutant.name for mutant in mutants()]
    assert len(set(names)) == len(names) > 3000
    for mutant in mutants()[::150]:
        before = ast.unparse(ast.parse(file_of(mutant).read_text(encoding="utf-8")))
        assert ast.unparse(changed(mutant)) != before, mutant.name


def test_given_known_survivors_then_each_is_a_mutant_of_today_with_a_reason() -> None:
    assert set(known()) <= {mutant.name for mutant in mutants()}


def test_given_some_mutants_then_those_are_killed_that_the_records_can_see_and_one_survives_that_they_cannot() -> None:
    wanted = [argument for name in (*KILLED, UNSEEN) for argument in ("--only", STATE + name)]
    command = [sys.executable, "-m", "mutants", "--golden", "routing waiting", "--workers", "1", "--verbose", *wanted]
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    for name in KILLED:
        assert f"{STATE}{name}: killed by " in done.stdout, done.stdout
    assert f"{STATE}{UNSEEN}: SURVIVED" in done.stdout
    assert "    +            return None\n  NOT LISTED" in done.stdout
    assert f"{len(KILLED) + 1}: {len(KILLED)} killed, 1 survived, of them 0 known: 85.7 % killed" in done.stdout
