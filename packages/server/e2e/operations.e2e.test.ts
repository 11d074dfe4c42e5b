/** The scripts of whoever runs the machine, each as its own process. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

const SCRIPTS = resolve(import.meta.dirname, "../../../scripts");
const PASSWORD = "nine goats on a blue roof";
const OTHER_PASSWORD = "eleven owls in a red barn";

/** What the scripts find in the image: no npm, which would first bring a checkout up to date that a developer has changed. */
const PROGRAMS = { node: process.execPath, dirname: "/usr/bin/dirname" };

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  folder = await temporaryDirectory();
  await mkdir(join(folder.path, "bin"));
  for (const [name, program] of Object.entries(PROGRAMS)) await symlink(program, join(folder.path, "bin", name));
});
afterAll(() => folder.remove());

function run(script: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { promise, resolve: end } = Promise.withResolvers<{ exitCode: number; told: string }>();
  const env = { PATH: join(folder.path, "bin"), ...environment };
  const child = execFile(join(SCRIPTS, script), args, { env, encoding: "utf8" }, (error, stdout, stderr) =>
    end({ exitCode: error === null ? 0 : Number(error.code), told: `${stdout}${stderr}` }),
  );
  child.stdin?.end();
  return promise;
}

async function logIn(address: string, password: string): Promise<number> {
  return (await fetch(`${address}/auth/token`, { method: "POST", body: new URLSearchParams({ username: "admin", password }) })).status;
}

describe("scripts/create-admin", () => {
  it("makes the admin of a server in production that was told no password, and sets it right when told to", async () => {
    const postgres = await startPostgresServer();
    const production = {
      NODE_ENV: "production",
      API_KEY: "6f1c0a8e5d3b497286aa0c4e91d7f25b",
      SECRET_KEY: "b4e07d9135c84f6a9a2d6c1f03e8b75c",
      DATABASE_URL: postgres.url,
    };
    const server = await startServer({ ...production, DATA_DIR: join(folder.path, "production") });
    try {
      expect(server.output()).toContain("nobody can administer this server yet");
      const create = (password: string, ...args: string[]) => run("create-admin", args, { ...production, ADMIN_PASSWORD: password });
      expect(await create(PASSWORD)).toEqual({ exitCode: 0, told: expect.stringContaining("admin@example.com, superuser") });
      expect(await create(PASSWORD)).toEqual({ exitCode: 0, told: expect.stringContaining("nothing was changed") });
      // Seen by the server within the age of its copy; asked seldom enough for the limit on log-ins.
      await expect.poll(() => logIn(server.address, PASSWORD), { timeout: 10_000, interval: 1_200 }).toBe(200);

      expect(await create(OTHER_PASSWORD)).toEqual({ exitCode: 1, told: expect.stringContaining("--reset") });
      expect(await create(OTHER_PASSWORD, "--reset")).toEqual({ exitCode: 0, told: expect.stringContaining("new password") });
      await expect.poll(() => logIn(server.address, OTHER_PASSWORD), { timeout: 10_000, interval: 1_200 }).toBe(200);
      expect(await logIn(server.address, PASSWORD)).toBe(401);

      for (const weak of ["short", "your-secure-password", "administrator-password"])
        expect(await create(weak, "--reset"), weak).toMatchObject({ exitCode: 2 });
      const away = await run("create-admin", [], { ...production, DATABASE_URL: "postgres://a:b@127.0.0.1:1/c", ADMIN_PASSWORD: PASSWORD });
      expect(away).toMatchObject({ exitCode: 5 });
      expect(await run("create-admin", [], production)).toEqual({ exitCode: 2, told: expect.stringContaining("Set ADMIN_PASSWORD") });
      expect(`${server.output()}${away.told}`).not.toMatch(/goats|owls/);
    } finally {
      await server.stop();
      await postgres.remove();
    }
  });

  it("works on the embedded database while no server has it, and the next start keeps the password", async () => {
    const environment = { DATA_DIR: join(folder.path, "embedded") };
    const server = await startServer(environment);
    const before = await server.secrets();
    const refused = await run("create-admin", ["--reset"], { ...environment, ADMIN_PASSWORD: PASSWORD });
    expect(refused).toEqual({ exitCode: 1, told: expect.stringContaining("in use by another server") });
    await server.stop();
    expect(await run("create-admin", ["--reset"], { ...environment, ADMIN_PASSWORD: PASSWORD })).toMatchObject({ exitCode: 0 });
    const next = await startServer(environment);
    expect(await logIn(next.address, PASSWORD)).toBe(200);
    expect(await next.secrets()).toEqual({ ...before, adminPassword: PASSWORD });
    await next.stop();
  });
});

