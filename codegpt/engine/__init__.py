"""The engine: prompts in, generations out."""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "3000")
# How long an OpenMP thread that has nothing to do watches before it sleeps; read when torch is imported. By default
# it is a hundred times as long, and where another program wants a core as well, the thread that is watched for does not
# get one: on two cores beside one busy program a prompt was read in 12.9 s instead of 7.0, and a key answered in 320 ms
# instead of 152. Alone there is no difference.
