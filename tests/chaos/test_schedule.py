"""What goes wrong follows from the seed."""

from __future__ import annotations

from itertools import pairwise

from tests.chaos.schedule import EVERYTHING, PROCESSES, PROVIDER, draw


def test_the_same_seed_and_length_replay_the_same_faults_and_another_seed_others() -> None:
    assert draw(7, 300) == draw(7, 300)
    assert draw(7, 300) != draw(8, 300)


def test_five_minutes_hold_every_kind_of_fault_in_order_and_the_end_of_everything_last() -> None:
    for seed in range(20):
        faults = draw(seed, 300)
        kinds = {(fault.target, fault.kind) for fault in faults}
        wanted = {(target, kind) for target, kinds in PROCESSES.items() for kind in kinds}
        assert wanted | {("provider", kind) for kind in PROVIDER} <= kinds
        assert all(one.at <= other.at for one, other in pairwise(faults))
        assert (faults[-1].target, faults[-1].at) == (EVERYTHING, 300)
