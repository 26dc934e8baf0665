"""The codegpt language server."""
