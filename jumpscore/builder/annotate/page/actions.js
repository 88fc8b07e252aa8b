// The one table of actions: keys, buttons, tooltips and the help dialog come from it.

import * as marking from "./marking.js";
import { redoName, undoName } from "./state.js";

/**
 * Each row: id, group, label, keys, `run(app, event)`; and optionally `isOn(app)` for a switch,
 * `isPossible(app)`, `in` (the mode that has it), `repeats` if a pressed key may repeat it.
 */
export const ACTIONS = [
  ["play", "Play", "Play or pause", ["Space", "k"], (app) => app.playback.toggle(),
    { isOn: (app) => app.isPlaying }],
  ["slower", "Play", "Slower", ["j", "["], (app) => app.playback.changeSpeed(-1)],
  ["faster", "Play", "Faster", ["l", "]"], (app) => app.playback.changeSpeed(1)],
  ["loopIn", "Play", "Loop from here", ["i"], (app) => app.playback.setLoop("first")],
  ["loopOut", "Play", "Loop to here", ["o"], (app) => app.playback.setLoop("last")],
  ["loop", "Play", "Loop on or off", ["r"], (app) => app.playback.toggleLoop(),
    { isOn: (app) => Boolean(app.playback.loop?.isOn) }],

  ["back", "Move", "One frame back", ["ArrowLeft", ","], (app) => app.step(-1), { repeats: true }],
  ["forward", "Move", "One frame forward", ["ArrowRight", "."], (app) => app.step(1),
    { repeats: true }],
  ["back10", "Move", "10 frames back", ["Shift+ArrowLeft", "<"], (app) => app.step(-10),
    { repeats: true }],
  ["forward10", "Move", "10 frames forward", ["Shift+ArrowRight", ">"], (app) => app.step(10),
    { repeats: true }],
  ["previousMark", "Move", "Previous mark or proposal", ["ArrowUp"], (app) => app.stop(-1),
    { repeats: true }],
  ["nextMark", "Move", "Next mark or proposal", ["ArrowDown"], (app) => app.stop(1),
    { repeats: true }],
  ["start", "Move", "First frame", ["Home"], (app) => app.seek(0)],
  ["end", "Move", "Last frame", ["End"], (app) => app.seek(app.video.frames - 1)],
  ["goto", "Move", "Go to a time or #frame", ["g"], (app) => app.focus("place")],

  ["mark", "Marks", "Mark this frame (live during playback)", ["m", "Enter"],
    (app, event) => marking.addMark(app, event)],
  ["delete", "Marks", "Delete the mark", ["Delete", "Backspace"],
    (app) => marking.deleteMark(app, app.currentMark),
    { isPossible: (app) => Boolean(app.currentMark) }],
  ["nudgeBack", "Marks", "Move the mark one frame earlier", ["q"],
    (app) => marking.nudgeMark(app, -1), { repeats: true }],
  ["nudgeForward", "Marks", "Move the mark one frame later", ["w"],
    (app) => marking.nudgeMark(app, 1), { repeats: true }],
  ["flag", "Marks", "Flag the mark as unsure", ["f"],
    (app) => marking.flagMark(app, app.currentMark),
    { isOn: (app) => Boolean(app.currentMark?.flagged),
      isPossible: (app) => Boolean(app.currentMark) }],
  ["note", "Marks", "Write a note on the mark", ["n"], (app) => app.marksPanel.writeNote(),
    { isPossible: (app) => Boolean(app.currentMark) }],
  ["undo", "Marks", "Undo", ["Ctrl+z", "u"], (app) => app.undo(),
    { repeats: true, isPossible: (app) => Boolean(app.state && undoName(app.state)) }],
  ["redo", "Marks", "Redo", ["Ctrl+Shift+Z", "Ctrl+y", "U"], (app) => app.redo(),
    { repeats: true, isPossible: (app) => Boolean(app.state && redoName(app.state)) }],

  ["accept", "Proposals", "Accept the proposal here", ["a"],
    (app) => marking.acceptProposal(app), { isPossible: (app) => Boolean(app.currentProposal) }],
  ["reject", "Proposals", "Reject the proposal here", ["x"],
    (app) => marking.rejectProposal(app), { isPossible: (app) => Boolean(app.currentProposal) }],
  ["acceptAll", "Proposals", "Accept all from the confidence of the slider", ["A"],
    (app) => marking.acceptProposals(app),
    { isPossible: (app) => app.proposals.some((one) => one.confidence >= app.threshold) }],
  ["proposals", "Proposals", "Show or hide proposals", ["h"], (app) => app.toggleProposals(),
    { isOn: (app) => app.isShowingProposals }],

  ["nextDisagreement", "Disagreements", "Next disagreement", ["s"],
    (app) => app.adjudication.go(1), { in: "adjudicate", repeats: true }],
  ["previousDisagreement", "Disagreements", "Previous disagreement", ["S"],
    (app) => app.adjudication.go(-1), { in: "adjudicate", repeats: true }],
  ...[1, 2, 3, 4].map((number) => [
    `take${number}`, "Disagreements", `Take the marks of annotator ${number}`, [String(number)],
    (app) => app.adjudication.take(number - 1), { in: "adjudicate" },
  ]),
  ["takeNone", "Disagreements", "Take no mark", ["e"], (app) => app.adjudication.takeNone(),
    { in: "adjudicate" }],

  ["done", "Video", "Done or not done", ["D"], (app) => app.toggleDetail("done"),
    { isOn: (app) => Boolean(app.state?.details.done) }],
  ["doneNext", "Video", "Done, and open the next video to do", ["Shift+Enter"],
    (app) => app.finish()],
  ["flagVideo", "Video", "Flag the video", ["F"], (app) => app.toggleDetail("flagged"),
    { isOn: (app) => Boolean(app.state?.details.flagged) }],
  ["noteVideo", "Video", "Write a note on the video", ["N"], (app) => app.focus("video-note")],
  ["nextVideo", "Video", "Next video", ["PageDown"], (app) => app.queue.go(1)],
  ["previousVideo", "Video", "Previous video", ["PageUp"], (app) => app.queue.go(-1)],
  ["filter", "Video", "Search videos", ["/"], (app) => app.focus("filter")],

  ["zoomIn", "Timeline", "Zoom in", ["+", "="], (app) => app.timeline.zoom(0.5),
    { repeats: true }],
  ["zoomOut", "Timeline", "Zoom out", ["-"], (app) => app.timeline.zoom(2), { repeats: true }],
  ["zoomAll", "Timeline", "Show the whole video", ["0"], (app) => app.timeline.showAll()],

  ["calibrate", "Page", "Measure your reaction time", ["c"], (app) => app.calibration.open()],
  ["help", "Page", "Show all keys", ["?"], (app) => app.help.open()],
].map(([id, group, label, keys, run, options]) => ({ id, group, label, keys, run, ...options }));

