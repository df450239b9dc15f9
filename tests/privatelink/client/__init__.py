"""Tests of `privatelink.client`."""
