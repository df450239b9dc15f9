"""Tests of `activities.checks`."""
