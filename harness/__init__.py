"""The acceptance suite's plain Python: no module of this package imports pytest."""
