import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { createLogDestination } from "./log-destination.ts";

const NOTE = (lines: number): string =>
  `{"level":40,"time":"1970-01-01T00:00:00.000Z","lines":${lines},"msg":"lines of the log are lost: they could not be written"}\n`;
const refusal = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

/** A disk that the test fills: `room` bytes are taken, then none; each write is answered when the test says so. */
function scene(maxWaitingChars?: number) {
  const disk = { room: Number.POSITIVE_INFINITY, atOnce: Number.POSITIVE_INFINITY, text: "" };
  const answers: (() => void)[] = [];
  const destination = createLogDestination({
    fd: -1,
    ...(maxWaitingChars === undefined ? {} : { maxWaitingChars }),
    now: () => 0,
    onExit() {},
    write(_, bytes, done) {
      answers.push(() => {
        const taken = bytes.subarray(0, Math.min(disk.room, disk.atOnce));
        if (taken.length === 0) return done(refusal("ENOSPC"), 0);
        disk.text += taken.toString();
        disk.room -= taken.length;
        done(null, taken.length);
      });
    },
  });
  const settle = (): void => {
    for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) answer();
  };
  return { disk, destination, settle, pending: () => answers.length };
}

describe("the destination of the log", () => {
  it("writes lines that came meanwhile together, in their order", () => {
    const { disk, destination, settle, pending } = scene();
    for (const line of ["a\n", "b\n", "c\n"]) destination.write(line);
    expect(pending()).toBe(1);
    settle();
    expect(disk.text).toBe("a\nb\nc\n");
  });

  it("loses lines while there is no room, asks once for each, and says how many are missing when there is room again", () => {
    const { disk, destination, settle } = scene();
    disk.room = 0;
    for (const line of ["a\n", "b\n", "c\n"]) {
      destination.write(line);
      settle();
    }
    disk.room = Number.POSITIVE_INFINITY;
    destination.write("d\n");
    settle();
    destination.write("e\n");
    settle();
    expect(disk.text).toBe(`${NOTE(3)}d\ne\n`);
  });

  it("ends a line that was cut before it goes on", () => {
    const { disk, destination, settle } = scene();
    disk.room = 4;
    destination.write("abcdef\n");
    settle();
    disk.room = Number.POSITIVE_INFINITY;
    destination.write("next\n");
    settle();
    expect(disk.text).toBe(`abcd\n${NOTE(1)}next\n`);
  });

  it("keeps no more for a reader that does not read than it may", () => {
    const { disk, destination, settle } = scene(10);
    for (let line = 0; line < 100; line += 1) destination.write("12345\n");
    settle();
    expect(disk.text).toBe(`12345\n${NOTE(97)}${"12345\n".repeat(2)}`);
    destination.write("now\n");
    settle();
    expect(disk.text).toMatch(/12345\nnow\n$/);
  });

  it("tells every line or counts it as missing, however room comes and goes", () => {
    const step = fc.record({
      room: fc.constantFrom(0, 3, 17, 1_000),
      atOnce: fc.constantFrom(1, 5, 1_000),
      lines: fc.integer({ min: 0, max: 4 }),
      answers: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const { disk, destination, settle } = scene();
        let count = 0;
        for (const { room, atOnce, lines, answers } of steps) {
          Object.assign(disk, { room, atOnce });
          for (let line = 0; line < lines; line += 1, count += 1) destination.write(`<${count}>\n`);
          if (answers) settle();
        }
        Object.assign(disk, { room: Number.POSITIVE_INFINITY, atOnce: Number.POSITIVE_INFINITY });
        settle();
        destination.write("end\n");
        settle();
        const seen = new Set([...disk.text.matchAll(/^<\d+>$/gm)].map(([line]) => line));
        const missing = [...disk.text.matchAll(/"lines":(\d+)/g)].reduce((sum, [, lines]) => sum + Number(lines), 0);
        // A note that was cut off itself is told again, so none is counted too seldom.
        expect(seen.size + missing).toBeGreaterThanOrEqual(count);
        expect(disk.text.endsWith("end\n")).toBe(true);
      }),
    );
  });

  it("serves pino on a real file, to the last line when the process ends", () => {
    const folder = mkdtempSync(join(tmpdir(), "rag-log-"));
    const fd = openSync(join(folder, "log"), "a");
    let end = (): void => {};
    const destination = createLogDestination({ fd, onExit: (flush) => (end = flush), write() {} });
    const log = pino({ base: null }, destination);
    log.info("one");
    log.warn("two");
    end();
    closeSync(fd);
    // The first one is under way, and is the system's.
    expect(readFileSync(join(folder, "log"), "utf8")).toMatch(/^\{"level":40.*"two"\}\n$/);
    rmSync(folder, { recursive: true });
  });
});
