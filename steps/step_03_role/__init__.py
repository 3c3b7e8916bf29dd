"""Step 3: the data-plane role on the instance."""
