import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createDrain, type Drain } from "./drain.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function startDrainable(socketIsHeld: boolean, answer: (outgoing: ServerResponse, drain: Drain) => void = (outgoing) => outgoing.end("ok")) {
  const server = createServer((_, outgoing) => {
    drain.admit(outgoing);
    answer(outgoing, drain);
  });
  const drain = createDrain(server, { idleMs: 60_000, socketIsHeld });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP port was expected");
  ends.push(() => server.close().closeAllConnections());
  return { drain, port: address.port };
}

function createClient(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  ends.push(() => agent.destroy());
  return async (): Promise<{ readonly connection: string | undefined; readonly text: string }> => {
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => get({ port, agent }, resolve).on("error", reject));
    let text = "";
    for await (const part of incoming) text += part;
    return { connection: incoming.headers.connection, text };
  };
}

describe("the end of a server whose socket is held", () => {
  it("answers a client that asks again on its idle connection, and has it leave", async () => {
    const { drain, port } = await startDrainable(true);
    const ask = createClient(port);
    expect(await ask()).toEqual({ connection: "keep-alive", text: "ok" });
    const drained = drain.run(10_000);
    expect(await ask()).toEqual({ connection: "close", text: "ok" });
    expect(await drained).toBe(true);
  });

  it("takes new connections as long as one from before is there", async () => {
    const { drain, port } = await startDrainable(true);
    const present = createClient(port);
    await present();
    const drained = drain.run(10_000);
    expect(await createClient(port)()).toEqual({ connection: "close", text: "ok" });
    await present();
    expect(await drained).toBe(true);
    await expect(createClient(port)()).rejects.toThrow("ECONNREFUSED");
  });

  it("tells the client of a request in flight that its connection ends with the answer", async () => {
    const inFlight = Promise.withResolvers<ServerResponse>();
    const { drain, port } = await startDrainable(true, (outgoing) => inFlight.resolve(outgoing));
    const answer = createClient(port)();
    const outgoing = await inFlight.promise;
    const drained = drain.run(10_000);
    outgoing.end("late");
    expect(await answer).toEqual({ connection: "close", text: "late" });
    expect(await drained).toBe(true);
  });

  it("does not wait for the whole time for a client that keeps its connection and says nothing", async () => {
    const { drain, port } = await startDrainable(true);
    await createClient(port)();
    const startedAt = performance.now();
    expect(await drain.run(500)).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe("the end of a server", () => {
  it("closes idle connections at once and refuses new ones", async () => {
    const { drain, port } = await startDrainable(false);
    await createClient(port)();
    expect(await drain.run(10_000)).toBe(true);
    await expect(createClient(port)()).rejects.toThrow("ECONNREFUSED");
  });

  it("does not wait for a connection on which nothing was ever said", async () => {
    const { drain, port } = await startDrainable(false);
    const silent = connect(port, "127.0.0.1");
    await once(silent, "connect");
    await createClient(port)();
    expect(await drain.run(10_000)).toBe(true);
    expect(silent.destroyed || (await once(silent, "close"))).toBeTruthy();
  });

  it("lets what hangs say a last word before it is cut", async () => {
    const begun = Promise.withResolvers<void>();
    const { drain, port } = await startDrainable(false, (outgoing, { cutting }) => {
      outgoing.write("begun, ");
      cutting.addEventListener("abort", () => outgoing.end("cut"));
      begun.resolve();
    });
    const answer = createClient(port)();
    await begun.promise;
    expect(await drain.run(100)).toBe(false);
    expect((await answer).text).toBe("begun, cut");
  });

  it("cuts what hangs and has no last word", async () => {
    const begun = Promise.withResolvers<void>();
    const { drain, port } = await startDrainable(false, () => begun.resolve());
    const answer = createClient(port)();
    const cut = expect(answer).rejects.toThrow("socket hang up");
    await begun.promise;
    expect(await drain.run(100)).toBe(false);
    await cut;
  });
});
