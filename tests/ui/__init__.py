"""Temporal's UI in a real browser: what operators read there, and what they do there."""
