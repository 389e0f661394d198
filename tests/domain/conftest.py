import pytest
from simulation import Simulation, settings


@pytest.fixture
def sim() -> Simulation:
    return Simulation(settings())
