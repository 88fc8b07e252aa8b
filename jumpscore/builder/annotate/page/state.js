// The marks of a video and what edits do to them: pure functions, no document and no server.
//
// An operation is plain data, so that it can wait in a queue and survive a closed tab:
//   {kind: "edit", name, set: [[id, Mark or null], ...],   the marks after the edit
//    decline: [frame, ...], restore: [frame, ...]}         frames declared free of events, or not
//   {kind: "undo"} {kind: "redo"}
//   {kind: "details", details: {done, flagged, note}}
// What a mark was before is looked up when the operation is sent, so operations may follow each
// other faster than the server answers, and one that arrived already changes nothing a second time.

/**
 * Return the state that the server described. Objects of `marks` that are still right are used
 * again, so that only the rows of changed marks are drawn again.
 */
export function fromServer(reply, marks = new Map()) {
  const reused = (mark) => {
    const old = marks.get(mark.id) ?? null;
    return isSame(old, mark) && old.time === mark.time ? old : mark;
  };
  return {
    sequence: reply.sequence,
    marks: new Map(reply.marks.map((mark) => [mark.id, reused(mark)])),
    declined: new Set(reply.declined),
    details: reply.details,
    past: [], // edits since the video was loaded, the latest last
    future: [], // edits that redo repeats, the next one last
    earlier: reply.undo, // name of the edit before `past`
    later: reply.redo, // name of the edit after `future`
  };
}

/** Return what an operation changes, as the server expects it, or null if nothing is left to do. */
export function editOf({ marks, declined }, { name, set, decline = [], restore = [] }) {
  const edit = {
    name,
    changes: set
      .map(([id, after]) => ({ before: marks.get(id) ?? null, after }))
      .filter(({ before, after }) => before !== after && !isSame(before, after)),
    declined: decline.filter((frame) => !declined.has(frame)),
    restored: restore.filter((frame) => declined.has(frame)),
  };
  return edit.changes.length || edit.declined.length || edit.restored.length ? edit : null;
}

const FIELDS = ["id", "frame", "origin", "note", "flagged"]; // `time` follows from `frame`
const isSame = (a, b) => a !== null && b !== null && FIELDS.every((name) => a[name] === b[name]);

/** Return the state after an operation, as far as it can be predicted. */
export function applied(state, op) {
  const after = { ...state, sequence: state.sequence + 1 };
  if (op.kind === "details") return { ...after, details: op.details };
  if (op.kind === "edit") {
    const edit = editOf(state, op);
    if (!edit) return state;
    const past = [...state.past, edit];
    return { ...after, ...carriedOut(state, edit), past, future: [], later: null };
  }
  return op.kind === "undo" ? undone(after) : redone(after);
}

// The content of an edit from before the page was loaded comes with the server's answer, as does
// whether there is one before that.
const UNKNOWN = "another edit";

function undone(state) {
  const edit = state.past.at(-1);
  if (!edit) return { ...state, earlier: UNKNOWN, later: state.earlier, future: [] };
  const [past, future] = [state.past.slice(0, -1), [...state.future, edit]];
  return { ...state, ...carriedOut(state, reversed(edit)), past, future };
}

function redone(state) {
  const edit = state.future.at(-1);
  if (!edit) return { ...state, later: UNKNOWN, earlier: state.later, past: [] };
  const [past, future] = [[...state.past, edit], state.future.slice(0, -1)];
  return { ...state, ...carriedOut(state, edit), past, future };
}

const reversed = ({ name, changes, declined, restored }) => ({
  name,
  changes: changes.map(({ before, after }) => ({ before: after, after: before })),
  declined: restored,
  restored: declined,
});

/** Return the marks and declined frames after an edit; the same objects if they do not change. */
function carriedOut(state, { changes, declined, restored }) {
  const marks = changes.length ? new Map(state.marks) : state.marks;
  for (const { before, after } of changes) {
    if (after) marks.set(after.id, after);
    else marks.delete(before.id);
  }
  const frames = new Set([...state.declined, ...declined]);
  for (const frame of restored) frames.delete(frame);
  return { marks, declined: frames };
}

/** Return the state after the server carried out an operation and answered `reply`. */
export function confirmed(state, op, reply) {
  const { past, future, marks } = applied(state, op);
  return {
    ...fromServer(reply, marks),
    past,
    future,
    earlier: past.length ? state.earlier : reply.undo,
    later: future.length ? state.later : reply.redo,
  };
}

/** Name of the edit that undo takes back, or null. */
export const undoName = (state) => state.past.at(-1)?.name ?? state.earlier;
/** Name of the edit that redo repeats, or null. */
export const redoName = (state) => state.future.at(-1)?.name ?? state.later;

/** Return the marks in order of frame. */
export const inOrder = (marks) =>
  [...marks.values()].sort((a, b) => a.frame - b.frame || (a.id < b.id ? -1 : 1));

/** Return the index of the first element whose value, by `of`, is at or after `value`. */
export function firstFrom(list, value, of = (item) => item) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return the frame that is nearest to a time. */
export function frameAt(times, time) {
  const after = firstFrom(times, time);
  if (after === 0) return 0;
  if (after === times.length) return times.length - 1;
  return time - times[after - 1] <= times[after] - time ? after - 1 : after;
}

/** Return the ids of marks that follow another one sooner than `gap` seconds. */
export function tooClose(marks, gap) {
  const ids = new Set();
  for (let i = 1; i < marks.length; i++) {
    // Times have 6 decimals; two that are `gap` apart must not count because of rounding.
    if (marks[i].time - marks[i - 1].time < gap - 2e-6) ids.add(marks[i - 1].id).add(marks[i].id);
  }
  return ids;
}

/** Write a time in seconds, as `4.920 s` or `1:04.920`. */
export function clock(time) {
  if (time < 60) return `${time.toFixed(3)} s`;
  const minutes = Math.trunc(time / 60);
  return `${minutes}:${(time - 60 * minutes).toFixed(3).padStart(6, "0")}`;
}

/** Read a time that a person typed: `4.92`, `1:04.92`, or a frame as `#123`; else null. */
export function readPlace(text, times) {
  const frame = /^#\s*(\d+)$/.exec(text.trim());
  if (frame) return Math.min(Number(frame[1]), times.length - 1);
  const time = /^(?:(\d+):)?(\d+(?:[.,]\d*)?)\s*s?$/.exec(text.trim());
  if (!time) return null;
  return frameAt(times, 60 * Number(time[1] ?? 0) + Number(time[2].replace(",", ".")));
}

/** Write a whole number with separators. */
export const whole = (number) => number.toLocaleString("en-US");

/** Write a count with its noun. */
export const counted = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;
