// The list of marks: the same marks as on the timeline, for the keyboard and for screen readers.

import { byId, element, reveal, setText } from "./dom.js";
import { deleteMark, noteMark, restoreProposals } from "./marking.js";
import { clock, whole } from "./state.js";

const ORIGINS = {
  hand: "by hand", live: "live", proposal: "proposal", import: "imported", consensus: "consensus",
  adjudicated: "decided",
};

export class MarksPanel {
  constructor(app) {
    this.app = app;
    this.list = byId("marks");
    this.note = byId("mark-note");
    this.rows = new Map(); // id -> {row, mark, isClose}
    this.list.addEventListener("click", (event) => this._choose(event.target));
    this.list.addEventListener("keydown", (event) => this._key(event));
    this.note.addEventListener("change", () => {
      const mark = app.state?.marks.get(this.noted);
      if (mark) noteMark(app, mark, this.note.value.trim());
    });
  }

  /** Put the cursor into the note of the mark on screen. */
  writeNote() {
    if (!this.app.currentMark) return this.app.announce("no mark on this frame");
    this.app.playback.pause();
    this.draw(); // the field may still belong to another frame
    this.note.focus();
    this.note.select();
  }

  _markOf(node) {
    return this.app.state?.marks.get(node.closest("[role=option]")?.dataset.id);
  }

  _choose(node) {
    const mark = this._markOf(node);
    if (!mark) return;
    this.app.selected = mark.id;
    this.app.seek(mark.frame);
  }

  /** Arrow keys move through the rows, Enter goes to the mark, Delete deletes it. */
  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const row = event.target.closest("[role=option]");
    const move = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const edge = { Home: "firstElementChild", End: "lastElementChild" }[event.key];
    const other = row && (move ? row[move] : edge ? this.list[edge] : null);
    if (other) this._focus(other);
    else if (event.key === "Enter" || event.key === " ") this._choose(event.target);
    else if (event.key === "Delete" || event.key === "Backspace") {
      const mark = this._markOf(event.target);
      const next = row?.nextElementSibling ?? row?.previousElementSibling;
      if (mark) deleteMark(this.app, mark);
      if (next) this._focus(next);
    } else if (!move && !edge) return;
    event.preventDefault();
    event.stopPropagation();
  }

  _focus(row) {
    this.list.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
    row.focus();
  }

  draw() {
    const { app } = this;
    const { marks, close } = app;
    if (marks !== this.drawnMarks || close !== this.drawnClose) this._drawRows(marks, close);
    const current = app.currentMark;
    if (current?.id !== this.current) {
      this.rows.get(this.current)?.row.setAttribute("aria-selected", "false");
      this.current = current?.id;
      const row = this.rows.get(this.current)?.row;
      row?.setAttribute("aria-selected", "true");
      if (row && !this.list.contains(document.activeElement)) {
        reveal(this.list, row);
        this.list.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
        row.setAttribute("tabindex", "0");
      }
    }
    this._drawNote(current);
  }

  /** Change only the rows that differ: with 1,000 marks, an action touches one. */
  _drawRows(marks, close) {
    Object.assign(this, { drawnMarks: marks, drawnClose: close });
    const stale = new Set(this.rows.keys());
    let place = this.list.firstElementChild;
    for (const mark of marks) {
      const isClose = close.has(mark.id);
      let entry = this.rows.get(mark.id);
      if (!entry || entry.mark !== mark || entry.isClose !== isClose) {
        entry = this._entry(entry?.row, mark, isClose);
        this.rows.set(mark.id, entry);
      }
      stale.delete(mark.id);
      if (entry.row === place) place = place.nextElementSibling;
      else this.list.insertBefore(entry.row, place);
    }
    for (const id of stale) {
      this.rows.get(id).row.remove();
      this.rows.delete(id);
    }
    if (marks.length && !this.list.querySelector("[tabindex='0']")) {
      this.list.firstElementChild.setAttribute("tabindex", "0");
    }
    const tooClose = close.size ? ` · ${close.size} too close` : "";
    setText(byId("marks-count"), `${whole(marks.length)}${tooClose}`);
    byId("marks-empty").hidden = marks.length > 0;
  }

  _entry(old, mark, isClose) {
    const row = old ?? element("div", { role: "option", tabindex: "-1", "data-id": mark.id });
    row.setAttribute("aria-selected", String(mark.id === this.current));
    row.classList.toggle("close", isClose);
    const remarks = [
      mark.flagged ? "flagged" : null,
      isClose ? "too close to another mark" : null,
      mark.note ? `note: ${mark.note}` : null,
    ].filter(Boolean);
    const origin = ORIGINS[mark.origin] ?? mark.origin;
    const label = [clock(mark.time), `frame ${mark.frame}`, origin, ...remarks].join(", ");
    row.setAttribute("aria-label", label);
    row.title = remarks.join("; ");
    row.replaceChildren(
      element("span", { class: "time" }, clock(mark.time)),
      element("span", { class: "frame" }, whole(mark.frame)),
      element("span", { class: "origin" }, origin),
      element("span", { class: "remarks" }, remarkSigns(mark, isClose)),
    );
    return { row, mark, isClose };
  }

  _drawNote(mark) {
    // A note that is being written keeps its mark, wherever the playhead goes.
    if (document.activeElement === this.note) return;
    this.noted = mark?.id;
    this.note.placeholder = `Note on the mark${mark ? ` at ${clock(mark.time)}` : ""}`;
    this.note.disabled = !mark;
    if (this.note.value !== (mark?.note ?? "")) this.note.value = mark?.note ?? "";
  }
}

const remarkSigns = (mark, isClose) =>
  [mark.flagged ? "⚑" : "", isClose ? "!" : "", mark.note].filter(Boolean).join(" ");

/** The panel about the whole video and about its proposals. */
export class VideoPanel {
  constructor(app) {
    this.app = app;
    for (const name of ["done", "flagged"]) {
      byId(`video-${name}`).addEventListener("change", () => app.toggleDetail(name));
    }
    this.note = byId("video-note");
    this.note.addEventListener("change", () => app.setDetails({ note: this.note.value.trim() }));
    this.slider = byId("threshold");
    this.slider.addEventListener("input", () => {
      app.threshold = Number(this.slider.value) / 100;
      app.changed();
    });
    byId("restore").addEventListener("click", () => restoreProposals(app));
  }

  draw() {
    const { app } = this;
    const details = app.state?.details;
    if (details) {
      byId("video-done").checked = details.done;
      byId("video-flagged").checked = details.flagged;
      if (document.activeElement !== this.note && this.note.value !== details.note) {
        this.note.value = details.note;
      }
    }
    const { proposals: all } = app.video ?? {};
    byId("proposals-panel").hidden = !all || app.project.mode === "adjudicate";
    if (!all) return;
    const chosen = app.proposals.filter(({ confidence }) => confidence >= app.threshold).length;
    byId("proposals-title").title = `by ${all.model}`;
    setText(byId("proposals-open"), `${whole(app.proposals.length)} left`);
    setText(byId("threshold-value"), app.threshold.toFixed(2));
    setText(byId("accept-count"), `Accept ${whole(chosen)}`);
    byId("restore").hidden = !app.state?.declined.size;
  }
}
