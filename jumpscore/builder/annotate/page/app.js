// The page: loads the project, connects its parts, and has the state that they share.

import { Adjudication } from "./adjudicate.js";
import { ask, of, request } from "./api.js";
import { Calibration } from "./calibrate.js";
import { drawButtons } from "./controls.js";
import { byId, setText } from "./dom.js";
import { Edits } from "./edits.js";
import { Help } from "./help.js";
import { currentProposal, openProposals } from "./marking.js";
import { MarksPanel, VideoPanel } from "./marks_panel.js";
import { Playback } from "./playback.js";
import { Queue } from "./queue.js";
import * as states from "./state.js";
import { Timeline } from "./timeline.js";
import { Viewer } from "./viewer.js";

export class App {
  constructor(project) {
    this.project = project;
    this.place = `${project.name}/${project.annotator}/${project.mode}`;
    this.video = null;
    this.marks = [];
    this.proposals = [];
    this.close = new Set();
    this.curves = null;
    this.frame = 0; // the frame on screen, and its time as the server sent it
    this.time = 0;
    this.selected = null; // id of a mark
    this.dragging = null; // {id, frame, time} of the mark under the mouse
    this.isShowingProposals = project.mode === "annotate";
    this.threshold = 0.5;
    this._connect();
  }

  _connect() {
    this.edits = new Edits({
      place: this.place,
      onChange: () => this._marksChanged(),
      onProblem: (text) => this._showBanner(text),
      onNews: (text) => this.announce(text, true),
    });
    this.viewer = new Viewer(byId("frame"), {
      onPaint: (frame) => this._painted(frame),
      onProblem: (frame, text) => this.showProblem(`Frame ${frame} cannot be shown: ${text}`),
    });
    this.playback = new Playback(this);
    this.timeline = new Timeline(this);
    this.queue = new Queue(this);
    this.adjudication = new Adjudication(this);
    this.calibration = new Calibration(this);
    this.help = new Help(this);
    this.marksPanel = new MarksPanel(this);
    this.parts = [
      this.queue, this.timeline, this.marksPanel, new VideoPanel(this), this.adjudication,
    ];
  }

  /** Open the first video to do, or the one in the address. */
  async start() {
    const { videos, name, annotator, mode, event } = this.project;
    setText(byId("project"), name);
    setText(byId("annotator"), mode === "adjudicate" ? `${annotator} decides` : annotator);
    setText(byId("event"), `${event.name}: ${event.definition}`);
    document.title = `${name} · ${annotator}`;
    byId("filter-disagreements").hidden = mode !== "adjudicate";
    if (videos.some((video) => video.disagreements)) byId("filter-state").value = "disagreements";
    await this.edits.start();
    const asked = videos.find(({ id }) => `#${id}` === location.hash);
    const first = asked ?? this.queue.firstOpen(videos) ?? videos[0];
    if (first) await this.openVideo(first.id);
    else this.showProblem("This project has no videos yet.");
    this.changed();
  }

  async openVideo(id) {
    if (id === this.video?.id) return;
    this.playback.close();
    this.opening = id;
    let video;
    try {
      video = await ask(of(id));
    } catch (error) {
      if (this.opening === id) this.showProblem(`This video cannot be opened: ${error.message}`);
      return;
    }
    if (this.opening !== id) return; // another one was chosen meanwhile
    Object.assign(this, { selected: null, dragging: null, curves: null });
    this.video = video;
    // A model without confidences is as sure of every proposal.
    for (const one of video.proposals?.candidates ?? []) one.confidence ??= 1;
    // An answer that an edit has overtaken is older than what the page has.
    const stored = this.edits.states.get(id);
    if (!stored || video.state.sequence > stored.sequence) this.edits.load(id, video.state);
    this._marksChanged();
    this.showProblem("");
    byId("partial").hidden = !video.truncated;
    byId("partial").title = video.truncated ?? "";
    setText(byId("name"), video.name);
    byId("name").title = [video.name, ...video.notes].join("\n");
    history.replaceState(null, "", `#${id}`);
    this.timeline.open(video);
    this.adjudication.open();
    this.viewer.open(video);
    this._loadCurves(video);
  }

