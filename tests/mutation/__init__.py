"""Mutation testing of what is pure, by the pure tests alone: `python3 -m tests.mutation`."""
