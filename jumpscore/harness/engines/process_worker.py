"""A process that prepares questions: ``python -m ... SOCKET``, started by ``processes``."""

from __future__ import annotations

import pickle
from contextlib import suppress

from jumpscore.harness.engines.blueprint import Blueprint
from jumpscore.harness.engines.child import connection_to_parent
from jumpscore.harness.engines.steps import prepare
from jumpscore.runs.failures import describe


def main() -> None:
    """Make the model, and prepare one question after another until the connection is closed."""
    connection = connection_to_parent()
    content = connection.recv_bytes()
    try:
        blueprint: Blueprint = pickle.loads(content)  # from our own parent
        wrapper, plan = blueprint.make()
    except Exception as problem:  # the code of the wrapper may raise anything
        connection.send(describe(problem))
        return
    connection.send(None)
    while True:
        prepared = prepare(wrapper, plan, connection.recv())
        try:
            content = pickle.dumps(prepared)
        except Exception as problem:  # pickling runs code of the wrapper
            content = pickle.dumps(describe(problem))
        connection.send_bytes(content)


if __name__ == "__main__":
    with suppress(EOFError, BrokenPipeError):  # the run has ended
        main()
