"""What several steps share, by the field's terms."""
