from cells import ROUTING, SUPERVISED
from diagram import README, draw, drawn_into, edges


def test_given_the_readme_then_its_diagrams_are_what_the_cells_lead_to() -> None:
    text = README.read_text(encoding="utf-8")
    assert drawn_into(text) == text, "make diagrams"


def test_given_arrows_between_the_same_two_states_then_they_are_one() -> None:
    page = draw(ROUTING, "waiting", "elsewhere")
    assert page.count("offering --> connecting:") == 1
    assert "offering --> connecting: leg answered, leg held, accept" in page


def test_given_a_stimulus_that_leads_to_one_place_from_most_states_then_it_is_said_and_not_drawn() -> None:
    drawn, said = edges(SUPERVISED)
    assert ("caller_fell_back", "ending") in said
    assert all("caller_fell_back" not in stimuli for stimuli in drawn.values())
