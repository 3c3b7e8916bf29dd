"""The proof that nothing leaves a deployment half-done: a crash at every instant, every fault at every request.

`python3 -m tests.matrix --help` says how to run it.
"""
