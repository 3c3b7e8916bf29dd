"""Step 9: the application's own data-plane role on the instance."""
