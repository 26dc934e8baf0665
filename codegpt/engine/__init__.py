"""Engines: prompts in, generations out. Importing this package does not import torch."""
