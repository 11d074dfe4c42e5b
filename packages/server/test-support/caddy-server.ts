/** A Caddy with the stack's own Caddyfile in front of a server of a test. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hashSync } from "bcryptjs";
import { freePort } from "./free-port.ts";

const CADDYFILE = resolve(import.meta.dirname, "../../../deploy/caddy/Caddyfile");
/** Unpacked here it needs no root, and no service is started. */
const UNPACKED = resolve(import.meta.dirname, "../../../.toolchain/caddy");
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const BCRYPT_COST = 4;

export interface CaddyServer {
  /** The port of HTTPS, for `localhost`. */
  readonly httpsPort: number;
  readonly httpPort: number;
  /** The listener for the machine itself. */
  readonly localAddress: string;
  /** The certificate of Caddy's own authority. */
  readonly authority: string;
  output(): string;
  remove(): Promise<void>;
}

export interface CaddyOptions {
  /** `host:port` of the server, and of the one that takes over. */
  readonly api: string;
  readonly apiNext?: string;
  readonly metrics: { readonly username: string; readonly password: string };
  /** How long requests wait for a server. Default: `20s`. */
  readonly wait?: string;
}

/** @throws with instructions when Caddy is not installed and cannot be had. */
export async function startCaddy({ api, apiNext = "127.0.0.1:1", metrics, wait = "20s" }: CaddyOptions): Promise<CaddyServer> {
  const program = findCaddy();
  const folder = mkdtempSync(join(tmpdir(), "rag-caddy-"));
  const users = join(folder, "metrics_users");
  writeFileSync(users, `${metrics.username} ${hashSync(metrics.password, BCRYPT_COST)}\n`);
  const ports = { http: await freePort(), https: await freePort(), local: await freePort(), admin: await freePort() };
  const child = spawn(program, ["run", "--config", CADDYFILE, "--adapter", "caddyfile"], {
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      ADMIN_PORT: String(ports.admin),
      HTTP_LISTEN_PORT: String(ports.http),
      HTTPS_LISTEN_PORT: String(ports.https),
      LOCAL_LISTEN_PORT: String(ports.local),
      GRAFANA_LISTEN_PORT: String(await freePort()),
      PROMETHEUS_LISTEN_PORT: String(await freePort()),
      METRICS_USERS_FILE: users,
      API: api,
      API_NEXT: apiNext,
      WAIT: wait,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      output += data.toString();
    });
  }
  const authorityFile = join(folder, "caddy/pki/authorities/local/root.crt");
  const localAddress = `http://127.0.0.1:${ports.local}`;
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!existsSync(authorityFile) || !(await answers(localAddress)) || !/certificate obtained successfully/.test(output)) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`Caddy did not start:\n${output}`);
    await delay(POLL_MS);
  }
  return {
    httpsPort: ports.https,
    httpPort: ports.http,
    localAddress,
    authority: readFileSync(authorityFile, "utf8"),
    output: () => output,
    async remove() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGKILL");
        await exited;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const answers = (address: string): Promise<boolean> =>
  fetch(`${address}/health/live`).then(
    () => true,
    () => false,
  );

function findCaddy(): string {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", join(UNPACKED, "usr/bin")];
  const find = (): string | undefined => folders.map((folder) => join(folder, "caddy")).find((path) => existsSync(path));
  const found = find();
  if (found !== undefined) return found;
  if (existsSync("/usr/bin/apt-get")) {
    unpack();
    const unpacked = find();
    if (unpacked !== undefined) return unpacked;
  }
  throw new Error("These tests need Caddy. Install it (Debian: apt-get install caddy; macOS: brew install caddy) and put it on the PATH.");
}

/** In a folder of its own first: another test may be doing the same at this moment. */
function unpack(): void {
  mkdirSync(dirname(UNPACKED), { recursive: true });
  const folder = mkdtempSync(`${UNPACKED}-`);
  const run = (program: string, ...args: string[]): Buffer => execFileSync(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  run("apt-get", "download", "caddy");
  for (const file of readdirSync(folder)) run("dpkg-deb", "--extract", file, ".");
  try {
    renameSync(folder, UNPACKED);
  } catch {
    rmSync(folder, { recursive: true });
  }
}
