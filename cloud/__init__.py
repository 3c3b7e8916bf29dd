"""Everything that touches Azure's network: endpoints, credential, SDK clients, waiting, errors in plain words."""
