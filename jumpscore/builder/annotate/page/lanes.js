// Drawing of the timeline: functions of a scene, which has a context, sizes, colours and x(time).

import { clock, firstFrom } from "./state.js";

export const ROWS = { ruler: 20, marks: 34, lane: 20, proposals: 30, signals: 52 };
/** Heights in CSS pixels; `lane` for each annotator whose marks are adjudicated. */

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** Return the tops of the rows for some annotators: {marks, lanes, proposals, signals, height}. */
export function layout(annotators, hasProposals) {
  const marks = ROWS.ruler;
  const lanes = marks + ROWS.marks;
  const proposals = lanes + ROWS.lane * annotators;
  const signals = proposals + (hasProposals ? ROWS.proposals : 0);
  return { marks, lanes, proposals, signals, height: signals + ROWS.signals };
}

/** Items with a `time` that are visible, with some room for what is drawn around them. */
function visible(items, scene) {
  const margin = (12 / scene.width) * scene.span;
  const from = firstFrom(items, scene.first - margin, (item) => item.time);
  const to = firstFrom(items, scene.first + scene.span + margin, (item) => item.time);
  return items.slice(from, to);
}

export function drawRuler(scene, times) {
  const { context: c, width, colours, first, span } = scene;
  c.fillStyle = colours.sunk;
  c.fillRect(0, 0, width, ROWS.ruler);
  const step = STEPS.find((one) => (one / span) * width >= 76) ?? STEPS.at(-1);
  const decimals = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  c.fillStyle = colours.soft;
  c.strokeStyle = colours.line;
  c.textBaseline = "middle";
  c.textAlign = "left";
  c.beginPath();
  for (let i = Math.max(0, Math.ceil(first / step)); i * step <= first + span; i++) {
    const x = Math.round(scene.x(i * step)) + 0.5;
    c.moveTo(x, 0);
    c.lineTo(x, scene.height);
    const minutes = Math.trunc((i * step + 1e-9) / 60);
    const seconds = (i * step - 60 * minutes).toFixed(decimals);
    const padded = seconds.padStart(decimals ? 3 + decimals : 2, "0");
    c.fillText(minutes ? `${minutes}:${padded}` : `${seconds} s`, x + 5, 10);
  }
  c.stroke();
  drawFrames(scene, times);
}

/** A tick for each frame, if they are far enough apart to be seen as ticks. */
function drawFrames(scene, times) {
  const { context: c, colours, first, span } = scene;
  const from = firstFrom(times, first);
  const to = firstFrom(times, first + span);
  if (to - from > scene.width / 7) return;
  c.fillStyle = colours.join;
  for (const time of times.slice(from, to)) c.fillRect(scene.x(time) - 0.5, ROWS.ruler - 5, 1, 5);
}

export function drawLoop(scene, loop, times) {
  const { context: c, colours, height } = scene;
  const [from, to] = [scene.x(times[loop.first]), scene.x(times[loop.last])];
  c.globalAlpha = loop.isOn ? 1 : 0.45;
  c.fillStyle = colours.loop;
  c.fillRect(from, 0, to - from, height);
  c.fillStyle = colours.loopEdge;
  c.fillRect(from - 1, 0, 2, height);
  c.fillRect(to - 1, 0, 2, height);
  c.fillRect(from, 0, 7, ROWS.ruler);
  c.fillRect(to - 7, 0, 7, ROWS.ruler);
  c.globalAlpha = 1;
}

export function drawMarks(scene, { marks, close, selected, dragging, top }) {
  const { context: c, colours, height } = scene;
  const middle = top + ROWS.marks / 2;
  for (const mark of visible(marks, scene)) {
    const isDragged = dragging?.id === mark.id;
    const x = scene.x(isDragged ? dragging.time : mark.time);
    const isSelected = mark.id === selected;
    const colour = close.has(mark.id) ? colours.miss : colours.answer;
    c.fillStyle = colour;
    c.globalAlpha = isSelected ? 0.9 : 0.4;
    c.fillRect(Math.round(x) - 0.5, top + 2, isSelected ? 2 : 1, height - top - 2);
    c.globalAlpha = 1;
    drawPin(c, x, middle, { colour, colours, isSelected, mark });
    if (isDragged) {
      c.fillStyle = colours.ink;
      c.fillText(clock(dragging.time), x + 12, middle);
    }
  }
}

/** The head of a mark: round, with a halo if selected, a flag or a dot for a note. */
function drawPin(c, x, y, { colour, colours, isSelected, mark }) {
  if (isSelected) {
    c.fillStyle = colours.band;
    c.beginPath();
    c.arc(x, y, 11, 0, 7);
    c.fill();
  }
  c.beginPath();
  c.arc(x, y, 6.5, 0, 7);
  c.fillStyle = colours.card;
  c.fill();
  c.beginPath();
  c.arc(x, y, 5, 0, 7);
  c.fillStyle = colour;
  c.fill();
  if (mark.flagged) {
    c.fillStyle = colours.flag;
    c.fillRect(x, y - 15, 1.5, 10);
    c.beginPath();
    c.moveTo(x + 1, y - 16);
    c.lineTo(x + 10, y - 12.5);
    c.lineTo(x + 1, y - 9);
    c.fill();
  }
  if (mark.note) {
    c.fillStyle = colours.card;
    c.beginPath();
    c.arc(x, y, 2, 0, 7);
    c.fill();
  }
}

