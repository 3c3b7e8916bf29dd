"""Step 1: the resource group."""
