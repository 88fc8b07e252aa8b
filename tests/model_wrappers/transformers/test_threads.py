from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from model_wrappers.transformers import threads  # noqa: E402


class Model(torch.nn.Linear):
    """Ten by ten weights on a device that may not exist here."""

    def __init__(self, device="cpu"):
        super().__init__(10, 10, bias=False)
        self.device = torch.device(device)


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_small_model_uses_one_thread(four_threads):
    inside = []

    def generate():
        with threads.fitting_threads(Model()):
            inside.append(torch.get_num_threads())
            raise ValueError("out of memory")

    with pytest.raises(ValueError, match="out of memory"):
        generate()
    assert (inside, torch.get_num_threads()) == ([1], 4)


@pytest.mark.parametrize(("most", "device"), [(99, "cpu"), (100, "cuda")])
def test_other_models_use_all_threads(four_threads, monkeypatch, most, device):
    monkeypatch.setattr(threads, "SMALL_MODEL", most)
    with threads.fitting_threads(Model(device)):
        assert torch.get_num_threads() == 4
