"""Microsoft.Storage: accounts, their keys and blob containers."""
