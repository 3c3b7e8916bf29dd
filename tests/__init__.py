"""The tests: against the embedded Azure over real HTTPS, through the command line where users stand."""
