/** A TCP proxy that fails on purpose: it stands between a program and a server and does to their bytes what networks do. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createLane, type Lane } from "./fault-lane.ts";

export type Direction = "toClient" | "toServer";

/**
 * What the proxy does, from the moment it is set, to connections old and new:
 * - `pass`: nothing;
 * - `refuse`: resets what is open, and does not listen;
 * - `silence`: accepts, and holds every byte until another fault is set;
 * - `delay`: holds each piece for `ms`, and up to `jitterMs` more; the order stays;
 * - `rate`: so many bytes per second each way;
 * - `slice`: pieces of so many bytes, each in a write of its own;
 * - `cut`: passes so many more bytes of a connection, then resets it, or ends it in order, or ends that direction alone;
 * - `corrupt`: inverts the byte at that offset of a connection, counted from when the fault was set;
 * - `flap`: `refuse` and `pass` by turns, `refuse` first.
 */
export type Fault =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse" }
  | { readonly kind: "silence" }
  | { readonly kind: "delay"; readonly ms: number; readonly jitterMs?: number }
  | { readonly kind: "rate"; readonly bytesPerSecond: number }
  | { readonly kind: "slice"; readonly bytes: number }
  | { readonly kind: "cut"; readonly afterBytes: number; readonly how: "reset" | "end" | "half"; readonly direction?: Direction }
  | { readonly kind: "corrupt"; readonly atByte: number; readonly direction?: Direction }
  | { readonly kind: "flap"; readonly everyMs: number };

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  set(fault: Fault): Promise<void>;
  /** Connections open now, and accepted since the start. */
  readonly counts: { readonly open: number; readonly accepted: number };
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly target: { readonly host?: string; readonly port: number };
  /** 0..1, for the jitter. */
  readonly random?: () => number;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly lanes: Readonly<Record<Direction, Lane>>;
}

/** Listens on a free port of the loopback interface. */
export async function startFaultProxy({ target, random = Math.random }: FaultProxyOptions): Promise<FaultProxy> {
  const host = "127.0.0.1";
  const links = new Set<Link>();
  let fault: Fault = { kind: "pass" };
  let accepted = 0;
  let flapping: NodeJS.Timeout | undefined;
  let listener: Server | undefined;
  const port = await listen(0);

  async function listen(onPort: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, accept).listen(onPort, host);
    await once(server, "listening");
    listener = server;
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP port was expected");
    return address.port;
  }

  function accept(client: Socket): void {
    accepted += 1;
    const server = connect({ host: target.host ?? host, port: target.port, allowHalfOpen: true });
    const link: Link = {
      client,
      server,
      lanes: {
        toServer: createLane({ from: client, to: server, random, onCut: (how) => cut(link, "toServer", how) }),
        toClient: createLane({ from: server, to: client, random, onCut: (how) => cut(link, "toClient", how) }),
      },
    };
    links.add(link);
    for (const [direction, lane] of Object.entries(link.lanes)) lane.set(faultOf(direction));
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("close", () => {
        if (client.destroyed && server.destroyed) links.delete(link);
      });
    }
    // A side that is gone without a word takes the other one with it; what it has sent before is still delivered.
    client.on("error", () => link.lanes.toServer.finish());
    server.on("error", () => reset(link));
    client.on("close", () => link.lanes.toServer.finish());
    server.on("close", () => link.lanes.toClient.finish());
  }

  function faultOf(direction: string): Fault {
    if ((fault.kind === "cut" || fault.kind === "corrupt") && (fault.direction ?? "toClient") !== direction) return { kind: "pass" };
    return fault;
  }

  function cut({ client, server }: Link, direction: Direction, how: "reset" | "end" | "half"): void {
    const [sender, receiver] = direction === "toClient" ? [server, client] : [client, server];
    if (how === "reset") {
      receiver.resetAndDestroy();
      sender.destroy();
    } else {
      receiver.end();
      if (how === "end") sender.destroy();
    }
  }

  function reset({ client, server }: Link): void {
    client.resetAndDestroy();
    server.destroy();
  }

  async function refuse(): Promise<void> {
    const server = listener;
    listener = undefined;
    for (const link of links) reset(link);
    if (server === undefined) return;
    server.close();
    await once(server, "close");
  }

  async function apply(next: Fault): Promise<void> {
    fault = next;
    if (next.kind === "refuse") {
      await refuse();
      return;
    }
    if (listener === undefined) await listen(port);
    for (const { lanes } of links) for (const [direction, lane] of Object.entries(lanes)) lane.set(faultOf(direction));
  }

  return {
    host,
    port,
    async set(next) {
      clearInterval(flapping);
      if (next.kind !== "flap") {
        await apply(next);
        return;
      }
      let isUp = false;
      flapping = setInterval(() => {
        isUp = !isUp;
        void apply({ kind: isUp ? "pass" : "refuse" });
      }, next.everyMs);
      await apply({ kind: "refuse" });
    },
    get counts() {
      return { open: links.size, accepted };
    },
    async close() {
      clearInterval(flapping);
      await refuse();
    },
  };
}
