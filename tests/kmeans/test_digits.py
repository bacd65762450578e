"""The digits: MNIST's layout, and cheap to have."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from harness import digits


def test_they_have_mnist_s_layout():
    found = digits.load()
    assert found.images.shape == (1797, digits.FEATURES)
    assert found.images.dtype == np.float32
    assert (found.images.min(), found.images.max()) == (0, 1)
    assert sorted(set(found.labels.tolist())) == list(range(10))


def test_they_are_scikit_learn_s_digits_three_times_as_large():
    image = digits.load().images[0].reshape(28, 28)
    assert not image[:2].any()
    assert not image[:, -2:].any()
    # The first row of the first digit in scikit-learn's documentation: 0 0 5 13 9 1 0 0, of 16.
    np.testing.assert_array_equal(image[2:26:3, 2:26:3][0] * 16, [0, 0, 5, 13, 9, 1, 0, 0])
    np.testing.assert_array_equal(image[2:5, 8:11], np.full((3, 3), 5 / 16, np.float32))


def test_nobody_can_change_them():
    with pytest.raises(ValueError, match="read-only"):
        digits.load().images[0] = 1


def test_scikit_learn_is_not_imported_for_them():
    code = "import sys; from harness import digits; digits.load(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
