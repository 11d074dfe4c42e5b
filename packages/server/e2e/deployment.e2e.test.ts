/** What `scripts/deploy.sh` needs of the program, run as it runs it. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";

const RAG = join(import.meta.dirname, "../src/cli/main.mjs");
const SECRETS = Object.fromEntries(
  ["API_KEY", "SECRET_KEY", "METRICS_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_ADMIN_PASSWORD"].map((name, at) => [
    name,
    `${at}a7c5e9${at}`.repeat(8),
  ]),
);

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgresServer();
  folder = await mkdtemp(join(tmpdir(), "rag-deployment-"));
});
afterAll(async () => {
  await postgres?.remove();
  await rm(folder, { recursive: true, force: true });
});

function rag(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], HOME: folder, DATA_DIR: join(folder, "data"), ...environment };
    execFile(process.execPath, [RAG, ...args], { env }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });
}

describe("rag migrate", () => {
  it("says what is missing without making it, makes it, and then finds nothing missing", async () => {
    const environment = { DATABASE_URL: postgres.url };
    const before = await rag(["migrate", "--check"], environment);
    expect(before.out).toMatch(/^compatible\n001-/);
    expect(JSON.parse((await rag(["migrate", "--check", "--json"], environment)).out)).toMatchObject({ state: "compatible" });
    const made = await rag(["migrate"], environment);
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^applied 001-/) });
    expect((await rag(["migrate", "--check"], environment)).out).toBe("current\n");
  });

  it("leaves the embedded database to its server", async () => {
    expect(await rag(["migrate"], {})).toMatchObject({ code: 2, err: expect.stringContaining("DATABASE_URL is not set") });
  });
});

describe("rag deployment", () => {
  it("writes the secrets of good settings, and says which", async () => {
    const secrets = join(folder, "secrets");
    const { code, out } = await rag(["deployment", "--secrets", secrets], { ...SECRETS, METRICS_USERNAME: "prometheus" });
    expect(out).toContain("wrote redis_auth");
    expect(code).toBe(0);
    expect(await readdir(secrets)).toContain("postgres_password");
  });

  it("names everything that is wrong with others at once, writes nothing, and shows no secret", async () => {
    const secrets = join(folder, "none");
    const refused = await rag(["deployment", "--secrets", secrets], { ...SECRETS, API_KEY: "change-me", REDIS_PASSWORD: `${"x9".repeat(20)} y` });
    expect(refused.code).not.toBe(0);
    for (const wrong of ["API_KEY is a known example", "REDIS_PASSWORD may hold", "METRICS_USERNAME must be set"])
      expect(refused.err).toContain(wrong);
    expect(refused.err).not.toContain("x9x9");
    await expect(readdir(secrets)).rejects.toThrow("ENOENT");
  });
});
