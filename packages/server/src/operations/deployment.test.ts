import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { compareSync } from "bcryptjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDeployment } from "./deployment.ts";
import { describeEnvironmentFile } from "./environment-file.ts";
import { writeSecretFiles } from "./secret-files.ts";

const SECRET_NAMES = ["API_KEY", "SECRET_KEY", "METRICS_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_ADMIN_PASSWORD"];
const EXAMPLE = join(import.meta.dirname, "../../../../.env.example");

/** As an operator makes it: the example, with a secret of its own for each that must be set. */
async function ownEnvironment(): Promise<Record<string, string>> {
  const example = parseEnv(await readFile(EXAMPLE, "utf8"));
  const own = SECRET_NAMES.map((name, at) => [name, Buffer.from(`${name}-of-its-own-${at}-`.repeat(3)).toString("hex").slice(0, 64)]);
  return { ...example, ...Object.fromEntries(own) };
}

describe("the environment of the stack", () => {
  it("is refused with the values of .env.example, each secret by its name", async () => {
    const example = parseEnv(await readFile(EXAMPLE, "utf8"));
    const refusal = (): unknown => readDeployment(example);
    expect(refusal).toThrow("6 problems");
    for (const name of SECRET_NAMES) expect(refusal).toThrow(`${name} is a known example`);
  });

  it("is accepted once these are replaced", async () => {
    const environment = await ownEnvironment();
    expect(readDeployment(environment).metrics).toEqual({ username: "prometheus", password: environment["METRICS_PASSWORD"] });
  });

  it.each(SECRET_NAMES)("is refused without %s", async (name) => {
    const environment = await ownEnvironment();
    expect(() => readDeployment({ ...environment, [name]: "" })).toThrow(name);
    expect(() => readDeployment({ ...environment, [name]: "tooshort" })).toThrow(`${name} is shorter`);
  });

  it.each(["POSTGRES_PASSWORD", "REDIS_PASSWORD"])("is refused with a %s that would change the address it stands in", async (name) => {
    const environment = await ownEnvironment();
    expect(() => readDeployment({ ...environment, [name]: `${"x1".repeat(20)}@elsewhere/` })).toThrow(`${name} may hold letters`);
  });

  it("is documented variable by variable in .env.example", async () => {
    // `npx vitest run deployment.test --update` writes it anew.
    await expect(describeEnvironmentFile()).toMatchFileSnapshot("../../../../.env.example");
  });
});

describe("the files of secrets", () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "rag-secrets-")), "secrets");
  });
  afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

  async function write(changes: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    const { secrets, metrics } = readDeployment({ ...(await ownEnvironment()), ...changes });
    return await writeSecretFiles({ folder, secrets, metrics, newSecret: () => "made-up" });
  }

  it("can be reached by their owner alone, and read by any user of a container that they are mounted into", async () => {
    expect(await write()).toHaveLength(6);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "redis_auth"))).mode & 0o777).toBe(0o444);
  });

  it("are left alone where nothing has changed, and written in place where something has", async () => {
    await write();
    const { ino } = await stat(join(folder, "redis_auth"));
    expect(await write()).toEqual([]);
    const replaced = "0f".repeat(32);
    expect(await write({ REDIS_PASSWORD: replaced })).toEqual(["redis_auth"]);
    expect(await readFile(join(folder, "redis_auth"), "utf8")).toBe(`requirepass ${replaced}\n`);
    expect((await stat(join(folder, "redis_auth"))).ino).toBe(ino);
  });

  it("give caddy a hash of the password for the metrics, which is cheap to compare", async () => {
    await write();
    const [name, hashed = ""] = (await readFile(join(folder, "metrics_users"), "utf8")).trim().split(" ");
    expect(name).toBe("prometheus");
    expect(hashed).toMatch(/^\$2[aby]\$05\$/);
    expect(compareSync((await ownEnvironment())["METRICS_PASSWORD"] ?? "", hashed)).toBe(true);
  });
});
