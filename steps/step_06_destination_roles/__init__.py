"""Step 6: the roles of the instance's identities on the destinations of its endpoints."""
