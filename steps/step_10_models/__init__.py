"""Step 10: the DTDL models of the instance."""
