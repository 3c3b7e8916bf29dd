"""What all of Resource Manager is built on: routes, guards, the life cycle, groups, providers, lists, tags."""
