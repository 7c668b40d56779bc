"""Measure what people feel; `make bench` prints it, no test ever asserts on it."""
