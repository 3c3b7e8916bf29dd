"""Programs as users write them: unmodified SDKs, nothing but the environment. Tests run them as processes."""
