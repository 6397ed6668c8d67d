"""Who has the threads: torch, or the compiled loops."""

from collections.abc import Iterator

import pytest
import torch

from gaugeflow.kernels.numba.threads import PIECES_PER_THREAD, share, threads_for_kernels


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def pieces() -> int:
    found: list[int] = []
    share(lambda start, stop: found.append(stop - start), (), 600)
    assert sum(found) == 600
    return len(found)


def test_torch_runs_in_one_thread_while_the_loops_have_all(three_threads: None) -> None:
    expected = 3 * PIECES_PER_THREAD
    with threads_for_kernels():
        assert (torch.get_num_threads(), pieces()) == (1, expected)
        with threads_for_kernels():
            assert (torch.get_num_threads(), pieces()) == (1, expected)
        assert (torch.get_num_threads(), pieces()) == (1, expected)
    assert (torch.get_num_threads(), pieces()) == (3, expected)


def test_torch_gets_its_threads_back_after_an_error(three_threads: None) -> None:
    with pytest.raises(ValueError, match="stop"), threads_for_kernels():
        raise ValueError("stop")
    assert torch.get_num_threads() == 3
    torch.set_num_threads(1)
    assert pieces() == 1
