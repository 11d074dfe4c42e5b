/** What a newcomer sees: the first start, the lines it offers, the second start, and the refusals. */
import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchServer, type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const run = promisify(execFile);

/** The lines after "Try:", as a person would paste them into a shell. */
function pastedLines(output: string): { readonly key: string; readonly curls: readonly string[] } {
  const lines = output
    .slice(output.indexOf("Try:"))
    .split("\n")
    .map((line) => line.trim());
  return { key: lines.find((line) => line.startsWith("API_KEY=")) ?? "", curls: lines.filter((line) => line.startsWith("curl ")) };
}

describe("a first start on an empty folder", () => {
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  let dataDir: string;
  let server: RunningServer;
  beforeAll(async () => {
    folder = await temporaryDirectory();
    dataDir = join(folder.path, "data");
    server = await startServer({ DATA_DIR: dataDir }, { hasDatabase: false });
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  it("creates secrets that only the owner can read, shows them once and says where they are", async () => {
    const path = join(dataDir, "secrets.json");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    const secrets = await server.secrets();
    for (const secret of [secrets.apiKey, secrets.secretKey, secrets.adminPassword]) expect(Buffer.byteLength(secret)).toBeGreaterThanOrEqual(32);
    expect(server.output()).toContain(path);
    expect(server.output()).toContain(secrets.apiKey);
    expect(server.output()).toContain(secrets.adminPassword);
    expect(server.output()).not.toContain(secrets.secretKey);
  });

  it("reads the example documents, tells how far it is in plain lines, and names what is embedded with the variable that replaces it", () => {
    expect(server.output()).toMatch(/Reading documents: \d+\/\d+ files/);
    expect(server.output()).toMatch(/ready at http:\/\/127\.0\.0\.1:\d+ .*: 20 documents/);
    for (const variable of ["DATABASE_URL", "GROQ_API_KEY", "LLM_BASE_URL", "DATA_DIR"]) expect(server.output()).toContain(variable);
  });

  it("offers three curl lines that work as pasted, the first with a cited answer", async () => {
    const { key, curls } = pastedLines(server.output());
    expect(curls).toHaveLength(3);
    const answers = await Promise.all(curls.map(async (curl) => JSON.parse((await run("bash", ["-c", `${key}\n${curl}`])).stdout)));
    const [answer, search, health] = answers;
    expect(answer).toMatchObject({ answerable: true, answeredBy: "extractive", degraded: false });
    expect(answer.citations[0]).toMatchObject({ number: 1, path: "handbook/garden-and-goat.md", quote: expect.stringContaining("gold braid") });
    expect(answer.answer).toContain(answer.citations[0].quote);
    expect(search.hits).toHaveLength(3);
    expect(health).toMatchObject({ status: "healthy", components: { postgres: { status: "healthy", adapter: "pglite" } } });
  });

  it("refuses a second server on the same folder, with the reason, and goes on answering", async () => {
    const second = launchServer({ DATA_DIR: dataDir });
    expect(await second.exited).toBe(75);
    expect(second.output()).toMatch(/in use/i);
    expect(second.output()).toContain(String(server.process.pid));
    expect((await fetch(`${server.address}/health`)).status).toBe(200);
  });

  it("says so when the port is taken", async () => {
    const other = launchServer({ DATA_DIR: join(folder.path, "other"), PORT: new URL(server.address).port });
    expect(await other.exited).toBe(75);
    expect(other.output()).toMatch(/Port \d+ on 127\.0\.0\.1 is in use.*PORT/);
    expect(other.output()).not.toContain("    at ");
  });
});

describe("a second start", () => {
  it("reads nothing again, keeps the secrets to itself and is ready within five seconds", async () => {
    const folder = await temporaryDirectory();
    try {
      const first = await startServer({ DATA_DIR: folder.path });
      const secrets = await readFile(join(folder.path, "secrets.json"), "utf8");
      await first.stop();
      const began = performance.now();
      const second = await startServer({ DATA_DIR: folder.path });
      const tookMs = performance.now() - began;
      await second.stop();
      expect(second.output()).toMatch(/"added":0,"changed":0,"removed":0,"unchanged":20,"failed":0/);
      expect(await readFile(join(folder.path, "secrets.json"), "utf8")).toBe(secrets);
      expect(second.output()).not.toContain(JSON.parse(secrets).apiKey);
      expect(tookMs).toBeLessThan(5_000);
    } finally {
      await folder.remove();
    }
  });
});

describe("in production", () => {
  it("invents nothing: every missing, short and well-known secret is named in one message, and nothing is written", async () => {
    const folder = await temporaryDirectory();
    try {
      const settings = { NODE_ENV: "production", SECRET_KEY: "short", ADMIN_PASSWORD: "your-secure-password-your-secure-password" };
      const server = launchServer({ DATA_DIR: join(folder.path, "data"), ...settings }, { hasDatabase: false });
      expect(await server.exited).toBe(78);
      expect(server.output()).toMatch(
        /3 problems:\n.*API_KEY is missing.*\n.*SECRET_KEY is shorter than 32 bytes.*\n.*ADMIN_PASSWORD is a known example/,
      );
      await expect(stat(join(folder.path, "data"))).rejects.toThrow("ENOENT");
    } finally {
      await folder.remove();
    }
  });

  it("starts with strong secrets and shows none of them", async () => {
    const folder = await temporaryDirectory();
    const secrets = { API_KEY: "a1".repeat(20), SECRET_KEY: "b2".repeat(20), ADMIN_PASSWORD: "c3".repeat(20) };
    try {
      const server = await startServer({ DATA_DIR: folder.path, NODE_ENV: "production", ...secrets });
      await server.stop();
      for (const secret of Object.values(secrets)) expect(server.output()).not.toContain(secret);
      await expect(stat(join(folder.path, "secrets.json"))).rejects.toThrow("ENOENT");
    } finally {
      await folder.remove();
    }
  });
});

describe("a documents folder that is not there", () => {
  it("does not keep the server from starting, and removes nothing that is stored", async () => {
    const folder = await temporaryDirectory();
    try {
      const docs = join(folder.path, "docs");
      await promisify(execFile)("mkdir", [docs]);
      await writeFile(join(docs, "a.md"), "# Owls\n\nThe owl sleeps in the barn.");
      const first = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs });
      await first.stop();
      const second = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: join(folder.path, "elsewhere") });
      const { apiKey } = await second.secrets();
      const response = await fetch(`${second.address}/chat`, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json" },
        body: JSON.stringify({ question: "Where does the owl sleep?" }),
      });
      expect(await response.json()).toMatchObject({ answerable: true, citations: [{ path: "a.md" }] });
      await second.stop();
      expect(second.output()).toContain("DOCS_DIR");
    } finally {
      await folder.remove();
    }
  });
});
