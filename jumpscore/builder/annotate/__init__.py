"""The annotation page: a local server that decodes every frame it shows.

Browsers seek by time and often show a neighbour of the frame that was requested. Here the page
requests frames by index, and each picture arrives with its index and presentation time.

- ``pictures``, ``frames``, ``playback``: frames as JPEG, with a cache that reads ahead and back.
- ``workspace``: what the annotator does in each video, and what others have done.
- ``security``, ``routes``, ``server``: HTTP on the loopback interface, with a token.
- ``page/``: what the browser loads.
"""
