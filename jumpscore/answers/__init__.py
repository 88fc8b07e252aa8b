"""Read the answers of models: times, counts, spans, places, numbers and choices.

Every parser takes these steps in this order; offsets always point into the original text:

1. ``characters``: replace typographic characters with their ASCII equivalents, one for one.
2. ``reasoning``, then ``wrappers``: replace reasoning, special tokens, LaTeX commands and code
   fences with spaces. ``answer.prepare`` does steps 1 and 2 and returns an ``Answer``.
3. ``tokens``: split the text into typed tokens (numbers, times with units, keys, brackets, words).
   ``markup`` replaces HTML and XML tags, ``decimals`` joins ``0,28`` and ``1,200``,
   ``number_words`` joins ``twenty-eight``. ``vocabulary`` lists all words, ``keys`` classifies
   keys and column headings.
4. ``region``: choose the part to read, such as the text behind ``Final answer:``.
5. One grammar per form of answer:

   - ``times.parse``: event times. ``times.spans``: one span of time.
   - ``counts``: the number of events. ``numbers``: any other single number.
   - ``places.points``, ``places.boxes``, ``places.traces``: coordinates.
   - ``choices``: option letters. ``words``: the words of options, such as yes and no.

``docs/answers.md`` lists the accepted forms with their readings. Parsers never guess: an answer
that can be read in two ways is ambiguous or unparseable.
"""

from jumpscore.answers.answer import Answer, prepare
from jumpscore.answers.reasoning import answer_window
from jumpscore.answers.tokens import Token, tokenize

__all__ = ["Answer", "Token", "answer_window", "prepare", "tokenize"]
