"""Data files as columns of numbers, or as arrays of inputs and targets: bounded, without a framework, nothing unpickled."""
