"""Clients that nobody here wrote, unmodified, against the embedded Azure."""
