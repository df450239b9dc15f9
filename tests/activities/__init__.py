"""Tests of the steps, each against the sandbox over HTTP."""
