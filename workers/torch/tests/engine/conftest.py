import pytest

from videocap_torch.engine.__main__ import Engine
from videocap_torch.engine.ranks import Ranks


@pytest.fixture(scope="session")
def engine():
    ranks = Ranks()
    yield Engine(ranks)
    ranks.close()
