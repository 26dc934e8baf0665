"""Code that has been checked before it is shown: completion and generation behind one engine."""
