/** The proxy's faults, as a client and a server on its two sides see them. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

let target: Server;
let proxy: FaultProxy;
/** What has reached the server so far, of all its connections. */
let received: Buffer[];
let waiting: (() => void)[];
const clients: Socket[] = [];

/** An echo that remembers what it was sent, piece by piece. */
beforeEach(async () => {
  received = [];
  waiting = [];
  target = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      received.push(bytes);
      for (const wake of waiting.splice(0)) wake();
      socket.write(bytes);
    });
  }).listen(0, "127.0.0.1");
  await once(target, "listening");
  const address = target.address();
  if (address === null || typeof address === "string") throw new Error("a TCP port was expected");
  proxy = await startFaultProxy({ target: { port: address.port }, random: () => 0.5 });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  target.close();
});

interface Client {
  readonly socket: Socket;
  /** Resolves with the first `length` bytes that came back and have not been read yet. */
  read(length: number): Promise<string>;
  pieces(): number;
  /** Resolves with the code of the error that ended the connection, or "end" when it ended in order. */
  readonly ended: Promise<string>;
}

async function open(): Promise<Client> {
  const socket = connect(proxy.port, proxy.host);
  clients.push(socket);
  let bytes = Buffer.alloc(0);
  let pieces = 0;
  const ended = Promise.withResolvers<string>();
  socket.on("data", (data) => {
    pieces += 1;
    bytes = Buffer.concat([bytes, data]);
  });
  socket.on("error", (error) => ended.resolve("code" in error ? String(error.code) : error.message));
  socket.on("end", () => ended.resolve("end"));
  await once(socket, "connect");
  return {
    socket,
    ended: ended.promise,
    pieces: () => pieces,
    async read(length) {
      while (bytes.length < length) await once(socket, "data");
      const read = bytes.subarray(0, length);
      bytes = bytes.subarray(length);
      return read.toString("latin1");
    },
  };
}

async function echo(client: Client, text: string): Promise<string> {
  client.socket.write(text);
  return await client.read(text.length);
}

async function timed<T>(action: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const startedAt = performance.now();
  const result = await action();
  return { result, ms: performance.now() - startedAt };
}

describe("startFaultProxy", () => {
  it("passes bytes both ways, and the ends of connections", async () => {
    const client = await open();
    expect(await echo(client, "hello")).toBe("hello");
    const large = "x".repeat(1_000_000);
    expect(await echo(client, large)).toBe(large);
    client.socket.end();
    expect(await client.ended).toBe("end");
  });

  it("refuses new connections and resets old ones, until it passes again on the same port", async () => {
    const client = await open();
    await echo(client, "a");
    await proxy.set({ kind: "refuse" });
    expect(await client.ended).toBe("ECONNRESET");
    await expect(open()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await proxy.set({ kind: "pass" });
    expect(await echo(await open(), "b")).toBe("b");
    expect(proxy.counts.accepted).toBe(2);
  });

  it("accepts in silence, and delivers what it held when it passes again, even from a client that has left", async () => {
    await proxy.set({ kind: "silence" });
    const [stays, leaves] = [await open(), await open()];
    stays.socket.write("stays");
    leaves.socket.end("leaves");
    await once(leaves.socket, "finish");
    expect(received).toEqual([]);
    await proxy.set({ kind: "pass" });
    expect(await stays.read(5)).toBe("stays");
    while (!Buffer.concat(received).includes("leaves")) await new Promise<void>((resolve) => waiting.push(resolve));
  });

  it("delays each piece without changing the order", async () => {
    await proxy.set({ kind: "delay", ms: 40, jitterMs: 20 });
    const client = await open();
    const { result, ms } = await timed(() => echo(client, "ab"));
    expect(result).toBe("ab");
    // Once each way.
    expect(ms).toBeGreaterThan(98);
  });

  it("keeps to a rate", async () => {
    await proxy.set({ kind: "rate", bytesPerSecond: 10_000 });
    const client = await open();
    const { ms } = await timed(() => echo(client, "x".repeat(1_000)));
    // Five pieces, with a pause of 20 ms after each but the last.
    expect(ms).toBeGreaterThan(78);
  });

  it("slices into single bytes", async () => {
    await proxy.set({ kind: "slice", bytes: 1 });
    const client = await open();
    expect(await echo(client, "slices")).toBe("slices");
    expect(received.length).toBeGreaterThan(1);
  });

  it.each([
    ["reset", "ECONNRESET"],
    ["end", "end"],
    ["half", "end"],
  ] as const)("cuts after so many bytes (%s)", async (how, ended) => {
    await proxy.set({ kind: "cut", afterBytes: 3, how });
    const client = await open();
    client.socket.write("abcdef");
    if (how !== "reset") expect(await client.read(3)).toBe("abc");
    expect(await client.ended).toBe(ended);
  });

  it("cuts what goes to the server, when told so", async () => {
    await proxy.set({ kind: "cut", afterBytes: 2, how: "end", direction: "toServer" });
    const client = await open();
    client.socket.write("abcdef");
    await client.ended;
    while (Buffer.concat(received).length < 2) await new Promise<void>((resolve) => waiting.push(resolve));
    expect(Buffer.concat(received).toString()).toBe("ab");
  });

  it("corrupts one byte", async () => {
    const client = await open();
    await echo(client, "before");
    await proxy.set({ kind: "corrupt", atByte: 1 });
    expect(await echo(client, "abc")).toBe(`a${String.fromCharCode("b".charCodeAt(0) ^ 0xff)}c`);
    expect(await echo(client, "abc")).toBe("abc");
  });

  it("flaps, and stops flapping", async () => {
    await proxy.set({ kind: "flap", everyMs: 20 });
    await expect(open()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    let passes = 0;
    for (let attempt = 0; passes === 0 && attempt < 10_000; attempt += 1) {
      passes += await open().then(
        () => 1,
        () => 0,
      );
    }
    expect(passes).toBe(1);
    await proxy.set({ kind: "pass" });
    expect(await echo(await open(), "stable")).toBe("stable");
  });

  it("leaves no connection behind", async () => {
    const client = await open();
    await echo(client, "a");
    expect(proxy.counts.open).toBe(1);
    client.socket.destroy();
    const { ms } = await timed(() => proxy.close());
    expect(ms).toBeLessThan(1_000);
    expect(target.listening).toBe(true);
  });
});
