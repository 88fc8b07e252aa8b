// What a person can do with marks: each function turns one action into one edit with a name.

import { clock, counted, frameAt } from "./state.js";

const newId = () => crypto.randomUUID().replaceAll("-", "");

const markAt = (app, frame, origin) => ({
  ...{ id: newId(), frame, time: app.video.times[frame] },
  ...{ origin, note: "", flagged: false },
});

/** Mark the frame on screen; during playback the one that was on screen a reaction time earlier. */
export function addMark(app, event) {
  const isLive = app.isPlaying;
  const moment = event?.timeStamp ?? performance.now();
  const frame = isLive ? app.playback.frameBefore(moment) : app.frame;
  if (!isLive && app.marks.some((mark) => mark.frame === frame)) {
    app.announce(`frame ${frame} already has a mark`);
    return;
  }
  const mark = markAt(app, frame, isLive ? "live" : "hand");
  app.edit(`add mark at ${clock(mark.time)}`, [[mark.id, mark]]);
  if (!isLive) app.selected = mark.id;
  const previous = app.marks[app.marks.findIndex(({ id }) => id === mark.id) - 1];
  if (app.close.has(mark.id)) {
    app.announce(closeWarning(app, mark, previous));
  } else if (isLive && app.project.reaction === null) {
    app.announce(`add mark at ${clock(mark.time)} (reaction time not measured yet: press C)`);
  }
}

function closeWarning(app, mark, previous) {
  const gap = app.project.event.least_gap;
  const distance = previous ? mark.time - previous.time : Infinity;
  const where =
    distance < gap
      ? `${distance.toFixed(3)} s after the previous mark`
      : "just before the next mark";
  return `add mark at ${clock(mark.time)}: ${where}; closer than ${gap} s`;
}

export function deleteMark(app, mark) {
  if (!mark) return app.announce("no mark on this frame");
  app.edit(`delete mark at ${clock(mark.time)}`, [[mark.id, null]]);
}

/** Move a mark to a frame, and show that frame. */
export function moveMark(app, mark, frame) {
  const last = app.video.frames - 1;
  const to = Math.max(0, Math.min(last, frame));
  if (to === mark.frame) return;
  const time = app.video.times[to];
  const name = `move mark from ${clock(mark.time)} to ${clock(time)}`;
  app.edit(name, [[mark.id, { ...mark, frame: to, time }]]);
  app.selected = mark.id;
  app.seek(to);
}

/** Move the mark on screen by some frames. */
export function nudgeMark(app, frames) {
  const mark = app.currentMark;
  if (!mark) return app.announce("no mark on this frame");
  moveMark(app, mark, mark.frame + frames);
}

export function flagMark(app, mark) {
  if (!mark) return app.announce("no mark on this frame");
  const name = `${mark.flagged ? "remove flag of" : "flag"} mark at ${clock(mark.time)}`;
  app.edit(name, [[mark.id, { ...mark, flagged: !mark.flagged }]]);
}

export function noteMark(app, mark, note) {
  if (note !== mark.note) {
    app.edit(`note on mark at ${clock(mark.time)}`, [[mark.id, { ...mark, note }]]);
  }
}

/**
 * Return the proposals that are neither rejected nor answered by a mark. A mark answers the one
 * proposal that is nearest to it, so that an accepted one stays answered when its mark is corrected.
 */
export function openProposals(app) {
  const candidates = app.video?.proposals?.candidates ?? [];
  const times = candidates.map((candidate) => candidate.time);
  const reach = Math.min(app.project.event.least_gap, 0.15) + 1e-6;
  const answered = new Set();
  for (const { time } of app.marks) {
    const nearest = candidates[frameAt(times, time)];
    if (nearest && Math.abs(nearest.time - time) <= reach) answered.add(nearest.frame);
  }
  const declined = app.state?.declined ?? new Set();
  return candidates.filter(({ frame }) => !declined.has(frame) && !answered.has(frame));
}

/** Return the open proposal on screen, or the nearest one within a twentieth of a second. */
export function currentProposal(app) {
  const time = app.video?.times[app.viewer.target];
  let nearest = null;
  for (const proposal of app.isShowingProposals ? app.proposals : []) {
    const distance = Math.abs(proposal.time - time);
    if (distance < 0.05 && distance < Math.abs((nearest?.time ?? Infinity) - time)) {
      nearest = proposal;
    }
  }
  return nearest;
}

export function acceptProposal(app) {
  const proposal = currentProposal(app);
  if (!proposal) return app.announce("no open proposal here");
  const mark = markAt(app, proposal.frame, "proposal");
  app.edit(`accept proposal at ${clock(mark.time)}`, [[mark.id, mark]]);
  app.selected = mark.id;
  app.seek(mark.frame);
}

/** Accept every open proposal with at least the confidence of the slider, as one edit. */
export function acceptProposals(app) {
  const chosen = app.proposals.filter(({ confidence }) => confidence >= app.threshold);
  if (!chosen.length) return app.announce("no open proposal has that confidence");
  const marks = chosen.map(({ frame }) => markAt(app, frame, "proposal"));
  const name = `accept ${marks.length} proposals from confidence ${app.threshold.toFixed(2)}`;
  app.edit(name, marks.map((mark) => [mark.id, mark]));
}

export function rejectProposal(app) {
  const proposal = currentProposal(app);
  if (!proposal) return app.announce("no open proposal here");
  app.edit(`reject proposal at ${clock(proposal.time)}`, [], { decline: [proposal.frame] });
  const next = app.proposals.find(({ frame }) => frame > proposal.frame);
  if (next) app.seek(next.frame);
}

/** Make all rejected proposals open again, as one edit. */
export function restoreProposals(app) {
  const restore = [...app.state.declined];
  app.edit(`restore ${counted(restore.length, "rejected proposal")}`, [], { restore });
}

/** Replace the marks of a disagreement by those of one annotator, or by none. */
export function takeMarks(app, { first_frame: first, last_frame: last }, annotator, frames) {
  const set = app.marks
    .filter(({ frame }) => frame >= first && frame <= last && !frames.includes(frame))
    .map(({ id }) => [id, null]);
  for (const frame of frames) {
    if (app.marks.some((mark) => mark.frame === frame)) continue;
    const mark = markAt(app, frame, "adjudicated");
    set.push([mark.id, mark]);
  }
  const at = clock(app.video.times[first]);
  const name = annotator ? `take marks of ${annotator} at ${at}` : `take no mark at ${at}`;
  // That no event is there leaves no mark, so it is stored as a decision of its own.
  app.edit(name, set, frames.length ? { restore: [first] } : { decline: [first] });
}
