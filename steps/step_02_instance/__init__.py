"""Step 2: the Digital Twins instance, with its tags, network access and identities."""
