// Deciding where annotators disagree: take the marks of one of them, or none.

import { byId, element, setText } from "./dom.js";
import { takeMarks } from "./marking.js";
import { clock, counted } from "./state.js";

export class Adjudication {
  constructor(app) {
    this.app = app;
    this.panel = byId("disagreement-panel");
    this.choices = byId("choices");
  }

  /** Begin with another video. */
  open() {
    this.index = -1;
    this.drawn = undefined; // not null: the buttons of the video before must go
    this.panel.hidden = this.app.project.mode !== "adjudicate";
  }

  get all() {
    return this.app.video?.disagreements ?? [];
  }

  get current() {
    return this.all[this.index] ?? null;
  }

  /** Number of disagreements without a decision. */
  get left() {
    return this.all.filter((one) => !this.isDecided(one)).length;
  }

  isDecided(one) {
    const isInside = (frame) => frame >= one.first_frame && frame <= one.last_frame;
    const declined = [...(this.app.state?.declined ?? [])];
    return declined.some(isInside) || this.app.marks.some(({ frame }) => isInside(frame));
  }

  /** What the timeline draws. */
  get drawing() {
    const isDecided = (one) => this.isDecided(one);
    return { disagreements: this.all, current: this.current, isDecided };
  }

  /** Show the next or the previous disagreement. */
  go(direction) {
    const count = this.all.length;
    if (!count) return this.app.announce("no disagreements in this video");
    const start = this.index < 0 && direction < 0 ? 0 : this.index;
    this.index = (start + direction + count) % count;
    const { first_frame: first, last_frame: last } = this.current;
    this.app.seek(Math.round((first + last) / 2));
    this.app.announce(`disagreement ${this.index + 1} of ${count}`);
  }

  take(number) {
    const lane = this.app.video.lanes[number];
    if (!this.current || !lane) return this.app.announce("no disagreement is selected: press S");
    this._decide(lane.annotator, this.current.by[lane.annotator] ?? []);
  }

  takeNone() {
    if (!this.current) return this.app.announce("no disagreement is selected: press S");
    this._decide("", []);
  }

  _decide(annotator, frames) {
    takeMarks(this.app, this.current, annotator, frames);
    if (frames.length) this.app.seek(frames[0]);
    this.drawn = undefined;
    this.app.changed();
  }

  draw() {
    if (this.panel.hidden) return;
    const { app, all, current, left } = this;
    setText(byId("disagreements-left"), `${left} of ${all.length} to decide`);
    const at = current && clock(app.video.times[current.first_frame]);
    const text = current
      ? `${this.index + 1} of ${all.length}: ${current.kind}, at ${at}`
      : `${counted(all.length, "disagreement")} in this video`;
    setText(byId("disagreement"), text);
    if (this.drawn === current) return;
    this.drawn = current;
    this.choices.replaceChildren(...(current ? this._buttons(current) : []));
  }

  _buttons(current) {
    const { times, lanes } = this.app.video;
    const takes = lanes.map(({ annotator }, i) => {
      const frames = current.by[annotator] ?? [];
      const what = frames.length ? frames.map((frame) => clock(times[frame])).join(", ") : "none";
      return choice(`${annotator}: ${what}`, String(i + 1), () => this.take(i));
    });
    return [...takes, choice("no mark", "E", () => this.takeNone())];
  }
}

function choice(text, key, run) {
  const button = element("button", { type: "button" }, text, element("kbd", {}, key));
  button.addEventListener("click", run);
  return button;
}
