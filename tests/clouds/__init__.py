"""Tests of the borders: waiting, budgets, settings, and each cloud."""
