"""Microsoft.DigitalTwins: instances, their endpoints and data history connections, and what those can reach."""
