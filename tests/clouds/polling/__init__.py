"""Tests of `clouds.polling`."""
