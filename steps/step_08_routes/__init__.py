"""Step 8: the event routes of the instance."""
