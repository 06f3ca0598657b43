"""Benchmarks: this service beside its peers, in one run, on the same data. Run `python -m bench` or `make bench`."""
