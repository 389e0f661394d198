"""What `make chaos` goes through. A few of its points, with a real PBX, are in the tests of row 14."""

from chaos.command import points


def test_given_all_points_then_there_are_as_many_as_promised_and_each_has_a_name_of_its_own() -> None:
    names = [point.name for point in points()]
    assert len(names) == len(set(names)) > 300


def test_given_patterns_when_points_are_chosen_then_only_those_of_these_names() -> None:
    names = [point.name for point in points("held", "killed*")]
    assert len(names) > 10
    assert all(name.startswith("held / killed") for name in names)