export const BY_ID = new Map(ACTIONS.map((action) => [action.id, action]));
const BY_KEY = new Map(ACTIONS.flatMap((action) => action.keys.map((key) => [key, action])));

/** Return the action of a key press, or undefined. */
export function actionOf(event) {
  const key = event.key === " " ? "Space" : event.key;
  if (event.altKey) return undefined;
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  // Shift is part of a printed character already; with named keys it is stated.
  const isNamed = key.length > 1 && key !== "Space";
  const shift = event.shiftKey && (isNamed || control) ? "Shift+" : "";
  // With caps lock on, the letters of plain keys arrive in upper case.
  const letter = event.getModifierState?.("CapsLock") && key.length === 1 && !control
    ? event.shiftKey ? key.toUpperCase() : key.toLowerCase()
    : key;
  return BY_KEY.get(control + shift + letter);
}

const NAMES = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page Up",
  PageDown: "Page Down",
};

/** Write a key for people: `Shift + D`, `←`. */
export function keyName(key) {
  const parts = key === "+" ? ["+"] : key.split("+");
  const last = parts.at(-1);
  if (/^[A-Z]$/.test(last) && !parts.includes("Shift")) parts.splice(-1, 0, "Shift");
  return parts
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" + ");
}

/** Return the tooltip of an action with its first key. */
export const tooltip = (action) => `${action.label} (${keyName(action.keys[0])})`;
