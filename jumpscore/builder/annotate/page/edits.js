// The queue of edits: shown at once, sent in order and one at a time, never lost.
//
// The browser's storage has a copy of what is unsent. Each tab has its own copy, guarded by a lock
// that the browser releases when the tab closes; the next tab then takes over what is left.

import { Refused, Unreachable, ask, of } from "./api.js";
import { applied, confirmed, counted, editOf, fromServer } from "./state.js";

const RETRY = 1000; // milliseconds until an unanswered edit is sent again

export class Edits {
  /**
   * `place` separates the queues of projects and annotators. `onChange()` is called after every
   * change of a state, `onProblem(text or null)` if the server is gone or full, and `onNews(text)`
   * about edits that could not be carried out.
   */
  constructor({ place, onChange, onProblem, onNews }) {
    Object.assign(this, { place: `jumpscore/${place}/`, onChange, onProblem, onNews });
    this.queue = [];
    this.states = new Map(); // video -> state that the server confirmed
    this.shown = new Map(); // video -> state with the queue carried out
    this.isSending = false;
  }

  /** Take over what closed tabs did not send, then begin to send. */
  async start() {
    const key = this.place + crypto.randomUUID();
    // Never resolved: the lock lasts as long as the tab.
    navigator.locks.request(key, () => new Promise(() => {}));
    const orphans = Object.keys(localStorage).filter((other) => other.startsWith(this.place));
    for (const other of orphans.sort()) {
      await navigator.locks.request(other, { ifAvailable: true }, (lock) => {
        if (!lock) return; // its tab is open
        this.queue.push(...readQueue(localStorage.getItem(other)));
        localStorage.removeItem(other);
      });
    }
    this.key = key;
    this._store();
    const count = this.queue.length;
    if (!count) return;
    const news = `${counted(count, "edit")} of a closed tab saved`;
    this._send().then(() => this.onNews(news));
  }

  /** Number of operations that are not stored yet. */
  get unsent() {
    return this.queue.length;
  }

  /** Take over the state that the server described. */
  load(video, reply) {
    this.states.set(video, fromServer(reply));
    this._changed();
  }

  /** Return the state of a video with all operations, sent or not, carried out. */
  state(video) {
    if (!this.shown.has(video)) {
      const waiting = this.queue.filter((op) => op.video === video);
      this.shown.set(video, waiting.reduce(applied, this.states.get(video)));
    }
    return this.shown.get(video);
  }

  /** Carry out an operation. */
  add(video, op) {
    this.queue.push({ ...op, video, expects: this.state(video).sequence });
    this._store();
    this._changed();
    this._send();
  }

  _changed() {
    this.shown.clear();
    this.onChange();
  }

  _store() {
    if (!this.key) return;
    if (this.queue.length) localStorage.setItem(this.key, JSON.stringify(this.queue));
    else localStorage.removeItem(this.key);
  }

  async _send() {
    if (this.isSending) return;
    this.isSending = true;
    let wait = RETRY;
    while (this.queue.length) {
      try {
        await this._sendFirst();
        this.onProblem(null);
        wait = RETRY;
      } catch (error) {
        this.onProblem(reason(error));
        await new Promise((resume) => setTimeout(resume, wait));
        wait = Math.min(wait * 1.5, 5000);
      }
    }
    this.isSending = false;
  }

  /** Send the first operation; leave it in the queue if it may succeed later, and throw. */
  async _sendFirst() {
    const op = this.queue[0];
    const { video } = op;
    if (!this.states.has(video)) this.load(video, (await ask(of(video))).state);
    const state = this.states.get(video);
    const content = contentOf(op, state);
    if (typeof content !== "string") {
      const path = of(video, `/${op.kind}`);
      try {
        const reply = await ask(path, { body: { sequence: state.sequence, ...content } });
        this.states.set(video, confirmed(state, op, reply));
      } catch (error) {
        if (error.status === 409 && error.body.state) {
          this.load(video, error.body.state);
          this.onNews("This video was changed elsewhere. Its latest state is loaded.");
          return; // the operation stays first: it is sent again, on top of that state
        }
        if (!(error instanceof Refused) || mayRecover(error.status)) throw error;
        this.onNews(`Not possible: ${error.message}`);
      }
    } else if (content) this.onNews(content);
    this.queue.shift();
    this._store();
    this._changed();
  }
}

/** Return what is sent besides the sequence, or a text: why nothing is sent ("" if it is done). */
function contentOf(op, state) {
  if (op.kind === "details") return op.details;
  if (op.kind === "edit") return editOf(state, op) ?? "";
  // After other changes, undo would take back something else than the person saw.
  const isExpected = state.sequence === op.expects;
  return isExpected ? {} : `Not done: ${op.kind}, because the video has changed.`;
}

const mayRecover = (status) => status === 403 || status >= 500;

function reason(error) {
  if (error instanceof Unreachable) return "Not saved: the server is gone.";
  if (error.status === 403) {
    return "Not saved: the server was restarted. Open the address that it printed.";
  }
  return `Not saved: ${error.message}`;
}

function readQueue(text) {
  try {
    const queue = JSON.parse(text);
    return Array.isArray(queue) ? queue.filter((op) => op?.video && op.kind) : [];
  } catch {
    return [];
  }
}
