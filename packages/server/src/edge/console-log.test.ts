import { describe, expect, it } from "vitest";
import { createConsoleLog } from "./console-log.ts";

function createScene(level: Parameters<typeof createConsoleLog>[0]) {
  const lines: [string, Record<string, unknown>][] = [];
  const to = (name: string) => (text: string) => void lines.push([name, JSON.parse(text)]);
  return { lines, log: createConsoleLog(level, { log: to("log"), warn: to("warn"), error: to("error") }) };
}

describe("the log of a worker", () => {
  it("writes a line of JSON to the console's own level, from the configured severity on", () => {
    const { lines, log } = createScene("info");
    log.debug({ a: 1 }, "nothing");
    log.info({ a: 1 }, "something");
    log.warn({}, "odd");
    log.child({ requestId: "r" }, { redact: [] }).error({ b: 2 }, "wrong");
    expect(lines).toMatchObject([
      ["log", { level: "info", a: 1, msg: "something", time: expect.stringMatching(/^\d{4}-/) }],
      ["warn", { level: "warn", msg: "odd" }],
      ["error", { level: "error", requestId: "r", b: 2, msg: "wrong" }],
    ]);
  });

  it("tells of an error what it is and what is behind it", () => {
    const { lines, log } = createScene("warn");
    log.warn({ err: new TypeError("above", { cause: new Error("below") }) }, "failed");
    expect(lines[0]?.[1]["err"]).toMatchObject({ type: "TypeError", message: "above", stack: expect.any(String), cause: { message: "below" } });
  });

  it("is silent when told so", () => {
    const { lines, log } = createScene("silent");
    log.error({}, "wrong");
    expect(lines).toEqual([]);
  });
});
