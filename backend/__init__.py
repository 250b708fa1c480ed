"""The domains of an agency at work, and the roof (asgi, cli, settings) that knows them all."""
