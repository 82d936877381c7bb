"""Another seed for a script that seeds itself: the same shift gives the same numbers, another one others."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILD = """
import sys
from lossdoctor.launch.reseeded import reseed
if sys.argv[1] != "none":
    reseed(int(sys.argv[1]))
import random
from random import Random
import numpy as np
import torch
random.seed(0); np.random.seed(0); torch.manual_seed(0)
rng, own, free = np.random.default_rng(0), Random(0), np.random.default_rng()
print(random.random(), np.random.rand(), float(torch.rand(1)), rng.random(), own.random(), free.random())
"""
UNSEEDED = CHILD.replace("random.seed(0); np.random.seed(0); torch.manual_seed(0)", "")


def numbers(code: str, shift: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", code, shift], capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture(scope="module")
def plain() -> list[str]:
    return numbers(CHILD, "none")


def test_no_shift_leaves_the_scripts_own_seeds(plain: list[str]) -> None:
    assert numbers(CHILD, "0")[:5] == plain[:5]


def test_a_shift_changes_every_generator_and_repeats(plain: list[str]) -> None:
    one, again = numbers(CHILD, "1"), numbers(CHILD, "1")
    assert one == again
    assert all(a != b for a, b in zip(one, plain, strict=True))


def test_a_script_that_seeds_nothing_is_the_same_in_both_arms() -> None:
    assert numbers(UNSEEDED, "2") == numbers(UNSEEDED, "2")
    assert all(a != b for a, b in zip(numbers(UNSEEDED, "2"), numbers(UNSEEDED, "3"), strict=True) if a)
