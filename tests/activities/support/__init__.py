"""Tests of `activities.support`."""
