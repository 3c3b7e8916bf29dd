"""Step 5: consent for the tenant."""
