/**
 * A process of its own that asks a server over kept-alive connections and times every answer. It writes bytes made beforehand and reads no
 * more of an answer than its length, so that it needs less of its core than any server of Node.
 *
 * Usage: node bench/http-load.ts <options as JSON>, see {@link LoadOptions}; prints {@link LoadResult} as JSON.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

export interface LoadOptions {
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; absent for GET. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Goes on in the session of its first answer, each connection in its own. */
  readonly keepsSession?: boolean;
  readonly connections: number;
  readonly seconds: number;
  /** Absent: each connection asks again at once. Otherwise at fixed times, and the wait of a request whose turn came late counts as its own. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 200. */
  readonly failures: number;
}

interface Connection {
  /** Resolves with the body of the answer. @throws when the connection ends or the answer has no length. */
  ask(request: Buffer): Promise<Buffer>;
  close(): void;
}

const HEAD_END = Buffer.from("\r\n\r\n");
/** How late a timer may be; the rest of a pause is waited for turn by turn. */
const TIMER_MS = 2;
const OK = "HTTP/1.1 200 ";
let failures = 0;

function encode({ method, path, headers }: LoadOptions, body: Readonly<Record<string, unknown>> | undefined): Buffer {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const length = body === undefined ? "" : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(payload)}\r\n`;
  const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${given.join("")}${length}\r\n${payload}`);
}

async function open(port: number): Promise<Connection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const connecting = connect(port, "127.0.0.1", () => resolve(connecting));
    connecting.once("error", reject);
  });
  socket.setNoDelay(true);
  let received: Buffer = Buffer.alloc(0);
  let answered: ((body: Buffer) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  socket.on("data", (data: Buffer) => {
    received = received.length === 0 ? data : Buffer.concat([received, data]);
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = received.toString("latin1", 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) return failed?.(new Error(`an answer without a length:\n${head}`));
    const bodyStart = headEnd + HEAD_END.length;
    if (received.length < bodyStart + Number(length)) return;
    if (!head.startsWith(OK)) failures += 1;
    const body = received.subarray(bodyStart);
    received = Buffer.alloc(0);
    answered?.(body);
  });
  for (const event of ["error", "close"]) socket.on(event, () => failed?.(new Error("the server ended the connection")));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        answered = resolve;
        failed = reject;
        socket.write(request);
      }),
    close() {
      failed = undefined;
      socket.destroy();
    },
  };
}

/** The session that an answer belongs to. */
function sessionOf(answer: Buffer): string {
  const { sessionId } = JSON.parse(answer.toString());
  if (typeof sessionId !== "string") throw new Error(`an answer without a session: ${answer.toString().slice(0, 200)}`);
  return sessionId;
}

async function run(options: LoadOptions): Promise<LoadResult> {
  const durations: number[] = [];
  const connections = await Promise.all(Array.from({ length: options.connections }, () => open(options.port)));
  const requests = await Promise.all(
    connections.map(async (connection) => {
      const request = encode(options, options.body);
      if (options.keepsSession !== true) return request;
      return encode(options, { ...options.body, sessionId: sessionOf(await connection.ask(request)) });
    }),
  );
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1_000;
  let turn = 0;
  await Promise.all(
    connections.map(async (connection, at) => {
      const request = requests[at] ?? encode(options, options.body);
      for (;;) {
        let dueAt = performance.now();
        if (options.perSecond !== undefined) {
          dueAt = startedAt + (turn * 1_000) / options.perSecond;
          turn += 1;
          if (dueAt - performance.now() > TIMER_MS) await delay(dueAt - performance.now() - TIMER_MS);
          while (performance.now() < dueAt) await nextTurn();
        }
        if (dueAt >= endsAt) return;
        await connection.ask(request);
        durations.push(performance.now() - dueAt);
      }
    }),
  );
  const tookMs = performance.now() - startedAt;
  for (const connection of connections) connection.close();
  durations.sort((a, b) => a - b);
  const quantile = (share: number): number => Number((durations[Math.floor(durations.length * share)] ?? 0).toFixed(3));
  return {
    requests: durations.length,
    perSecond: Math.round((durations.length * 1_000) / tookMs),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    failures,
  };
}

if (import.meta.main) process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? ""))));
