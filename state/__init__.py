"""The memory of a deployment: what was chosen, what is done, what was about to be done. The cloud is the truth."""
