/** How one server takes over from another behind a socket that stays open, and what the launcher does when a server fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { BoundSocket } from "node:net";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copyEmptyDatabase } from "../test-support/empty-database.ts";
import { type LaunchedServer, startLauncher } from "../test-support/launched-server.ts";
import { restartUnderLoad } from "../test-support/restart-load.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";

const MAIN = resolve(import.meta.dirname, "../src/main.ts");
const SCRIPTS = resolve(import.meta.dirname, "../../../scripts");

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let launched: LaunchedServer | undefined;

beforeEach(async () => {
  folder = await temporaryDirectory();
});
afterEach(async () => {
  await launched?.stop("SIGKILL");
  launched = undefined;
  await folder.remove();
});

/** A release that keeps to the launcher's protocol and answers with its name. */
const release = (name: string, exitCode = 0): string => `
  import { createServer } from "node:http";
  const server = createServer((_, response) => response.end("${name}"));
  process.on("message", () => server.listen({ fd: 3 }, () => process.send("serving")));
  process.on("SIGTERM", () => process.exit(${exitCode}));
  process.on("disconnect", () => process.exit());
  process.send("loaded");
`;

/** Makes `current` lead to a release with this program, in one step as a deployment does it. */
async function deploy(name: string, program: string): Promise<void> {
  const root = join(folder.path, name);
  await mkdir(join(root, "packages/server/src"), { recursive: true });
  await writeFile(join(root, "packages/server/src/main.ts"), program);
  await writeFile(join(root, "package.json"), '{ "type": "module" }');
  await symlink(SCRIPTS, join(root, "scripts"));
  await symlink(root, join(folder.path, "next"));
  await rename(join(folder.path, "next"), join(folder.path, "current"));
}

async function launch(): Promise<LaunchedServer> {
  launched = await startLauncher({ DATA_DIR: join(folder.path, "data") }, join(folder.path, "current/scripts/serve.mjs"));
  return launched;
}

async function launchServing(): Promise<LaunchedServer> {
  const server = await launch();
  await server.said(/is serving/);
  return server;
}

const ask = async ({ address }: LaunchedServer): Promise<string> => await (await fetch(address, { headers: { connection: "close" } })).text();

describe("restarts under load", () => {
  it("fail no request and lose no acknowledged feedback", { timeout: 300_000 }, async () => {
    const result = await restartUnderLoad(5);
    expect(result.failures).toEqual([]);
    expect(result.lost).toEqual([]);
    expect(result.stored).toBe(result.sent.size);
    expect(result.acknowledged.size).toBe(result.sent.size);
    // Clients that had met no restart, or had kept no connection, would have shown nothing.
    expect(result.restartsMs).toHaveLength(5);
    expect(result.connections).toBeLessThan(result.requests);
    expect(result.acknowledged.size).toBeGreaterThan(100);
  });
});

describe("a socket that a supervisor holds by systemd's protocol alone", () => {
  it("is served by one server after the other, and whoever connects in between waits", async () => {
    const socket = new BoundSocket({ host: "127.0.0.1" });
    const health = `http://127.0.0.1:${socket.address().port}/health/ready`;
    const start = (): ChildProcess => {
      const command = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"';
      const env = { PATH: process.env["PATH"], NODE_ENV: "test", DATA_DIR: join(folder.path, "data"), LOG_LEVEL: "silent" };
      copyEmptyDatabase(env);
      return spawn("sh", ["-c", command, "sh", process.execPath, MAIN], { env, stdio: ["ignore", "ignore", "ignore", socket.fd()] });
    };
    let server = start();
    try {
      await expect
        .poll(
          () =>
            fetch(health).then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 30_000 },
        )
        .toBe(200);
      server.kill("SIGTERM");
      expect(await once(server, "exit")).toEqual([0, null]);
      const waiting = fetch(health);
      server = start();
      expect((await waiting).status).toBe(200);
    } finally {
      server.kill("SIGKILL");
      socket.close();
    }
  });
});

describe("a server whose launcher was killed", () => {
  it("stops by itself and gives up its data and its socket", async () => {
    launched = await startLauncher({ DATA_DIR: join(folder.path, "data") });
    await launched.said(/In use:/);
    const { address } = launched;
    expect(await launched.stop("SIGKILL")).toBe("SIGKILL");
    await launched.said(/"msg":"stopped"/);
    await expect(fetch(`${address}/health`)).rejects.toThrow();
  });
});

describe("the launcher", () => {
  it("replaces a server by the release that its path leads to now", async () => {
    await deploy("a", release("a"));
    const server = await launchServing();
    expect(await ask(server)).toBe("a");
    await deploy("b", release("b"));
    await server.replace();
    expect(await ask(server)).toBe("b");
  });

  it("keeps the running server when its replacement cannot be loaded", async () => {
    await deploy("a", release("a"));
    const server = await launchServing();
    await deploy("broken", "process.exit(78)");
    server.process.kill("SIGHUP");
    await server.said(/ended with code 78 before its turn; server \d+ goes on/);
    expect(await ask(server)).toBe("a");
  });

  it("starts a killed server again, and whoever connects meanwhile waits", async () => {
    await deploy("a", release("a"));
    const server = await launchServing();
    process.kill(server.servingProcess() ?? 0, "SIGKILL");
    await server.said(/ended by SIGKILL/);
    expect(await ask(server)).toBe("a");
  });

  it("waits twice as long after each failure", async () => {
    await deploy("failing", "process.exit(75)");
    const server = await launch();
    await server.said(/again in 250 ms.*again in 500 ms.*again in 1000 ms/s);
    expect(server.output().match(/server \d+ started/g)).toHaveLength(3);
  });

  it("ends with a server whose configuration is wrong", async () => {
    await deploy("misconfigured", "process.exit(78)");
    const server = await launch();
    expect(await server.stop("SIGCONT")).toBe(78);
  });

  it("stops its server on SIGTERM and ends as that ended", async () => {
    await deploy("a", release("a", 7));
    const server = await launchServing();
    expect(await server.stop("SIGTERM")).toBe(7);
    await expect(ask(server)).rejects.toThrow();
  });
});
