// Playback as the person controls it: speed, loop, and which frame was on screen when.

import { byId } from "./dom.js";
import { Player, SPEEDS, stepAt } from "./player.js";
import { clock, firstFrom, frameAt } from "./state.js";

const HISTORY = 1200; // frames whose moment on screen is remembered
const FAST_WIDTH = 640; // pixels; above 1x, pictures are scaled down to it

export class Playback {
  constructor(app) {
    this.app = app;
    this.speed = 1;
    this.loop = null; // {first, last, isOn} in frames
    this.history = []; // {at, frame}: when each frame was painted, in milliseconds
    this.player = new Player({
      paint: (frame) => app.viewer.paint(frame),
      onStop: (problem) => this._stopped(problem),
    });
    byId("speed").addEventListener("change", () => this.setSpeed(Number(byId("speed").value)));
  }

  get isPlaying() {
    return this.player.isPlaying;
  }

  /** Stop before another video is opened. */
  close() {
    this.player.stop();
    this.app.viewer.isResting = false;
    this.loop = null;
  }

  toggle() {
    const { app } = this;
    if (this.isPlaying) return this.pause();
    const isLooping = Boolean(this.loop?.isOn);
    const end = isLooping ? this.loop.last : app.video.frames - 1;
    const start = isLooping ? this.loop.first : 0;
    this.play(app.viewer.target >= end ? start : app.viewer.target);
  }

  play(from) {
    const { app, speed } = this;
    app.viewer.rest();
    if (!this.isPlaying) this.history = [];
    const full = app.viewer.width;
    const width = speed > 1 ? Math.min(full, FAST_WIDTH) : full;
    const loop = this.loop?.isOn && this.loop.last > this.loop.first ? this.loop : null;
    this.player.start({ video: app.video, from, speed, loop, width });
    app.changed();
  }

  pause() {
    if (!this.isPlaying) return;
    this.player.stop();
    this._stopped(null);
  }

  _stopped(problem) {
    const { app } = this;
    app.viewer.resume(app.frame); // in full size
    if (problem) app.showProblem(`Playback stopped: ${problem}`);
    app.changed();
  }

  /** Begin again at the frame on screen, after a setting changed. */
  _again() {
    if (this.isPlaying) this.play(this.app.frame);
  }

  changeSpeed(direction) {
    const index = SPEEDS.indexOf(this.speed) + direction;
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, index))]);
  }

  setSpeed(speed) {
    this.speed = speed;
    byId("speed").value = String(speed);
    const step = stepAt(speed, this.app.video?.fps ?? 30);
    this.app.announce(`speed ${speed}×${step > 1 ? `, every ${ordinal(step)} frame` : ""}`);
    this._again();
  }

  /** Set the `first` or the `last` frame of the loop. */
  setLoop(end, frame = this.app.frame) {
    const { times, frames } = this.app.video;
    const old = this.loop ?? { first: 0, last: frames - 1, isOn: true };
    const loop = { ...old, [end]: frame };
    if (loop.first >= loop.last && end === "first") loop.last = frames - 1;
    else if (loop.first >= loop.last) loop.first = 0;
    const isSame = this.loop && loop.first === old.first && loop.last === old.last;
    this.loop = loop;
    if (!isSame) this._again();
    this.app.announce(`loop from ${clock(times[loop.first])} to ${clock(times[loop.last])}`);
  }

  toggleLoop() {
    if (this.loop) this.loop = { ...this.loop, isOn: !this.loop.isOn };
    else {
      // Without a stretch, loop one second around the frame on screen.
      const { video, time } = this.app;
      const [first, last] = [-0.5, 0.5].map((shift) => frameAt(video.times, time + shift));
      this.loop = { first, last, isOn: true };
    }
    this.app.announce(`loop ${this.loop.isOn ? "on" : "off"}`);
    this._again();
  }

  /** Note that a frame is on screen from now on. */
  remember(frame) {
    this.history.push({ at: performance.now(), frame });
    if (this.history.length > 2 * HISTORY) this.history.splice(0, HISTORY);
  }

  /** Return the frame that was on screen a reaction time before a moment (milliseconds). */
  frameBefore(moment) {
    const seen = moment - 1000 * (this.app.project.reaction ?? 0);
    const later = firstFrom(this.history, seen, ({ at }) => at);
    const isExact = this.history[later]?.at === seen;
    return this.history[isExact ? later : Math.max(0, later - 1)]?.frame ?? this.app.frame;
  }
}

const ordinal = (number) => ({ 2: "2nd", 3: "3rd" })[number] ?? `${number}th`;
