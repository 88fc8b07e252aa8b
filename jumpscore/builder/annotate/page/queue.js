// The videos of the project: progress over the set, search, and the way to the next one.

import { byId, element, reveal, setText } from "./dom.js";
import { counted, whole } from "./state.js";

const STATES = {
  problem: "cannot be decoded", flagged: "flagged", done: "done", started: "started", todo: "to do",
};

/** Return the state of a video that its row shows: a key of `STATES`. */
const stateOf = (video) => {
  if (video.problem) return "problem";
  if (video.flagged) return "flagged";
  if (video.done) return "done";
  return video.started ? "started" : "todo";
};

/** Write the length of a video as minutes and seconds. */
const length = (seconds) =>
  `${Math.trunc(seconds / 60)}:${String(Math.trunc(seconds % 60)).padStart(2, "0")}`;

export class Queue {
  constructor(app) {
    this.app = app;
    this.list = byId("videos");
    this.search = byId("filter");
    this.select = byId("filter-state");
    this.search.addEventListener("input", () => app.changed());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.visible.length) app.openVideo(this.visible[0].id);
    });
    this.select.addEventListener("change", () => app.changed());
    this.list.addEventListener("click", (event) => {
      const id = event.target.closest("button")?.dataset.id;
      if (id) app.openVideo(id);
    });
    this.rows = new Map();
  }

  /** The videos that pass the filter. */
  get visible() {
    const text = this.search.value.trim().toLowerCase();
    const state = this.select.value;
    return this.app.project.videos.filter((video) => {
      if (text && !video.name.toLowerCase().includes(text)) return false;
      if (state === "disagreements") return video.disagreements > 0;
      return !state || (state === "open" ? !video.done : stateOf(video) === state);
    });
  }

  /** Open the next or the previous video of those that pass the filter. */
  go(direction) {
    const { videos } = this.app.project;
    const place = (id) => videos.findIndex((video) => video.id === id);
    const here = place(this.app.video?.id ?? videos[0]?.id);
    const others = this.visible.filter(({ id }) => (place(id) - here) * direction > 0);
    const next = direction > 0 ? others[0] : others.at(-1);
    if (next) this.app.openVideo(next.id);
    else this.app.announce(direction > 0 ? "this is the last video" : "this is the first video");
  }

  /** The videos that need this person: to adjudicate, only those with disagreements. */
  get needed() {
    const { videos, mode } = this.app.project;
    return mode === "annotate" ? videos : videos.filter((one) => one.done || one.disagreements);
  }

  /** The first of some videos that needs this person and is not done, or undefined. */
  firstOpen(videos) {
    const needed = new Set(this.needed);
    return videos.find((video) => needed.has(video) && !video.done && !video.problem);
  }

  /** Open the next video that is not done, from the beginning again after the last one. */
  goToOpen() {
    const { videos } = this.app.project;
    const here = videos.findIndex((video) => video.id === this.app.video.id);
    const next = this.firstOpen([...videos.slice(here + 1), ...videos.slice(0, here)]);
    if (next) this.app.openVideo(next.id);
    else this.app.announce("all videos are done");
  }

  draw() {
    const { videos } = this.app.project;
    const visible = new Set(this.visible);
    for (const [index, video] of videos.entries()) this._drawRow(index, video, visible.has(video));
    const { needed } = this;
    const done = needed.filter((video) => video.done).length;
    setText(byId("progress-text"), `${whole(done)} of ${counted(needed.length, "video")} done`);
    const bar = byId("progress");
    bar.max = Math.max(1, needed.length);
    bar.value = done;
    const counts = new Map();
    for (const video of needed) counts.set(stateOf(video), (counts.get(stateOf(video)) ?? 0) + 1);
    const parts = ["started", "flagged", "todo", "problem"]
      .filter((state) => counts.has(state))
      .map((state) => `${counts.get(state)} ${STATES[state]}`);
    setText(byId("progress-states"), parts.join(" · "));
    byId("videos-empty").hidden = visible.size > 0;
  }

  _drawRow(index, video, isVisible) {
    if (!this.rows.has(video.id)) this.rows.set(video.id, this._newRow(index, video));
    const { item, button, name, facts } = this.rows.get(video.id);
    const isCurrent = video.id === this.app.video?.id;
    const state = stateOf(video);
    item.hidden = !isVisible;
    if (item.dataset.state !== state) item.dataset.state = state;
    if (isCurrent && !button.hasAttribute("aria-current")) {
      button.setAttribute("aria-current", "true");
      reveal(this.list, item);
    } else if (!isCurrent) button.removeAttribute("aria-current");
    setText(name, video.name);
    const count = video.disagreements === null || video.disagreements === undefined
      ? counted(video.marks, "mark")
      : counted(video.disagreements, "disagreement");
    setText(facts, `${length(video.duration)} · ${count} · ${STATES[state]}`);
  }

  _newRow(index, video) {
    const name = element("span", { class: "name" });
    const facts = element("span", { class: "facts" });
    const button = element("button", { type: "button", "data-id": video.id, title: video.name });
    button.append(element("i", { class: "state", "aria-hidden": "true" }), name, facts);
    const item = element("li", {}, button);
    this.list.insertBefore(item, this.list.children[index] ?? null);
    return { item, button, name, facts };
  }
}
