"""Polling a cloud for many sagas at once: shared pollers, their schedule, and the budgets that limit all calls."""
