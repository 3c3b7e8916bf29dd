"""Step 7: the endpoints of the instance."""