  async _loadCurves(video) {
    for (let wait = 500; this.video === video; wait = Math.min(2 * wait, 4000)) {
      try {
        const response = await request(of(video.id, "/curves"));
        if (response.status !== 202) {
          const curves = await response.json();
          if (this.video === video) this.curves = curves;
          return this.changed();
        }
      } catch {
        return; // the page works without them
      }
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }

  // ---- what is derived from the edits

  get state() {
    return this.video && this.edits.states.has(this.video.id)
      ? this.edits.state(this.video.id)
      : null;
  }

  _marksChanged() {
    const { state } = this;
    if (state && state.marks !== this.orderedFrom) {
      this.orderedFrom = state.marks;
      this.marks = states.inOrder(state.marks);
      this.close = states.tooClose(this.marks, this.project.event.least_gap);
    }
    if (this.video) this.proposals = openProposals(this);
    const row = this.project.videos.find(({ id }) => id === this.video?.id);
    if (row && state) {
      const { done, flagged } = state.details;
      Object.assign(row, { done, flagged, marks: this.marks.length, started: state.sequence > 0 });
    }
    this.changed();
  }

  /** The selected mark while its frame is asked for or on screen, else a mark on that frame. */
  get currentMark() {
    if (this.isPlaying) return undefined;
    const selected = this.state?.marks.get(this.selected);
    if (selected && selected.frame === this.viewer.target) return selected;
    const next = this.marks[states.firstFrom(this.marks, this.frame, (mark) => mark.frame)];
    return next?.frame === this.frame ? next : undefined;
  }

  get isPlaying() {
    return this.playback.isPlaying;
  }

  get currentProposal() {
    return currentProposal(this);
  }

  // ---- edits

  /** Set marks, and decide that frames are free of events (`decline`) or are not (`restore`). */
  edit(name, set, { decline = [], restore = [] } = {}) {
    this.edits.add(this.video.id, { kind: "edit", name, set, decline, restore });
    this.announce(name);
  }

  undo() {
    const name = this.state && states.undoName(this.state);
    if (!name) return this.announce("nothing to undo");
    this.edits.add(this.video.id, { kind: "undo" });
    this.announce(`undid: ${name}`);
  }

  redo() {
    const name = this.state && states.redoName(this.state);
    if (!name) return this.announce("nothing to redo");
    this.edits.add(this.video.id, { kind: "redo" });
    this.announce(`redid: ${name}`);
  }

  setDetails(change) {
    const details = { ...this.state.details, ...change };
    this.edits.add(this.video.id, { kind: "details", details });
  }

  toggleDetail(name) {
    const value = !this.state.details[name];
    this.setDetails({ [name]: value });
    this.announce(`video ${value ? "" : "not "}${name}`);
  }

  finish() {
    if (!this.state.details.done) this.setDetails({ done: true });
    const { left } = this.adjudication;
    const open = left ? `; ${states.counted(left, "disagreement")} without a decision` : "";
    this.announce(`done: ${this.video.name}${open}`, left > 0);
    this.queue.goToOpen();
  }

  // ---- moving

  /** Show a frame; playback goes on from there. */
  seek(frame, { follow = true } = {}) {
    if (!this.video) return;
    const to = Math.max(0, Math.min(this.video.frames - 1, frame));
    if (this.isPlaying) return this.playback.play(to);
    this.viewer.show(to);
    if (follow && !this.dragging) this.timeline.follow(this.video.times[to], false);
    this.changed();
  }

  step(frames) {
    this.playback.pause();
    this.seek(this.viewer.target + frames);
  }

  /** Go to the next mark or visible proposal in a direction. */
  stop(direction) {
    this.playback.pause();
    const here = this.viewer.target;
    const items = [...this.marks, ...(this.isShowingProposals ? this.proposals : [])];
    const isAhead = (frame) => (frame - here) * direction > 0;
    const frames = items.map((item) => item.frame).filter(isAhead);
    if (!frames.length) {
      return this.announce(direction > 0 ? "no later mark" : "no earlier mark");
    }
    const frame = direction > 0 ? Math.min(...frames) : Math.max(...frames);
    // Selected, so that the next key concerns this mark even before its frame is decoded.
    this.selected = this.marks.find((mark) => mark.frame === frame)?.id ?? null;
    this.seek(frame);
  }

  // ---- what the page shows

  _painted({ index, time }) {
    this.frame = index;
    this.time = time;
    const total = states.whole(this.video.frames);
    byId("clock").textContent = `frame ${states.whole(index)} of ${total} · ${states.clock(time)}`;
    if (this.isPlaying || index === this.viewer.target) this.showProblem("");
    if (this.isPlaying) {
      this.viewer.target = index;
      this.playback.remember(index);
      this.timeline.follow(time, true);
    }
    this.changed();
  }

  toggleProposals() {
    this.isShowingProposals = !this.isShowingProposals;
    this.announce(`proposals ${this.isShowingProposals ? "visible" : "hidden"}`);
  }

  focus(id) {
    this.playback.pause();
    byId(id).focus();
    byId(id).select?.();
  }

  /** Report what happened, in the status line; `isLasting` if it needs attention. */
  announce(text, isLasting = false) {
    const status = byId("status");
    setText(status, text);
    status.classList.toggle("attention", isLasting);
    this.changed();
  }

  _showBanner(text) {
    const banner = byId("banner");
    const count = text ? ` ${states.counted(this.edits.unsent, "edit")} waiting.` : "";
    if (Boolean(text) !== !banner.hidden || text) setText(banner, text ? text + count : "");
    banner.hidden = !text;
    this.changed();
  }

  showProblem(text) {
    const problem = byId("problem");
    setText(problem, text);
    problem.hidden = !text;
  }

  /** Draw everything that changed before the next frame of the display. */
  changed() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      for (const part of this.parts) part.draw();
      drawButtons(this);
      const { unsent } = this.edits;
      setText(byId("saved"), unsent ? `${unsent} not saved yet` : "All saved");
      byId("saved").classList.toggle("waiting", unsent > 0);
      byId("clock").setAttribute("aria-live", this.isPlaying ? "off" : "polite");
      const { reaction } = this.project;
      const text = reaction === null ? "not measured" : `${Math.round(1000 * reaction)} ms`;
      setText(byId("reaction"), text);
    });
  }
}
