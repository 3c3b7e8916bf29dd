"""The store of shared states against Azurite: `python3 -m tests.azurite`."""
