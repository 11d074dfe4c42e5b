/** How an HTTP server ends: every client is told to leave, what is in flight is finished, and what hangs gets a last word and is cut. */
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface Drain {
  /** Aborted when what is still in flight is about to be cut. */
  readonly cutting: AbortSignal;
  /** To be called with every answer before it is begun. */
  admit(outgoing: ServerResponse): void;
  /** Ends the server within `timeoutMs`, give or take the last word. @returns whether everything finished by itself. */
  run(timeoutMs: number): Promise<boolean>;
}

/** How much of the time a server behind a held socket goes on taking connections, while clients leave those they have. */
const LEAVING_SHARE = 0.6;
/** A stream's connection is kept for a client that asks again at once; its answer says that it is the last. */
const LINGER_MS = 250;
/** How long a connection that has said nothing yet may keep the server. */
const SILENCE_MS = 1_000;
/** How long streams have for their last event to reach the reader. */
const LAST_WORD_MS = 500;

/**
 * Nothing that reaches the server may be lost, and a connection that is closed while its client sends the next request loses that. So
 * where somebody holds the socket open for the next server, connections are not closed at first: new ones are taken, every answer carries
 * `connection: close`, and those that stay idle run out as they always do. Only when those are gone does the server stop taking.
 *
 * @param idleMs after which the server closes an idle connection in any case.
 * @param socketIsHeld whether connections wait for the next server; without one they are refused at once.
 */
export function createDrain(server: Server, { idleMs, socketIsHeld }: { idleMs: number; socketIsHeld: boolean }): Drain {
  /** Each open connection, with the newest answer on it. */
  const connections = new Map<Socket, ServerResponse | undefined>();
  const cut = new AbortController();
  let isDraining = false;
  let onClosed = (_socket: Socket): void => {};

  server.on("connection", (socket: Socket) => {
    connections.set(socket, undefined);
    socket.once("close", () => {
      connections.delete(socket);
      onClosed(socket);
    });
  });

  /** Resolves when every connection that is open now is gone. */
  async function presentOnesGone(): Promise<void> {
    const present = new Set(connections.keys());
    if (present.size === 0) return;
    await new Promise<void>((resolve) => {
      onClosed = (socket) => {
        if (present.delete(socket) && present.size === 0) resolve();
      };
    });
  }

  return {
    cutting: cut.signal,
    admit(outgoing) {
      if (isDraining) outgoing.setHeader("connection", "close");
      if (outgoing.socket !== null) connections.set(outgoing.socket, outgoing);
    },
    async run(timeoutMs) {
      const startedAt = performance.now();
      isDraining = true;
      for (const outgoing of connections.values()) if (outgoing?.headersSent === false) outgoing.setHeader("connection", "close");
      if (socketIsHeld) await settlesWithin(Math.min(idleMs, timeoutMs * LEAVING_SHARE), presentOnesGone());
      server.keepAliveTimeout = LINGER_MS;
      server.keepAliveTimeoutBuffer = 0;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const silence = setTimeout(() => {
        for (const socket of connections.keys()) if (socket.bytesRead === 0) socket.destroy();
      }, SILENCE_MS);
      const isClean = await settlesWithin(timeoutMs - (performance.now() - startedAt), closed);
      if (!isClean) {
        cut.abort();
        await settlesWithin(LAST_WORD_MS, closed);
        server.closeAllConnections();
        await closed;
      }
      clearTimeout(silence);
      return isClean;
    },
  };
}

async function settlesWithin(timeoutMs: number, promise: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs));
  const isSettled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isSettled;
}
