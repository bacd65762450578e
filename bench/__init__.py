"""Benchmarks: what the suite costs beside the bare steps (``make bench``)."""
