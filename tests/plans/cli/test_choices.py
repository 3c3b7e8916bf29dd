"""A list to choose from: what is chosen while a filter narrows it down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cli.choices import Choices

REGIONS = {"eastus": "East US", "koreacentral": "Korea Central", "koreasouth": "Korea South", "westus": "West US"}


def test_the_choice_stays_while_it_matches_and_comes_back_with_the_filter() -> None:
    choices = Choices(REGIONS, "westus")
    choices.narrow("US")
    assert (choices.matches, choices.chosen) == (["eastus", "westus"], "westus")
    choices.narrow("USA")
    assert (choices.matches, choices.chosen) == ([], None)
    choices.move(1)
    choices.narrow("korea")
    assert choices.chosen == "koreacentral"
    choices.narrow("")
    assert choices.chosen == "westus"


def test_moving_stays_among_the_matches_and_goes_around() -> None:
    choices = Choices(REGIONS, None)
    assert choices.chosen == "eastus"
    choices.move(-1)
    assert choices.chosen == "westus"
    choices.narrow("korea")
    choices.move(1)
    assert choices.chosen == "koreasouth"
    choices.narrow("")
    assert choices.chosen == "koreasouth"


@given(st.lists(st.one_of(st.integers(-2, 2), st.text(alphabet="aeous t", max_size=3))))
def test_what_enter_takes_is_always_on_the_screen(keys: list[int | str]) -> None:
    choices = Choices(REGIONS, "missing")
    for key in keys:
        if isinstance(key, int):
            choices.move(key)
        else:
            choices.narrow(key)
        assert (choices.chosen in choices.matches) if choices.matches else choices.chosen is None
