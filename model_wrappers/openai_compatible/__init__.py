"""Models behind an endpoint with OpenAI's chat protocol, in the cloud or your own server.

The harness runs ``wrapper``; ``messages`` builds the chat, ``calls`` sends it with retries.
"""
