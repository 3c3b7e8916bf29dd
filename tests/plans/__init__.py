"""Pure tests of what steps plan: facts in, changes out. No process, no network, no mock."""
