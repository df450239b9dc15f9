"""Tests of what backend services import."""
