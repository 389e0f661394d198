"""Files are handed out so that all processes have something to do until the end."""

from pathlib import Path

from order import in_good_order, seconds


def order(**tests: int) -> list[str]:
    """`live__row=3`: three tests in tests/live/row.py. The files in their order."""
    files = {Path("tests", *name.split("__")).with_suffix(".py"): count for name, count in tests.items()}
    items = [(path, number) for path, count in files.items() for number in range(count)]
    ordered = in_good_order(items, lambda item: item[0])
    assert sorted(ordered) == sorted(items)
    begun = list(dict.fromkeys(path for path, _ in ordered))
    assert ordered == [item for path in begun for item in items if item[0] == path], "a file's tests stay together"
    return [path.stem for path in begun]


def test_given_long_and_short_files_when_ordered_then_the_longest_are_first_and_the_shortest_last() -> None:
    assert order(live__short=1, live__long=20, live__middle=5) == ["long", "middle", "short"]


def test_given_few_tests_that_take_long_when_ordered_then_they_are_not_left_for_the_end() -> None:
    assert order(live__short=2, live__test_demo=1) == ["test_demo", "short"]
    assert seconds(Path("tests/explorer/test_explorer.py"), 4) > seconds(Path("tests/web/test_web_calls.py"), 40)


def test_given_files_that_wait_and_files_that_compute_when_ordered_then_they_are_mixed_all_the_way() -> None:
    found = order(live__a=8, live__b=6, live__c=4, live__d=2, domain__w=8, domain__x=6, domain__y=4, domain__z=2)
    assert [name for name in found if name in "abcd"] == list("abcd")
    assert all(
        {"abcd".find(first) < 0, "abcd".find(second) < 0} == {True, False}
        for first, second in zip(found[::2], found[1::2], strict=True)
    )


def test_given_all_files_of_tests_then_no_two_have_the_same_name_since_python_would_take_one_for_the_other() -> None:
    files = [path for path in Path(__file__).parents[1].glob("*/*.py") if not (path.parent / "__init__.py").exists()]
    names = [path.stem for path in files if path.stem != "conftest"]
    assert sorted(names) == sorted(set(names))
