"""Template deployments to a resource group: what a Bicep file is compiled to."""
