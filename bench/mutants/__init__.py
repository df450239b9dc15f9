"""`make mutants`: small breaks in the product, one at a time, and whether the tests notice them.

cosmic-ray makes the mutants and runs the tests. What is ours is which mutants count (`drawing`), which tests can
notice one (`record`), how long they may take (`running`), and which mutants nobody could notice (`equivalent.toml`).
"""
