// Playback: a stream of frames that the server decodes, each with its index and time.

import { of, request } from "./api.js";

export const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2];
const READ_AHEAD = 24; // decoded frames in memory
const HEADER = 16; // bytes: uint32 index, float64 time, uint32 length of the JPEG
const LONGEST_RECORD = 64 * 2 ** 20;
const DRAWN_PER_SECOND = 40; // above 1x, frames are skipped down to about this rate

/** Split a stream of bytes into records {index, time, blob}. */
export async function* recordsOf(reader) {
  let bytes = new Uint8Array(0);
  const fill = async (size) => {
    const chunks = [bytes];
    let length = bytes.length;
    while (length < size) {
      const { done, value } = await reader.read();
      if (done) return false;
      chunks.push(value);
      length += value.length;
    }
    if (chunks.length > 1) bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
    return true;
  };
  while (await fill(HEADER)) {
    const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
    const [index, time] = [header.getUint32(0, true), header.getFloat64(4, true)];
    const length = header.getUint32(12, true);
    if (length > LONGEST_RECORD || !(await fill(HEADER + length))) return;
    yield { index, time, blob: new Blob([bytes.subarray(HEADER, HEADER + length)]) };
    bytes = bytes.subarray(HEADER + length);
  }
}

/** Number of frames from one that is played to the next. */
export const stepAt = (speed, fps) =>
  speed <= 1 ? 1 : Math.max(2, Math.round((speed * fps) / DRAWN_PER_SECOND));

export class Player {
  /** `paint(frame)` shows a frame; `onStop(reason or null)` follows the last one. */
  constructor({ paint, onStop }) {
    Object.assign(this, { paint, onStop });
    this.run = null;
  }

  get isPlaying() {
    return this.run !== null;
  }

  /**
   * Play from a frame. `loop` is null or {first, last}; `width` limits the size of the pictures.
   */
  start({ video, from, speed, loop, width }) {
    this.stop();
    const run = {
      ...{ video, speed, loop, width },
      controller: new AbortController(),
      buffer: [], // {bitmap, index, time, due}; `due` runs on where `time` jumps back in a loop
      hasEnded: false,
      last: null, // `due` of the frame on screen
      startedAt: 0,
      startDue: 0,
      makeRoom: null,
    };
    this.run = run;
    this._fill(run, from).catch((error) => {
      if (run.controller.signal.aborted) return;
      run.hasEnded = true;
      run.problem = error.message;
    });
    const tick = (now) => {
      if (this.run !== run) return;
      this._tick(run, now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** Stop at the frame on screen. */
  stop() {
    const { run } = this;
    if (!run) return;
    this.run = null;
    run.controller.abort();
    run.makeRoom?.();
    for (const { bitmap } of run.buffer) bitmap.close();
  }

  async _fill(run, from) {
    const { video, speed, loop, width } = run;
    const isInside = loop && from >= loop.first && from < loop.last;
    const step = stepAt(speed, video.fps);
    let shift = 0; // added to times so that they grow over all rounds of a loop
    let first = isInside ? from : (loop?.first ?? from);
    const last = loop?.last ?? video.frames - 1;
    do {
      const path = `/play?from=${first}&to=${last}&step=${step}&width=${width}`;
      const { signal } = run.controller;
      const response = await request(of(video.id, path), { signal });
      let end = null;
      for await (const { index, time, blob } of recordsOf(response.body.getReader())) {
        const bitmap = await createImageBitmap(blob);
        if (signal.aborted) return bitmap.close();
        run.buffer.push({ bitmap, index, time, due: time + shift });
        end = time + shift;
        while (run.buffer.length >= READ_AHEAD && !signal.aborted) {
          await new Promise((resume) => (run.makeRoom = resume));
        }
      }
      if (end === null) break; // nothing can be decoded here
      if (loop) shift = end + step / video.fps - video.times[loop.first];
      first = loop?.first;
    } while (loop);
    run.hasEnded = true;
  }

  /** Paint the frame that is due `now` (milliseconds) and drop what comes too late. */
  _tick(run, now) {
    const { buffer } = run;
    if (run.last === null) {
      if (!buffer.length) return run.hasEnded && this._end(run);
      run.startedAt = now;
      run.startDue = buffer[0].due;
    }
    const position = run.startDue + ((now - run.startedAt) / 1000) * run.speed;
    let frame = null;
    while (buffer.length && buffer[0].due <= position + 1e-6) {
      frame?.bitmap.close();
      frame = buffer.shift();
    }
    if (frame) {
      run.last = frame.due;
      this.paint(frame);
      frame.bitmap.close();
      run.makeRoom?.();
    } else if (!buffer.length && run.hasEnded) {
      if (position - run.last > 1 / run.video.fps) this._end(run);
    } else if (!buffer.length) {
      // The server is behind: the clock waits instead of skipping what it sends next.
      run.startDue = run.last;
      run.startedAt = now;
    }
  }

  _end(run) {
    this.stop();
    this.onStop(run.problem ?? null);
  }
}
