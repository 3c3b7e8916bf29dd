"""Tests of deploy.py, as a user runs it."""
