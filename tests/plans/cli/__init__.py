"""Pure tests of how inputs are collected and settled. No process, no network, no mock."""
