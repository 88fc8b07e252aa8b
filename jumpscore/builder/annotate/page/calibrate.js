// Measuring a person's reaction time: a bar flashes at random moments, and the person presses M.

import { ask } from "./api.js";
import { byId, setText } from "./dom.js";

const PRESSES = 10;
const [SHORTEST_WAIT, LONGEST_WAIT] = [900, 2400]; // milliseconds between a press and a flash
const [FASTEST, SLOWEST] = [80, 1200]; // milliseconds; other presses do not answer the flash

/** Return a quantile of numbers by linear interpolation, as of 0.5 the median. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = Math.trunc(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export class Calibration {
  constructor(app) {
    this.app = app;
    this.dialog = byId("calibrate");
    this.bar = byId("flash");
    byId("calibrate-again").addEventListener("click", () => this._begin());
    byId("calibrate-save").addEventListener("click", () => this._save());
    this.dialog.addEventListener("close", () => clearTimeout(this.timer));
    this.dialog.addEventListener("keydown", (event) => {
      const isAnswer = event.key.toLowerCase() === "m" || event.key === " ";
      if (!isAnswer || event.target.closest("button")?.id === "calibrate-save") return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) this._press(event.timeStamp);
    });
    this.bar.addEventListener("pointerdown", (event) => this._press(event.timeStamp));
  }

  open() {
    this.app.playback.pause();
    this.dialog.showModal();
    this._begin();
  }

  _begin() {
    this.presses = [];
    byId("calibrate-save").disabled = true;
    this._show("Press M as soon as the bar lights up.");
    this.bar.focus();
    this._wait();
  }

  _wait() {
    clearTimeout(this.timer);
    this.flashedAt = null;
    this.bar.classList.remove("lit");
    const wait = SHORTEST_WAIT + Math.random() * (LONGEST_WAIT - SHORTEST_WAIT);
    this.timer = setTimeout(() => {
      // The time counts from the frame in which the bar is drawn.
      requestAnimationFrame((now) => {
        this.bar.classList.add("lit");
        this.flashedAt = now;
        this.timer = setTimeout(() => this._wait(), SLOWEST);
      });
    }, wait);
  }

  _press(stamp) {
    if (this.presses.length >= PRESSES) return;
    const reaction = this.flashedAt === null ? 0 : stamp - this.flashedAt;
    if (reaction < FASTEST || reaction > SLOWEST) {
      this._show("Too early. Wait until the bar lights up.");
      if (this.flashedAt === null) this._wait();
      return;
    }
    this.presses.push(reaction);
    if (this.presses.length < PRESSES) {
      this._show(`${Math.round(reaction)} ms`);
      this._wait();
      return;
    }
    clearTimeout(this.timer);
    this.bar.classList.remove("lit");
    byId("calibrate-save").disabled = false;
    byId("calibrate-save").focus();
    this._show("");
  }

  _show(text) {
    const { presses } = this;
    setText(byId("calibrate-progress"), `${presses.length} of ${PRESSES}`);
    if (presses.length === PRESSES) {
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) =>
        Math.round(quantile(presses, share)),
      );
      const spread = `half of your presses were between ${low} and ${high} ms`;
      setText(byId("calibrate-result"), `Median ${middle} ms; ${spread}.`);
    } else setText(byId("calibrate-result"), text);
    const dots = byId("calibrate-dots");
    dots.replaceChildren(
      ...presses.map((press) => {
        const dot = document.createElement("i");
        dot.style.left = `${Math.min(100, press / 6)}%`; // the axis ends at 600 ms
        return dot;
      }),
    );
  }

  async _save() {
    const { app } = this;
    const seconds = Number((quantile(this.presses, 0.5) / 1000).toFixed(3));
    try {
      const { reaction } = await ask("/api/reaction", { body: { seconds } });
      app.project.reaction = reaction;
      app.announce(`live marks are set ${Math.round(reaction * 1000)} ms back`);
      this.dialog.close();
    } catch (error) {
      setText(byId("calibrate-result"), `Not saved: ${error.message}`);
    }
    app.changed();
  }
}
