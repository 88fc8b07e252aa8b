"""The requests of the page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib.resources import files
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from jumpscore.builder.annotate.pictures import snapped_width
from jumpscore.builder.annotate.playback import play
from jumpscore.builder.annotate.views import project_view, state_view, video_view
from jumpscore.builder.annotate.workspace import Conflict, Workspace
from jumpscore.builder.project import Annotation, Change, Details, Edit, ProjectVideo
from jumpscore.errors import DataError, JumpScoreError, UsageError, VideoError

LARGEST_BODY = 4 << 20
"""Limit of a request in bytes; 5,000 changed marks take less."""
MOST_CHANGES = 10_000
"""Limit of the marks and frames that one action changes."""
WIDEST = 10_000
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}
"""A frame never changes: ids of videos are derived from their content."""
FRESH = {"Cache-Control": "no-store"}
T = TypeVar("T")


@dataclass(frozen=True)
class EditBody:
    """Body of a request to edit."""

    sequence: int
    name: str
    changes: tuple[Change, ...]
    declined: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()


@dataclass(frozen=True)
class SequenceBody:
    """Body of a request to undo or redo."""

    sequence: int


@dataclass(frozen=True)
class DetailsBody:
    """Body of a request to change the details."""

    sequence: int
    done: bool
    flagged: bool
    note: str


@dataclass(frozen=True)
class ReactionBody:
    """Body of a request to store the reaction time."""

    seconds: float


EDIT, SEQUENCE = TypeAdapter(EditBody), TypeAdapter(SequenceBody)
DETAILS, REACTION = TypeAdapter(DetailsBody), TypeAdapter(ReactionBody)


def application(work: Workspace) -> Starlette:
    """Return the application without access control; see ``security``."""
    routes = Routes(work)
    video = "/api/videos/{id}"
    return Starlette(
        routes=[
            Route("/", routes.page),
            Route("/page/{file}", routes.page),
            Route("/api/health", routes.health),
            Route("/api/project", routes.project),
            Route("/api/reaction", routes.reaction, methods=["POST"]),
            Route(video, routes.video),
            Route(video + "/frames/{index:int}", routes.frame),
            Route(video + "/play", routes.play),
            Route(video + "/curves", routes.curves),
            Route(video + "/edit", routes.edit, methods=["POST"]),
            Route(video + "/undo", routes.undo, methods=["POST"]),
            Route(video + "/redo", routes.redo, methods=["POST"]),
            Route(video + "/details", routes.details, methods=["POST"]),
        ],
        exception_handlers={
            JumpScoreError: _failure,
            Conflict: _conflict,
            HTTPException: _http_failure,
            Exception: _unexpected,
        },
    )


class Routes:
    """One method per kind of request."""

    def __init__(self, work: Workspace) -> None:
        self._work = work
        folder = files("jumpscore.builder.annotate") / "page"
        self._pages = {entry.name: entry for entry in folder.iterdir() if entry.is_file()}

    async def page(self, request: Request) -> Response:
        """Return a file of the page."""
        file = self._pages.get(request.path_params.get("file", "index.html"))
        kind = KINDS.get("." + file.name.rpartition(".")[2]) if file is not None else None
        if file is None or kind is None:
            raise HTTPException(404, "no such file")
        return Response(file.read_bytes(), media_type=kind, headers=FRESH)

    async def health(self, _: Request) -> Response:
        """Return which process serves which project."""
        return _json({"pid": os.getpid(), "project": str(self._work.project.root)})

    async def project(self, _: Request) -> Response:
        """Return the project and its queue."""
        return _json(await run_in_threadpool(project_view, self._work))

    async def video(self, request: Request) -> Response:
        """Return one video."""
        return _json(await run_in_threadpool(video_view, self._work, self._video(request)))

    async def frame(self, request: Request) -> Response:
        """Return one frame as JPEG."""
        video = self._video(request)
        info = await run_in_threadpool(self._work.library.info, video)
        index = request.path_params["index"]
        if index >= info.frames:
            raise HTTPException(404, f"frame {index} is not in the video, which has {info.frames}")
        width = snapped_width(_number(request, "width", info.width, 1, WIDEST), info)
        gone = asyncio.ensure_future(_disconnected(request))
        while True:
            reader = await run_in_threadpool(self._work.library.reader, video)
            picture = asyncio.wrap_future(reader.picture(index, width))
            await asyncio.wait((picture, gone), return_when=asyncio.FIRST_COMPLETED)
            if picture.done() and not picture.cancelled():
                break
            picture.cancel()
            if gone.done():
                return Response(status_code=503)
            # Other videos were opened meanwhile, and the reader was closed: open it again.
        gone.cancel()
        headers = {"X-Frame-Index": str(index), "X-Frame-Time": f"{info.times[index]:.6f}"}
        return Response(picture.result(), media_type="image/jpeg", headers=headers | IMMUTABLE)

    async def play(self, request: Request) -> Response:
        """Stream frames in order."""
        video = self._video(request)
        info = await run_in_threadpool(self._work.library.info, video)
        last = info.frames - 1
        first = _number(request, "from", 0, 0, last)
        end = min(_number(request, "to", last, 0, WIDEST**2), last)
        step = _number(request, "step", 1, 1, 1000)
        width = snapped_width(_number(request, "width", info.width, 1, WIDEST), info)
        records = play(
            video.id,
            info,
            range(first, end + 1, step),
            width=width,
            cache=self._work.library.cache,
        )
        return StreamingResponse(
            _streamed(records), media_type="application/octet-stream", headers=FRESH
        )

    async def curves(self, request: Request) -> Response:
        """Return the curves of the timeline, or 202 while they are computed."""
        curves = await run_in_threadpool(self._work.library.curves, self._video(request))
        return _json({}, status=202) if curves is None else _json(asdict(curves))

    async def edit(self, request: Request) -> Response:
        """Change marks."""
        video, body = self._video(request), await _body(request, EDIT)
        edit = Edit(body.name, body.changes, body.declined, body.restored)
        count = len(edit.changes) + len(edit.declined) + len(edit.restored)
        if count > MOST_CHANGES:
            raise UsageError(
                f"the edit changes {count:,} marks and frames; {MOST_CHANGES:,} are allowed"
            )
        return _state(await run_in_threadpool(self._work.edit, video, edit, sequence=body.sequence))

    async def undo(self, request: Request) -> Response:
        """Take back the latest edit."""
        video, body = self._video(request), await _body(request, SEQUENCE)
        return _state(await run_in_threadpool(self._work.undo, video, sequence=body.sequence))

    async def redo(self, request: Request) -> Response:
        """Repeat the edit that was taken back last."""
        video, body = self._video(request), await _body(request, SEQUENCE)
        return _state(await run_in_threadpool(self._work.redo, video, sequence=body.sequence))

    async def details(self, request: Request) -> Response:
        """Replace the notes about the whole video."""
        video, body = self._video(request), await _body(request, DETAILS)
        details = Details(body.done, body.flagged, body.note)
        return _state(
            await run_in_threadpool(self._work.describe, video, details, sequence=body.sequence)
        )

    async def reaction(self, request: Request) -> Response:
        """Store the reaction time."""
        body = await _body(request, REACTION)
        await run_in_threadpool(self._work.set_reaction, body.seconds)
        return _json({"reaction": self._work.reaction})

    def _video(self, request: Request) -> ProjectVideo:
        video = self._work.videos.get(request.path_params["id"])
        if video is None:
            raise HTTPException(404, "no such video in this project; reload the page")
        return video


async def _disconnected(request: Request) -> None:
    """Return when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _streamed(records: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield records that are read in a thread, each when the client has taken the one before.

    The stream ends early at a frame that cannot be decoded; a request for that frame explains why.
    """
    with suppress(VideoError):
        while record := await run_in_threadpool(next, records, None):
            yield record


async def _body(request: Request, kind: TypeAdapter[T]) -> T:
    """Return the JSON body of a request.

    Raises:
        HTTPException: It is too large or not JSON.
        UsageError: It has the wrong form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "the body must be application/json")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise HTTPException(413, f"the body is larger than {LARGEST_BODY:,} bytes")
    try:
        return kind.validate_json(bytes(content), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"the request is invalid: {place} {first['msg']:.200}") from None


def _number(request: Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and low <= int(text) <= high):
        raise UsageError(f"{name}={text[:20]!r} is invalid; give a whole number {low} to {high}")
    return int(text)


def _json(content: Any, *, status: int = 200) -> Response:
    return JSONResponse(content, status_code=status, headers=FRESH)


def _state(annotation: Annotation) -> Response:
    return _json(state_view(annotation))


def _failure(_: Request, error: Exception) -> Response:
    """Answer an error of the package: the annotation is at fault, the disk, or a file."""
    status = 500 if isinstance(error, DataError) else 422
    if isinstance(error, VideoError):
        status = 410
    elif isinstance(error, UsageError) and isinstance(error.__cause__, OSError):
        status = 507
    return _json({"error": str(error)}, status=status)


def _conflict(_: Request, error: Exception) -> Response:
    assert isinstance(error, Conflict)
    return _json({"error": str(error), "state": state_view(error.annotation)}, status=409)


def _http_failure(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, status=error.status_code)


def _unexpected(_: Request, error: Exception) -> Response:
    return _json(
        {"error": f"the server failed ({type(error).__name__}); its terminal shows why"}, status=500
    )
