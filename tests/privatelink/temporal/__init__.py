"""Tests of `privatelink.temporal`."""
