"""The unmodified Azure CLI against the embedded Azure: `python3 -m tests.az`."""
