"""Event Hubs, Service Bus and Event Grid: namespaces, event hubs, topics, authorization rules, keys."""
