"""What a step, a change, a record and a walk are. Calls no Azure, and knows no step and no terminal."""
