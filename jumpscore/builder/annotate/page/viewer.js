// The frame on screen. A frame is painted together with the index and time that came with its
// pixels in the same answer, so its label cannot be that of another frame.

import { of, request } from "./api.js";

const MEMORY = 384 * 2 ** 20; // bytes of decoded frames
const AT_ONCE = 4; // requests; the browser allows 6 to one server
const [AHEAD, BEHIND] = [14, 6]; // frames to prefetch, relative to the last direction

export class Viewer {
  /** `onPaint({index, time})` follows each painted frame; `onProblem(frame, text)` a failed one. */
  constructor(canvas, { onPaint, onProblem }) {
    Object.assign(this, { canvas, onPaint, onProblem });
    this.context = canvas.getContext("2d", { alpha: false });
    this.frames = new Map(); // frame -> {bitmap, index, time}; the least recently used first
    this.loading = new Map(); // frame -> AbortController
    this.failed = new Map(); // frame -> why it cannot be shown
    this.video = null;
  }

  /** Show another video from frame `frame`. */
  open(video, frame = 0) {
    this.forget();
    this.video = video;
    this.target = frame;
    this.painted = null;
    this.direction = 1;
    this.show(frame);
  }

  /** Forget all frames, such as after the window changed its size. */
  forget() {
    for (const controller of this.loading.values()) controller.abort();
    this.loading.clear();
    for (const { bitmap } of this.frames.values()) bitmap.close();
    this.frames.clear();
    this.failed.clear();
  }

  /** Width in pixels that is enough for the place on screen. */
  get width() {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.video;
    const visible = Math.min(box.width, (box.height * width) / height) * window.devicePixelRatio;
    return Math.max(160, Math.min(width, 160 * Math.ceil(visible / 160)));
  }

  /** Show a frame as soon as possible. */
  show(frame) {
    if (frame !== this.target) this.direction = frame > this.target ? 1 : -1;
    this.target = frame;
    const stored = this.frames.get(frame);
    if (stored) {
      this.frames.delete(frame);
      this.frames.set(frame, stored);
      this.paint(stored);
    } else if (this.failed.has(frame)) this.onProblem(frame, this.failed.get(frame));
    this._load();
  }

  /** Paint a frame, whoever decoded it. */
  paint({ bitmap, index, time }) {
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    this.context.drawImage(bitmap, 0, 0);
    this.painted = index;
    this.onPaint({ index, time });
  }

  /** Stop to request frames, so that playback has the server for itself. */
  rest() {
    this.isResting = true;
    for (const controller of this.loading.values()) controller.abort();
    this.loading.clear();
  }

  /** Go on after `rest`, at a frame. */
  resume(frame) {
    this.isResting = false;
    this.show(frame);
  }

  /** Frames to request around the target, the nearest first. */
  _window() {
    const { target, direction, video } = this;
    const list = [target];
    for (let distance = 1; distance <= AHEAD; distance++) {
      list.push(target + direction * distance);
      if (distance <= BEHIND) list.push(target - direction * distance);
    }
    return list.filter((frame) => frame >= 0 && frame < video.frames);
  }

  _load() {
    if (!this.video || this.isResting) return;
    const near = this._window();
    for (const [frame, controller] of this.loading) {
      if (near.includes(frame)) continue; // still useful, such as while a key is pressed
      controller.abort();
      this.loading.delete(frame);
    }
    const isThere = this.frames.has(this.target) || this.failed.has(this.target);
    // The frame that a person waits for has the server for itself.
    for (const frame of isThere ? near : [this.target]) {
      if (this.loading.size >= AT_ONCE) break;
      if (this.frames.has(frame) || this.loading.has(frame) || this.failed.has(frame)) continue;
      this._request(frame);
    }
  }

  async _request(frame) {
    const controller = new AbortController();
    this.loading.set(frame, controller);
    try {
      const path = of(this.video.id, `/frames/${frame}?width=${this.width}`);
      const response = await request(path, { signal: controller.signal });
      const index = Number(response.headers.get("X-Frame-Index"));
      const time = Number(response.headers.get("X-Frame-Time"));
      const bitmap = await createImageBitmap(await response.blob());
      if (controller.signal.aborted) bitmap.close();
      else this._arrived(frame, { bitmap, index, time });
    } catch (error) {
      if (controller.signal.aborted) return;
      this.failed.set(frame, error.message);
      // Unless the frame is damaged, a later step tries again: the server may have restarted.
      if (error.status !== 410) setTimeout(() => this.failed.delete(frame), 1000);
      if (frame === this.target) this.onProblem(frame, error.message);
    } finally {
      if (this.loading.get(frame) === controller) this.loading.delete(frame);
      if (!controller.signal.aborted) this._load();
    }
  }

  _arrived(frame, content) {
    this.frames.set(frame, content);
    const size = 4 * content.bitmap.width * content.bitmap.height;
    const most = Math.max(2 * (AHEAD + BEHIND), MEMORY / size);
    while (this.frames.size > most) {
      const [oldest, { bitmap }] = this.frames.entries().next().value;
      bitmap.close();
      this.frames.delete(oldest);
    }
    // While a key is pressed, frames on the way are painted too, so that the picture moves.
    const isOnTheWay =
      this.painted !== null &&
      this.painted !== this.target &&
      (frame - this.painted) * (this.target - frame) > 0;
    if (frame === this.target || isOnTheWay) this.paint(content);
  }
}
