/** One direction of a connection through the fault proxy: bytes come in, and go out late, slowly, in pieces, damaged or not at all. */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Fault } from "./fault-proxy.ts";

export interface Lane {
  /** Takes effect on what has not been passed on yet; counting begins anew. */
  set(fault: Fault): void;
  /** Nothing more comes in: passes on what is there, then ends the other side. */
  finish(): void;
}

export interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** 0..1. */
  readonly random: () => number;
  readonly onCut: (how: "reset" | "end" | "half") => void;
}

const SLICE_FOR_RATE_MS = 20;

export function createLane({ from, to, random, onCut }: LaneOptions): Lane {
  const queue: { readonly bytes: Buffer; readonly dueAt: number }[] = [];
  let fault: Fault = { kind: "pass" };
  let passed = 0;
  let isFinished = false;
  let wake: (() => void) | undefined;

  function wakeUp(): void {
    wake?.();
    wake = undefined;
  }

  /** Until something changes, or so many milliseconds have passed. */
  async function wait(ms?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (ms !== undefined) setTimeout(resolve, ms);
    });
  }

  /** The next piece that may leave now, and how long to wait after it. Undefined while nothing may. */
  function take(): { readonly bytes: Buffer; readonly pauseMs: number } | undefined {
    const first = queue[0];
    if (first === undefined || fault.kind === "silence") return undefined;
    if (first.dueAt > performance.now()) return undefined;
    queue.shift();
    const keep = (length: number): Buffer => {
      if (length >= first.bytes.length) return first.bytes;
      queue.unshift({ bytes: first.bytes.subarray(length), dueAt: 0 });
      return first.bytes.subarray(0, length);
    };
    if (fault.kind === "slice") return { bytes: keep(fault.bytes), pauseMs: 0 };
    if (fault.kind === "rate") {
      const bytes = keep(Math.max(1, Math.floor((fault.bytesPerSecond * SLICE_FOR_RATE_MS) / 1000)));
      return { bytes, pauseMs: (bytes.length / fault.bytesPerSecond) * 1000 };
    }
    if (fault.kind === "cut") return { bytes: keep(Math.max(0, fault.afterBytes - passed)), pauseMs: 0 };
    if (fault.kind === "corrupt") return { bytes: damaged(first.bytes, fault.atByte - passed), pauseMs: 0 };
    return { bytes: first.bytes, pauseMs: 0 };
  }

  async function run(): Promise<void> {
    while (!to.destroyed) {
      const piece = take();
      if (piece === undefined) {
        const first = queue[0];
        if (first === undefined && isFinished) break;
        await wait(first === undefined || fault.kind === "silence" ? undefined : Math.max(1, first.dueAt - performance.now()));
        continue;
      }
      passed += piece.bytes.length;
      if (piece.bytes.length > 0 && !to.write(piece.bytes)) await Promise.race([once(to, "drain"), once(to, "close")]).catch(() => undefined);
      if (fault.kind === "cut" && passed >= fault.afterBytes) {
        onCut(fault.how);
        return;
      }
      // A turn of the event loop between two slices keeps them from being joined again on the way.
      if (fault.kind === "slice") await new Promise(setImmediate);
      // Not to be cut short by what comes in meanwhile.
      if (piece.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, piece.pauseMs));
    }
    to.end();
  }

  from.on("data", (bytes: Buffer) => {
    const delayMs = fault.kind === "delay" ? fault.ms + random() * (fault.jitterMs ?? 0) : 0;
    queue.push({ bytes, dueAt: Math.max(performance.now() + delayMs, queue.at(-1)?.dueAt ?? 0) });
    wakeUp();
  });
  from.on("end", finish);
  to.on("close", wakeUp);
  // A write to a side that is gone is what this proxy is for.
  to.on("error", () => undefined);
  void run();

  function finish(): void {
    isFinished = true;
    wakeUp();
  }

  return {
    set(next) {
      fault = next;
      passed = 0;
      wakeUp();
    },
    finish,
  };
}

function damaged(bytes: Buffer, offset: number): Buffer {
  const byte = bytes[offset];
  if (byte === undefined) return bytes;
  const copy = Buffer.from(bytes);
  copy[offset] = byte ^ 0xff;
  return copy;
}