describe("scripts/rotate-secrets", () => {
  const FILE = "# Keys\nAPI_KEY=old-key # of the app\nSECRET_KEY=old-secret\n";
  async function environmentFile(name: string): Promise<string> {
    await mkdir(join(folder.path, name));
    const path = join(folder.path, name, ".env");
    await writeFile(path, FILE, { mode: 0o644 });
    return path;
  }

  it("replaces the secrets for their owner's eyes alone, says what comes next, and shows none", async () => {
    const path = await environmentFile("rotated");
    await symlink(path, join(folder.path, "linked.env"));
    const { exitCode, told } = await run("rotate-secrets", ["--file", join(folder.path, "linked.env"), "--overlap", "90m"]);
    const text = await readFile(path, "utf8");
    expect([exitCode, (await stat(path)).mode & 0o777]).toEqual([0, 0o600]);
    const [, key, until] =
      /^# Keys\nAPI_KEY=([0-9a-f]{64}) # of the app\nAPI_KEY_PREVIOUS=old-key\nSECRET_KEY=[0-9a-f]{64}\nSECRET_KEY_PREVIOUS=old-secret\nPREVIOUS_SECRETS_UNTIL=(\S+)\n$/.exec(
        text,
      ) ?? [];
    expect(Math.abs(Date.parse(until ?? "") - Date.now() - 90 * 60_000)).toBeLessThan(60_000);
    expect(told).toContain("./scripts/deploy.sh");
    for (const secret of [String(key), "old-key", "old-secret"]) expect(told).not.toContain(secret);

    expect(await run("rotate-secrets", ["--file", path])).toEqual({ exitCode: 0, told: expect.stringContaining("nothing was changed") });
    expect(await readFile(path, "utf8")).toBe(text);
    expect(await run("rotate-secrets", ["--file", path, "--end"])).toMatchObject({ exitCode: 0 });
    expect(await readFile(path, "utf8")).not.toMatch(/old-/);
    expect(await run("rotate-secrets", ["--file", path, "--end"])).toEqual({ exitCode: 0, told: expect.stringContaining("nothing was changed") });
  });

  it("says what is wrong, and changes nothing then", async () => {
    const path = await environmentFile("wrong");
    for (const wrong of [
      ["--overlap", "tomorrow"],
      ["--overlap", "99d"],
      ["--end", "--again"],
    ])
      expect(await run("rotate-secrets", ["--file", path, ...wrong]), wrong.join(" ")).toMatchObject({ exitCode: 2 });
    expect(await run("rotate-secrets", ["--file", `${path}.none`])).toEqual({ exitCode: 1, told: expect.stringContaining("cannot be read") });
    await writeFile(path, "API_KEY=only\n");
    expect(await run("rotate-secrets", ["--file", path])).toEqual({ exitCode: 1, told: expect.stringContaining("SECRET_KEY is not set there") });
    expect(await readFile(path, "utf8")).toBe("API_KEY=only\n");
  });

  it("killed at any moment leaves the file of before or the one after, and the next run does the rest", async () => {
    const path = await environmentFile("killed");
    const directory = join(path, "..");
    // A leftover of a run that was killed while it wrote, readable by others.
    await writeFile(`${path}.new`, "API_KEY=half");
    await chmod(`${path}.new`, 0o644);
    const main = resolve(import.meta.dirname, "../src/cli/main.mjs");
    const start = (): ChildProcess => spawn(process.execPath, [main, "rotate-secrets", "--file", path], { stdio: "ignore" });
    const startedAt = performance.now();
    await once(start(), "exit");
    const tookMs = performance.now() - startedAt;
    const rotated = await readFile(path, "utf8");
    expect(await readdir(directory)).toEqual([".env"]);
    for (let step = 0; step < 8; step += 1) {
      await writeFile(path, FILE);
      const child = start();
      const timer = setTimeout(() => child.kill("SIGKILL"), (tookMs * (step + 4)) / 12);
      await once(child, "exit");
      clearTimeout(timer);
      const text = await readFile(path, "utf8");
      if (text !== FILE) expect(text.replaceAll(/[0-9a-f]{64}|UNTIL=\S+/g, "")).toBe(rotated.replaceAll(/[0-9a-f]{64}|UNTIL=\S+/g, ""));
      await once(start(), "exit");
      expect(await readFile(path, "utf8")).toContain("API_KEY_PREVIOUS=old-key\n");
      expect(await readdir(directory)).toEqual([".env"]);
    }
  });
});
