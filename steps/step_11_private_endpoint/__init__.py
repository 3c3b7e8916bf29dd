"""Step 11: a private endpoint to the instance, and the private DNS zone in which its address is."""
