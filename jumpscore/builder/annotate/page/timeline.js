// The timeline: the whole video above, and a lane that is zoomed in around the playhead.

import { watchPointer } from "./drag.js";
import { byId } from "./dom.js";
import * as lanes from "./lanes.js";
import { clock } from "./state.js";

const SHORTEST = 0.3; // seconds that the lane shows at least
const USUAL = 6;
const OVERVIEW = 40; // its height
const MARGIN = 0.012; // free space on both sides, as a share of the time that is visible

export class Timeline {
  constructor(app) {
    this.app = app;
    this.overview = byId("overview");
    this.lane = byId("lane");
    this.first = 0;
    this.span = 1;
    this.background = document.createElement("canvas");
    watchPointer(this);
    new ResizeObserver(() => app.changed()).observe(this.lane.parentElement);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => {
      this.colours = null;
      app.changed();
    });
  }

  /** Begin with another video. */
  open(video) {
    this.span = Math.max(SHORTEST, Math.min(USUAL, this._end(video) / (1 - 2 * MARGIN)));
    this.first = -MARGIN * this.span;
    this.drawnCurves = undefined;
  }

  _end(video = this.app.video) {
    return Math.max(video.duration, video.times.at(-1) ?? 0, SHORTEST);
  }

  /** What the overview shows: the whole video. */
  get _all() {
    const span = this._end() / (1 - 2 * MARGIN);
    return { first: -MARGIN * span, span };
  }

  /** Show `factor` times as much time around the playhead, or around another time. */
  zoom(factor, around = this.app.time) {
    const span = Math.max(SHORTEST, Math.min(this._all.span, this.span * factor));
    this.first = around - ((around - this.first) * span) / this.span;
    this.span = span;
    this.pan(0);
  }

  showAll() {
    Object.assign(this, this._all);
    this.app.changed();
  }

  pan(seconds) {
    const margin = MARGIN * this.span;
    const last = Math.max(-margin, this._end() + margin - this.span);
    this.first = Math.max(-margin, Math.min(last, this.first + seconds));
    this.app.changed();
  }

  /** Bring a time into view: during playback by turning pages, else by scrolling. */
  follow(time, isPlaying) {
    const edge = 0.04 * this.span;
    if (time >= this.first + edge && time <= this.first + this.span - edge) return;
    const isNear = time > this.first - this.span && time < this.first + 2 * this.span;
    if (isPlaying && time > this.first) this.first = time - edge;
    else if (!isNear) this.first = time - this.span / 2;
    else if (time < this.first + edge) this.first = time - edge;
    else this.first = time - this.span + edge;
    this.pan(0);
  }

  /** Seconds at a distance from the left edge of a canvas, in CSS pixels. */
  timeAt(canvas, x) {
    const { first, span } = canvas === this.overview ? this._all : this;
    return first + (x / canvas.clientWidth) * span;
  }

  /** Distance of a time from the left edge of the lane. */
  x(time) {
    return ((time - this.first) / this.span) * this.lane.clientWidth;
  }

  get rows() {
    const { video, isShowingProposals } = this.app;
    return lanes.layout(video.lanes.length, Boolean(video.proposals) && isShowingProposals);
  }

  draw() {
    const { app } = this;
    if (!app.video) return;
    this.colours ??= readColours();
    this._drawLane();
    this._drawOverview();
    byId("legend-wave").hidden = !app.curves?.waveform;
    const slider = this.overview;
    slider.setAttribute("aria-valuemax", app.video.frames - 1);
    slider.setAttribute("aria-valuenow", app.frame);
    slider.setAttribute("aria-valuetext", `frame ${app.frame}, ${clock(app.time)}`);
  }

  _drawLane() {
    const { app, colours, rows } = this;
    const { video } = app;
    const scene = prepare(this.lane, rows.height, this, colours);
    lanes.drawRuler(scene, video.times);
    if (app.curves) {
      const [top, height] = [rows.signals + 4, lanes.ROWS.signals - 4];
      lanes.drawCurves(scene, { curves: app.curves, top, height });
    }
    if (app.playback.loop) lanes.drawLoop(scene, app.playback.loop, video.times);
    if (video.lanes.length) {
      lanes.drawLanes(scene, { lanes: video.lanes, top: rows.lanes });
      lanes.drawDisagreements(scene, {
        ...app.adjudication.drawing,
        ...{ times: video.times, top: rows.marks, height: rows.proposals - rows.marks },
      });
    }
    if (video.proposals && app.isShowingProposals) {
      const { proposals, currentProposal: current } = app;
      lanes.drawProposals(scene, { proposals, current, top: rows.proposals });
    }
    lanes.drawPlayhead(scene, app.time);
    const { marks, close, dragging } = app;
    const selected = app.currentMark?.id;
    lanes.drawMarks(scene, { marks, close, selected, dragging, top: rows.marks });
  }

  _drawOverview() {
    const { app, colours } = this;
    const scene = prepare(this.overview, OVERVIEW, this._all, colours);
    const { context: c, width } = scene;
    this._drawBackground(scene);
    c.drawImage(this.background, 0, 0, width, OVERVIEW);
    if (app.video.lanes.length) {
      lanes.drawDisagreements(scene, {
        ...app.adjudication.drawing,
        ...{ times: app.video.times, top: 0, height: OVERVIEW },
      });
    }
    if (app.isShowingProposals) {
      c.fillStyle = colours.extra;
      c.globalAlpha = 0.5;
      for (const { time } of app.proposals) c.fillRect(scene.x(time), OVERVIEW - 8, 1, 8);
      c.globalAlpha = 1;
    }
    for (const mark of app.marks) {
      c.fillStyle = app.close.has(mark.id) ? colours.miss : colours.answer;
      c.fillRect(scene.x(mark.time) - 0.75, 6, 1.5, OVERVIEW - 16);
    }
    const [left, right] = [scene.x(this.first), scene.x(this.first + this.span)];
    c.fillStyle = colours.shade;
    c.fillRect(0, 0, left, OVERVIEW);
    c.fillRect(right, 0, width - right, OVERVIEW);
    c.strokeStyle = colours.join;
    c.strokeRect(left + 0.5, 0.5, right - left - 1, OVERVIEW - 1);
    lanes.drawPlayhead(scene, app.time, false);
  }

  /** Draw the curves of the whole video once per size, not with each frame. */
  _drawBackground(scene) {
    const { background } = this;
    const { width, scale } = scene;
    const { curves } = this.app;
    const key = [curves, width, scale, this.colours];
    if (this.drawnCurves && key.every((item, i) => item === this.drawnCurves[i])) return;
    this.drawnCurves = key;
    background.width = Math.round(width * scale);
    background.height = OVERVIEW * scale;
    const context = background.getContext("2d");
    context.scale(scale, scale);
    if (curves) {
      const options = { curves, top: 4, height: OVERVIEW - 6, isShowingBits: false };
      lanes.drawCurves({ ...scene, context }, options);
    }
  }
}

/** Clear a canvas and return its scene. */
function prepare(canvas, height, { first, span }, colours) {
  const scale = window.devicePixelRatio;
  const width = canvas.clientWidth;
  canvas.style.height = `${height}px`;
  const pixels = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
    [canvas.width, canvas.height] = pixels;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  const x = (time) => ((time - first) / span) * width;
  return { context, width, height, first, span, scale, colours, x };
}

/** Read the colours from the style sheet, which has them for light and dark. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = [
    ...["ink", "soft", "line", "card", "sunk", "join", "answer", "miss", "extra", "band", "flag"],
    ...["loop", "loop-edge", "proposal-fill", "wave", "bits", "motion", "playhead", "shade"],
    ...["disagreement", "decided"],
  ];
  const camel = (name) => name.replace(/-(.)/, (_, letter) => letter.toUpperCase());
  const colours = Object.fromEntries(names.map((name) => [camel(name), of(name)]));
  colours.annotators = [1, 2, 3, 4].map((number) => of(`annotator-${number}`));
  return colours;
}
