"""Cases that every store of states passes: the file's in `tests/tool/test_stores.py`, the blob's in `tests.azurite`."""
