"""The embedded Azure: Resource Manager, Entra ID, Microsoft Graph and the Digital Twins data plane on loopback."""
