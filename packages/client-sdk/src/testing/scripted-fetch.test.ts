import { describe, expect, it } from "vitest";
import { createClient } from "../client.ts";
import { answer, createManualTime, createScriptedFetch, type FetchLike, response, sampleAnswer, sampleEvents, silence } from "../testing.ts";

const call = (fetch: FetchLike, signal = new AbortController().signal) =>
  fetch("http://rag.test/chat", { method: "POST", headers: {}, body: "{}", signal, redirect: "manual" });

describe("a scripted fetch", () => {
  it("gives each request the next reply and remembers it", async () => {
    const { fetch, requests } = createScriptedFetch([response(201, { "X-Name": "a" }, ""), response(202, {}, "")]);
    const first = await call(fetch);
    expect([first.status, first.headers.get("x-name"), (await call(fetch)).status]).toEqual([201, "a", 202]);
    expect(requests).toHaveLength(2);
  });

  it("fails a request beyond the script", async () => {
    const { fetch } = createScriptedFetch([]);
    await expect(call(fetch)).rejects.toThrow("The script has 0 replies and this is request 1.");
  });

  it("shows such a request as the cause of the call's error", async () => {
    const client = createClient({ baseUrl: "http://rag.test", fetch: createScriptedFetch([]).fetch });
    await expect(client.chat.ask("?")).rejects.toMatchObject({ code: "connection_failed", cause: expect.any(RangeError) });
  });

  it("hands out a body in parts and stops where it is told", async () => {
    const { fetch } = createScriptedFetch([response(200, {}, "abcdef", { partBytes: 2, afterBytes: 5, ending: "cut" })]);
    const reader = (await call(fetch)).body?.getReader();
    const sizes = [];
    for (let part = 0; part < 3; part += 1) sizes.push((await reader?.read())?.value?.byteLength);
    expect(sizes).toEqual([2, 2, 1]);
    await expect(reader?.read()).rejects.toThrow("terminated");
  });

  it("rejects with the signal's reason, before, during and after the headers", async () => {
    const script = [silence(), answer(sampleAnswer(), { ending: "stall", afterBytes: 0 })];
    const { fetch } = createScriptedFetch(script);
    await expect(call(fetch, AbortSignal.abort("early"))).rejects.toBe("early");
    for (let at = 0; at < 2; at += 1) {
      const controller = new AbortController();
      const reading = call(fetch, controller.signal).then((given) => given.body?.getReader().read());
      controller.abort(`late ${at}`);
      await expect(reading).rejects.toBe(`late ${at}`);
    }
  });
});

describe("sample events", () => {
  it("spell the answer's text and end with it", () => {
    const events = sampleEvents(sampleAnswer({ answer: "One two three." }));
    expect(events.map((event) => (event.type === "delta" ? event.text : "")).join("")).toBe("One two three.");
    expect(events.at(-1)).toEqual({ type: "done", answer: sampleAnswer({ answer: "One two three." }) });
  });
});

describe("manual time", () => {
  it("runs timers in the order of their moments and no earlier", async () => {
    const time = createManualTime(0);
    const ran: [string, number][] = [];
    time.set(20, () => ran.push(["second", time.now()]));
    time.set(10, () => ran.push(["first", time.now()]));
    const cancel = time.set(15, () => ran.push(["cancelled", time.now()]));
    cancel();
    await time.advance(19);
    expect([ran, time.pending()]).toEqual([[["first", 10]], 1]);
    await time.advance(1);
    expect([ran.length, time.pending()]).toEqual([2, 0]);
  });
});
