"""Pure tests of the engine: small steps and changes, real walks. No process, no network, no mock."""
