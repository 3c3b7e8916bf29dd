"""The command line: commands, settings, prompts, console and reports. Nothing here calls Azure."""
