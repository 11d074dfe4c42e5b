/** A Chroma server of its own for a test: started, stopped, frozen and killed at will. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ChromaClient } from "chromadb";
import { freePort } from "./free-port.ts";
import { freezeProcesses, killProcess, pidsOf, thawProcesses } from "./process-signals.ts";

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

export interface ChromaServer {
  readonly port: number;
  readonly url: string;
  /** Where its files are. */
  readonly folder: string;
  /** Stops the process where it stands, which it does when this returns, and lets it go on. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL; its files stay. */
  kill(): Promise<void>;
  /** Starts it again on the same files and port. Resolves when it answers. @throws with its log when it ends before. */
  restart(): Promise<void>;
  /** Ends it for good and removes its files. */
  remove(): Promise<void>;
}

/**
 * Starts a server on a free port.
 *
 * @param within the folder that its own is made in.
 * @throws with instructions when there is no Chroma for this machine.
 */
export async function startChromaServer(within: string = tmpdir()): Promise<ChromaServer> {
  const [program, ...programArguments] = findProgram();
  const folder = mkdtempSync(join(within, "rag-chroma-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let server = await launch();

  async function launch(): Promise<ChildProcess> {
    const args = [...programArguments, "run", "--path", folder, "--host", "127.0.0.1", "--port", String(port)];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        log += data.toString();
      });
    }
    const failed = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`Chroma ended (${code ?? signal}):\n${log}`)));
    });
    // Whoever ends it later is not told of it here.
    failed.catch(() => undefined);
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await Promise.race([answers(url), failed]))) {
      if (performance.now() > deadline) throw new Error(`Chroma did not start:\n${log}`);
      await delay(POLL_MS);
    }
    return child;
  }

  return {
    port,
    url,
    folder,
    freeze: () => freezeProcesses(pidsOf(server)),
    thaw: () => thawProcesses(pidsOf(server)),
    kill: () => killProcess(server),
    async restart() {
      await killProcess(server);
      server = await launch();
    },
    async remove() {
      await killProcess(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A client that asks the server past the program. */
export function chromaClient({ port }: Pick<ChromaServer, "port">): ChromaClient {
  return new ChromaClient({ host: "127.0.0.1", port, ssl: false });
}

/** On a connection of its own: one that is kept open would be lost with the server, and be taken for an answer of the next one. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${url}/api/v2/heartbeat`, { agent: false, timeout: 1_000 }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode === 200));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}

function findProgram(): readonly [string, ...string[]] {
  if (process.platform === "linux" && process.arch === "x64") {
    return [process.execPath, fileURLToPath(import.meta.resolve("@rag-personal/chroma-program"))];
  }
  const installed = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "chroma"))
    .find((path) => existsSync(path));
  if (installed !== undefined) return [installed];
  throw new Error("These tests need Chroma. Install it (pip install chromadb, or npm install --global chromadb) and put chroma on the PATH.");
}
