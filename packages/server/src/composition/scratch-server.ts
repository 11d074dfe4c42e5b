/** The real server as a child of a drill: on scratch stores, with secrets of its own, and nothing that reaches outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { readSearchPath } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import type { ScratchServer } from "../operations/drill/drill.ts";

const MAIN = join(import.meta.dirname, "../main.ts");
const POLL_MS = 20;
const START_TIMEOUT_MS = 120_000;
const ASK_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_CHARS = 2_000;

const answer = z.object({ citations: z.array(z.object({ documentId: z.string() })) });
const health = z.object({ components: z.object({ index: z.object({ detail: z.string() }) }) });

export interface ScratchServerOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Undefined: the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly signal: AbortSignal;
}

export interface StartedScratchServer extends ScratchServer {
  stop(): Promise<void>;
}

/** Resolves when it is ready. @throws {ExitError} with its last words when it is not. */
export async function startScratchServer({ dataDir, port, databaseUrl, redisUrl, signal }: ScratchServerOptions): Promise<StartedScratchServer> {
  const secret = (): string => randomBytes(32).toString("hex");
  const apiKey = secret();
  const child = spawn(process.execPath, [...process.execArgv, MAIN], {
    cwd: dataDir,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: readSearchPath(),
      NODE_ENV: "production",
      HOST: "127.0.0.1",
      PORT: String(port),
      DATA_DIR: dataDir,
      // A folder that is not there changes nothing; an empty one would remove every document.
      DOCS_DIR: join(dataDir, "../no-documents"),
      LOG_LEVEL: "error",
      API_KEY: apiKey,
      SECRET_KEY: secret(),
      ADMIN_PASSWORD: secret(),
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    },
  });
  let log = "";
  child.stderr.on("data", (data: Buffer) => {
    log = (log + data.toString()).slice(-LOG_CHARS);
  });
  const address = `http://127.0.0.1:${port}`;
  try {
    await untilReady(child, address, signal, () => log);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    async ask(question) {
      const response = await fetch(`${address}/chat`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": apiKey },
        body: JSON.stringify({ question }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
      });
      if (!response.ok)
        throw new ExitError(`The scratch server answered ${response.status} to a question: ${(await response.text()).slice(0, LOG_CHARS)}`);
      return answer.parse(await response.json()).citations.map(({ documentId }) => documentId);
    },
    async indexed() {
      const response = await fetch(`${address}/health/detailed`, { headers: { "x-api-key": apiKey }, signal });
      const { detail } = health.parse(await response.json()).components.index;
      const [, documents, chunks] = /^(\d+) documents, (\d+) chunks/.exec(detail) ?? [];
      return { documents: Number(documents), chunks: Number(chunks) };
    },
    stop: () => stop(child),
  };
}

async function untilReady(child: ChildProcess, address: string, signal: AbortSignal, log: () => string): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null) throw new ExitError(`The scratch server ended with code ${child.exitCode}: ${log()}`);
    const isReady = await fetch(`${address}/health/ready`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > until) throw new ExitError(`The scratch server was not ready within ${START_TIMEOUT_MS / 1_000} s: ${log()}`);
    await delay(POLL_MS);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
