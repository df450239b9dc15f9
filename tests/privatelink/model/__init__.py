"""Tests of `privatelink.model`."""
