"""Callers' numbers as carriers and PBXs write them, in E.164 where that is certain."""

import pytest

from callbridge.config.numbers import CallerNumbers


@pytest.mark.parametrize(
    ("region", "written", "shown"),
    [
        ("DE", "03012345678", "+493012345678"),
        ("DE", "030 123 456-78", "+493012345678"),
        ("DE", "493012345678", "+493012345678"),
        ("DE", "00493012345678", "+493012345678"),
        ("DE", "+49 30 12345678", "+493012345678"),
        ("DE", "0041446681800", "+41446681800"),
        ("GB", "02079460958", "+442079460958"),
        ("US", "2025550123", "+12025550123"),
        ("IT", "0636918899", "+390636918899"),
        (None, "+493012345678", "+493012345678"),
    ],
)
def test_given_a_complete_number_when_it_calls_then_it_is_e164(region: str | None, written: str, shown: str) -> None:
    assert CallerNumbers(region)(written) == shown


@pytest.mark.parametrize("region", ["DE", "US", "IT", None])
@pytest.mark.parametrize(
    "written",
    [
        *("0", "112", "201", "2011", "201234", "*21#", "alice", "+", "", "+1", "()", "1" * 64, "+" + "9" * 30),
        *("030;ext=5", "٠٣٠١٢٣٤٥٦٧٨", "1-800-FLOWERS", "+49\r\n30", "0301234\x00", "<script>", "anonymous"),
    ],
)
def test_given_no_complete_number_when_it_calls_then_it_stays_as_it_is(region: str | None, written: str) -> None:
    assert CallerNumbers(region)(written) == written


def test_given_no_region_when_a_national_number_calls_then_it_stays_as_it_is() -> None:
    assert CallerNumbers(None)("03012345678") == "03012345678"


def test_given_the_same_region_when_compared_then_it_is_the_same_setting() -> None:
    assert CallerNumbers("DE") == CallerNumbers("DE")
