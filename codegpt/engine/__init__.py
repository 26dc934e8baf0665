"""The engine: prompts in, generations out."""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "3000")
# How long an OpenMP thread that has nothing to do watches before it sleeps; read when torch is imported. By default it
# is a hundred times as long, and beside another program the thread that is watched for gets no core (evals/LOG.md).
