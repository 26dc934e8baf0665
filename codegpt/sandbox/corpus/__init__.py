"""Programs whose verdict is known: what the sandbox's self-test and its tests run."""
