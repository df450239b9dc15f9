"""Tests of the border to EMQX."""
