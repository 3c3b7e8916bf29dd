"""What the tests share: the embedded Azure, the tool, terminals, and questions to both."""
