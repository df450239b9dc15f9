"""The measurements that docs/benchmarks.md quotes: `make bench` prints them and writes bench/results.json.

Every figure is a ratio or a count from one run, never a time that a test asserts: machines differ and are noisy.
"""
