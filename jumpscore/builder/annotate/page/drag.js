// The mouse on the timeline: seek, drag marks and the ends of the loop, zoom with the wheel.

import { moveMark } from "./marking.js";
import { ROWS } from "./lanes.js";
import { frameAt } from "./state.js";

const REACH = 9; // pixels around a handle

/** Attach the pointer and the wheel to both canvases of a timeline. */
export function watchPointer(timeline) {
  const { app, lane, overview } = timeline;
  for (const canvas of [lane, overview]) {
    const frame = (event) => {
      const { left } = canvas.getBoundingClientRect();
      return frameAt(app.video.times, timeline.timeAt(canvas, event.clientX - left));
    };
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !app.video) return;
      canvas.setPointerCapture(event.pointerId);
      drag = dragAt(timeline, canvas, event);
      drag.move(frame(event), event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (drag) drag.move(frame(event), event);
      else if (app.video) canvas.style.cursor = cursorAt(timeline, canvas, event);
    });
    canvas.addEventListener("pointerup", (event) => {
      drag?.end?.();
      drag = null;
    });
    const cancel = () => {
      drag?.cancel?.();
      drag = null;
    };
    canvas.addEventListener("pointercancel", cancel);
    window.addEventListener("keydown", (event) => event.key === "Escape" && cancel());
    canvas.addEventListener("wheel", (event) => turnWheel(timeline, canvas, event), {
      passive: false,
    });
  }
}

function turnWheel(timeline, canvas, event) {
  if (!timeline.app.video) return;
  event.preventDefault();
  const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (isSideways) {
    timeline.pan(((event.deltaX || event.deltaY) / canvas.clientWidth) * timeline.span);
    return;
  }
  const { left } = canvas.getBoundingClientRect();
  const time = timeline.timeAt(canvas, event.clientX - left);
  timeline.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), time);
}

/** What a press at this place moves: {kind, mark or end}. */
function handleAt(timeline, canvas, event) {
  const { app } = timeline;
  if (canvas === timeline.overview) return { kind: "playhead" };
  const box = canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const distance = (time) => Math.abs(timeline.x(time) - x);
  if (y < ROWS.ruler && app.playback.loop) {
    const { loop } = app.playback;
    const end = ["first", "last"].find((one) => distance(app.video.times[loop[one]]) < REACH);
    if (end) return { kind: "loop", end };
  }
  const { marks: top, lanes: bottom } = timeline.rows;
  if (y >= top && y < bottom) {
    const near = app.marks.filter((mark) => distance(mark.time) < REACH);
    near.sort((a, b) => distance(a.time) - distance(b.time));
    if (near.length) return { kind: "mark", mark: near[0] };
  }
  return { kind: "playhead" };
}

function cursorAt(timeline, canvas, event) {
  const { kind } = handleAt(timeline, canvas, event);
  return { mark: "grab", loop: "ew-resize", playhead: "pointer" }[kind];
}

function dragAt(timeline, canvas, event) {
  const { app } = timeline;
  const { kind, mark, end } = handleAt(timeline, canvas, event);
  if (kind === "loop") return { move: (frame) => app.playback.setLoop(end, frame) };
  if (kind === "playhead") return dragPlayhead(app);
  return dragMark(app, mark, canvas, event.clientX);
}

/** Show the frame under the mouse; playback goes on from the last one. */
function dragPlayhead(app) {
  const wasPlaying = app.isPlaying;
  app.playback.pause();
  return {
    move: (frame) => app.seek(frame),
    end: () => wasPlaying && app.playback.play(app.viewer.target),
  };
}

/** Drag a mark: the frame under it is shown, and it moves when the button is released. */
function dragMark(app, mark, canvas, startX) {
  let hasMoved = false;
  app.playback.pause();
  app.selected = mark.id;
  app.seek(mark.frame);
  const clear = () => {
    app.dragging = null;
    canvas.style.cursor = "grab";
    app.changed();
  };
  return {
    move(frame, event) {
      // A click that trembles selects the mark without moving it.
      hasMoved ||= Math.abs(event.clientX - startX) > 3;
      if (!hasMoved) return;
      canvas.style.cursor = "grabbing";
      app.dragging = { id: mark.id, frame, time: app.video.times[frame] };
      app.seek(frame, { follow: false });
    },
    end() {
      const { dragging } = app;
      const present = app.state.marks.get(mark.id);
      clear();
      if (dragging && present) moveMark(app, present, dragging.frame);
    },
    cancel() {
      clear();
      app.seek(mark.frame);
    },
  };
}
