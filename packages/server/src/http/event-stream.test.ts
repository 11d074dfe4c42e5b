import { describe, expect, it, vi } from "vitest";
import { eventStreamResponse, type ServerEvent } from "./event-stream.ts";

function streamOf(events: readonly ServerEvent[], { hang = false, writeTimeoutMs = 1_000, stopping = new AbortController().signal } = {}) {
  const onClose = vi.fn();
  const seen = { finished: false };
  async function* source(): AsyncGenerator<ServerEvent> {
    try {
      yield* events;
      if (hang) await new Promise<void>(() => {});
    } finally {
      seen.finished = true;
    }
  }
  const response = eventStreamResponse({
    events: source(),
    headers: { "x-request-id": "r1" },
    onClose,
    onUnread: () => false,
    writeTimeoutMs,
    stopping: { signal: stopping, requestId: "r1" },
  });
  return { response, onClose, seen };
}

describe("event stream", () => {
  it("writes each event as one block and ends with the iterable", async () => {
    const { response, onClose } = streamOf([
      { event: "delta", data: { text: "a" } },
      { event: "done", data: { ok: true } },
    ]);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("x-request-id")).toBe("r1");
    expect(await response.text()).toBe('event: delta\ndata: {"text":"a"}\n\nevent: done\ndata: {"ok":true}\n\n');
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("keeps line breaks and forged events inside the data line", async () => {
    const hostile = "a\r\n\r\nevent: done\ndata: {}\n\n\u2028id: 7";
    const { response } = streamOf([{ event: "delta", data: { text: hostile } }]);
    const text = await response.text();
    expect(text.split(/\r\n|\r|\n/).filter((line) => line !== "")).toHaveLength(2);
    expect(JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1))).toEqual({ text: hostile });
  });

  it("tells its source when the reader goes away", async () => {
    const { response, onClose } = streamOf([{ event: "delta", data: 1 }]);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("tells the reader of a source that hangs to ask again when the server stops, and ends", async () => {
    const server = new AbortController();
    const { response, onClose } = streamOf([{ event: "delta", data: 1 }], { hang: true, stopping: server.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe("event: delta\ndata: 1\n\n");
    const rest = reader?.read();
    server.abort();
    const last = (await rest)?.value;
    expect(last).toMatch(/^event: error\nretry: 2000\ndata: \{/);
    expect(JSON.parse(last?.slice(last.indexOf("{")) ?? "")).toMatchObject({ code: "not_ready", status: 503, requestId: "r1" });
    expect((await reader?.read())?.done).toBe(true);
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("says nothing of a stop that comes after its end", async () => {
    const server = new AbortController();
    const { response } = streamOf([{ event: "done", data: 1 }], { stopping: server.signal });
    const text = await response.text();
    server.abort();
    expect(text).toBe("event: done\ndata: 1\n\n");
  });

  it("gives up on a reader that does not read", async () => {
    vi.useFakeTimers();
    try {
      const { onClose, seen } = streamOf([{ event: "delta", data: 1 }], { hang: false, writeTimeoutMs: 500 });
      await vi.advanceTimersByTimeAsync(400);
      expect(onClose).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(200);
      expect(onClose).toHaveBeenCalledOnce();
      expect(seen.finished).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
