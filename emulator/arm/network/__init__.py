"""Microsoft.Network, as far as a private way to an instance needs it."""
