"""The offline harness: pass@k and exact match on exactly the path the editor uses."""
