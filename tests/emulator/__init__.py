"""Tests of the embedded Azure alone: what it serves, refuses and shows late, and its data folder."""
