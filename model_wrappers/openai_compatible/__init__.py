"""Any endpoint that speaks OpenAI's chat protocol, in the cloud or a server of one's own.

``wrapper`` is what the harness runs, ``messages`` makes the chat, ``calls`` sends it and tries
again.
"""