/** Proposals as outlined bars; the more confident, the taller and the more opaque. */
export function drawProposals(scene, { proposals, current, top }) {
  const { context: c, colours } = scene;
  const bottom = top + ROWS.proposals - 3;
  for (const proposal of visible(proposals, scene)) {
    const x = Math.round(scene.x(proposal.time));
    const height = 6 + (ROWS.proposals - 10) * proposal.confidence;
    c.globalAlpha = 0.35 + 0.65 * proposal.confidence;
    c.fillStyle = colours.proposalFill;
    c.strokeStyle = colours.extra;
    c.lineWidth = proposal === current ? 2.5 : 1;
    c.fillRect(x - 3.5, bottom - height, 7, height);
    c.strokeRect(x - 3.5, bottom - height, 7, height);
  }
  c.globalAlpha = 1;
  c.lineWidth = 1;
}

/** The marks of each annotator in a lane of their own. */
export function drawLanes(scene, { lanes, top }) {
  const { context: c, colours, width } = scene;
  lanes.forEach(({ annotator, marks }, row) => {
    const y = top + ROWS.lane * row;
    c.fillStyle = colours.sunk;
    if (row % 2 === 0) c.fillRect(0, y, width, ROWS.lane);
    c.fillStyle = colours.annotators[row % colours.annotators.length];
    for (const mark of visible(marks, scene)) {
      c.fillRect(scene.x(mark.time) - 1.5, y + 3, 3, ROWS.lane - 6);
    }
    c.fillStyle = colours.card;
    const text = `${row + 1}  ${annotator}`;
    c.globalAlpha = 0.85;
    c.fillRect(0, y + 2, c.measureText(text).width + 14, ROWS.lane - 4);
    c.globalAlpha = 1;
    c.fillStyle = colours.ink;
    c.fillText(text, 7, y + ROWS.lane / 2);
  });
}

export function drawDisagreements(scene, options) {
  const { disagreements, current, isDecided, times, top, height } = options;
  const { context: c, colours } = scene;
  for (const one of disagreements) {
    const from = scene.x(times[one.first_frame]) - 7;
    const to = scene.x(times[one.last_frame]) + 7;
    if (to < 0 || from > scene.width) continue;
    c.fillStyle = isDecided(one) ? colours.decided : colours.disagreement;
    c.fillRect(from, top, to - from, height);
    if (one === current) {
      c.strokeStyle = colours.miss;
      c.lineWidth = 1.5;
      c.strokeRect(from, top + 1, to - from, height - 2);
      c.lineWidth = 1;
    }
  }
}

/** Waveform, cost in bits and motion of the visible bins, each scaled to its maximum. */
export function drawCurves(scene, { curves, top, height, isShowingBits = true }) {
  const { context: c, colours, width } = scene;
  const { bin, motion, bits, waveform } = curves;
  const bottom = top + height;
  const columns = Math.ceil(width / 2);
  const bins = (list, least = 0, seconds = bin) => {
    const most = list.reduce((a, b) => Math.max(a, b), least + 1e-9);
    return Array.from({ length: columns }, (_, column) => {
      const at = (x) => (scene.first + (x / columns) * scene.span) / seconds;
      const from = Math.max(0, Math.trunc(at(column)));
      const to = Math.max(from + 1, Math.ceil(at(column + 1)));
      if (at(column + 1) < 0 || from >= list.length) return 0;
      return (Math.max(...list.slice(from, to)) - least) / (most - least);
    });
  };
  if (waveform) {
    c.fillStyle = colours.wave;
    bins(waveform, 0, curves.sound_bin).forEach((value, i) => {
      c.fillRect(2 * i, bottom - (height / 2) * (1 + value), 2, height * value + 1);
    });
  }
  if (isShowingBits && bits?.length) {
    c.fillStyle = colours.bits;
    bins(bits).forEach((value, i) => c.fillRect(2 * i, bottom - height * 0.55 * value, 2, height));
  }
  if (motion?.length) {
    c.strokeStyle = colours.motion;
    c.lineWidth = 1.5;
    c.beginPath();
    // From its minimum: a moving camera or noise adds about the same to every frame.
    const least = motion.slice(1, -1).reduce((a, b) => Math.min(a, b), Infinity);
    bins(motion, Number.isFinite(least) ? least : 0).forEach((value, i) => {
      c.lineTo(2 * i + 1, bottom - 2 - (height - 6) * Math.max(0, value));
    });
    c.stroke();
    c.lineWidth = 1;
  }
}

export function drawPlayhead(scene, time, isHandled = true) {
  const { context: c, colours, height } = scene;
  const x = Math.round(scene.x(time));
  c.fillStyle = colours.playhead;
  c.fillRect(x - 1, 0, 2, height);
  if (!isHandled) return;
  c.beginPath();
  c.moveTo(x - 7, 0);
  c.lineTo(x + 7, 0);
  c.lineTo(x, 9);
  c.fill();
}
