"""Step 4: the app registration."""
