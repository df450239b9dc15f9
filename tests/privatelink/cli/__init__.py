"""Tests of `privatelink.cli`."""
