import { describe, expect, it } from "vitest";
import { collect, createScene, failureOf } from "../../test-support/scene.ts";
import { AbortError, TimeoutError } from "../errors.ts";
import { events, sampleAnswer, sampleEvents, silence } from "../testing.ts";

describe("time limits of a stream", () => {
  it("end the wait for its beginning", async () => {
    const { client, time, requests } = createScene([silence()]);
    const [error] = await Promise.all([failureOf(client.chat.stream("?").final()), time.advance(30_000)]);
    expect(error).toMatchObject({ name: "TimeoutError", phase: "first_byte", limitMs: 30_000 });
    expect(requests[0]?.isAborted).toBe(true);
  });

  it("end a silence within it", async () => {
    const { client, time, requests } = createScene([events(sampleEvents().slice(0, 3), { ending: "stall" })]);
    const [{ seen, error }] = await Promise.all([collect(client.chat.stream("?", { idleTimeoutMs: 2_000 })), time.advance(2_000)]);
    expect(seen).toHaveLength(3);
    expect(error).toMatchObject({ name: "TimeoutError", phase: "idle", limitMs: 2_000 });
    expect(requests[0]?.isAborted).toBe(true);
    expect(time.pending()).toBe(0);
  });

  it("end the whole, also while its reader takes its time", async () => {
    const { client, time } = createScene([events()]);
    const stream = client.chat.stream("?", { timeoutMs: 1_000 });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await time.advance(1_000);
    expect(await failureOf(stream.final())).toBeInstanceOf(TimeoutError);
    expect(await failureOf(iterator.next())).toBeInstanceOf(TimeoutError);
  });
});

describe("leaving a stream", () => {
  it("aborts the request when the loop is left", async () => {
    const { client, requests, time } = createScene([events(sampleEvents().slice(0, 3), { ending: "stall" })]);
    const stream = client.chat.stream("?");
    for await (const event of stream) if (event.type === "delta") break;
    expect(requests[0]?.isAborted).toBe(true);
    expect(await failureOf(stream.final())).toMatchObject({ name: "AbortError" });
    expect(time.pending()).toBe(0);
  });

  it("aborts the request when the loop throws", async () => {
    const { client, requests } = createScene([events()]);
    const loop = (async () => {
      for await (const event of client.chat.stream("?")) throw new Error(`cannot show ${event.type}`);
    })();
    expect(await failureOf(loop)).toEqual(new Error("cannot show session"));
    expect(requests[0]?.isAborted).toBe(true);
  });

  it("keeps the answer when the loop is left at done", async () => {
    const { client } = createScene([events()]);
    const stream = client.chat.stream("?");
    for await (const event of stream) if (event.type === "done") break;
    stream.abort();
    expect(await stream.final()).toEqual(sampleAnswer());
  });

  it("wakes whoever waits, by abort()", async () => {
    const { client, requests, time } = createScene([silence()]);
    const stream = client.chat.stream("?");
    const waiting = failureOf(stream.final());
    await time.advance(0);
    stream.abort("user pressed stop");
    expect(await waiting).toMatchObject({ name: "AbortError", cause: "user pressed stop" });
    expect(requests[0]?.isAborted).toBe(true);
    expect(time.pending()).toBe(0);
  });

  it("gives nothing more after abort(), not even what had arrived", async () => {
    const { client } = createScene([events()]);
    const stream = client.chat.stream("?");
    const seen: string[] = [];
    const loop = (async () => {
      for await (const { type } of stream) {
        seen.push(type);
        stream.abort();
      }
    })();
    expect(await failureOf(loop)).toBeInstanceOf(AbortError);
    expect(seen).toEqual(["session"]);
  });

  it("before it began sends nothing", async () => {
    const { client, requests } = createScene([events()]);
    const stream = client.chat.stream("?");
    stream.abort();
    expect((await collect(stream)).error).toBeInstanceOf(AbortError);
    expect(await failureOf(stream.final())).toBeInstanceOf(AbortError);
    expect(requests).toHaveLength(0);
  });

  it("happens when it is disposed of", async () => {
    const { client, requests } = createScene([events(sampleEvents().slice(0, 3), { ending: "stall" })]);
    const stream = client.chat.stream("?");
    await stream[Symbol.asyncIterator]().next();
    expect(requests[0]?.isAborted).toBe(false);
    await stream[Symbol.asyncDispose]();
    expect(requests[0]?.isAborted).toBe(true);
    expect(await failureOf(stream.final())).toBeInstanceOf(AbortError);
  });

  it("does not disturb a complete answer that is disposed of", async () => {
    const { client, requests } = createScene([events()]);
    const stream = client.chat.stream("?");
    expect(await stream.text()).toBe(sampleAnswer().answer);
    await stream[Symbol.asyncDispose]();
    expect(requests).toMatchObject([{ isAborted: false }]);
  });

  it("heeds the signal of the call", async () => {
    const { client, requests, time } = createScene([events(sampleEvents().slice(0, 2), { ending: "stall" })]);
    const controller = new AbortController();
    const reading = collect(client.chat.stream("?", { signal: controller.signal }));
    await time.advance(0);
    controller.abort("left the page");
    const { seen, error } = await reading;
    expect(seen).toHaveLength(2);
    expect(error).toMatchObject({ name: "AbortError", cause: "left the page" });
    expect(requests[0]?.isAborted).toBe(true);
  });
});
