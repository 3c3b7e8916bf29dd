"""Microsoft.Authorization and Microsoft.ManagedIdentity: roles, assignments, locks, identities."""
