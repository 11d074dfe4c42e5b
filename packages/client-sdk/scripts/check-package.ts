/**
 * Checks the package as it would be published: builds and packs it, then looks at the tarball as a user's tools do.
 *
 * Usage: node scripts/check-package.ts [--update]
 *
 * `--update` rewrites the API report instead of comparing with it. Prints one line per check; exits with 1 when one fails.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { apiReport } from "./api-report.ts";
import { isAppRouterCurrent } from "./app-router.ts";
import { measureSizes } from "./check-size.ts";
import { findExamples, startExamples } from "./examples.ts";

const PACKAGE = join(import.meta.dirname, "..");
const ROOT = join(PACKAGE, "../..");
const DIST = join(PACKAGE, "dist");
const REPORT = join(PACKAGE, "api/client.api.md");
const ENTRIES = ["", "/errors", "/testing", "/trpc"];

const environment = { ...process.env, PATH: [join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter) };
const execute = promisify(execFile);

/** @throws with everything the program said when it fails. */
async function run(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await execute(command, args, { cwd, env: environment })).stdout;
  } catch (thrown) {
    const { stdout = "", stderr = "" } = thrown as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: thrown });
  }
}

let failures = 0;

/** Runs one check; what it returns is said behind its name. */
async function check(name: string, work: () => Promise<string>): Promise<void> {
  try {
    console.log(`ok: ${name} (${await work()})`);
  } catch (thrown) {
    failures += 1;
    console.log(`FAILED: ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function checkContents(tarball: string): Promise<string> {
  const files = (await run(PACKAGE, "tar", "-tzf", tarball)).trim().split("\n");
  const allowed = /^package\/(?:dist\/(?:[\w-]+\/)*[\w-]+\.(?:js|d\.ts|LICENSE)|README\.md|LICENSE|package\.json)$/;
  const strange = files.filter((file) => !allowed.test(file) || file.includes(".test."));
  const missing = ["README.md", "LICENSE", "package.json"].filter((file) => !files.includes(`package/${file}`));
  if (strange.length > 0 || missing.length > 0) throw new Error(`strange: ${strange.join(", ")}; missing: ${missing.join(", ")}`);
  const manifest = JSON.parse(await run(PACKAGE, "tar", "-xzOf", tarball, "package/package.json"));
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter((name) => manifest.peerDependenciesMeta?.[name]?.optional !== true);
  if (manifest.dependencies !== undefined || peers.length > 0) throw new Error("it depends on another package");
  return `${files.length} files, no dependency`;
}

/** What is imported by name at run time, and from which entry. */
async function exportedValues(): Promise<Map<string, string>> {
  const exported = new Map<string, string>();
  for (const entry of ENTRIES) {
    const module: object = await import(join(DIST, `${entry === "" ? "/index" : entry}.js`));
    for (const name of Object.keys(module)) if (!exported.has(name)) exported.set(name, `@rag-personal/client${entry}`);
  }
  return exported;
}

/** Types of the hosts under which the declarations must hold, `skipLibCheck` off. */
const HOSTS = {
  "no host's types": { lib: ["ES2022"], types: [] },
  "the DOM's types": { lib: ["ES2022", "DOM"], types: [] },
  "Node's types": { lib: ["ES2022"], types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] },
};

const RESOLUTIONS = {
  node16: { module: "node16", moduleResolution: "node16" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

async function compile(folder: string, files: readonly string[], options: object): Promise<string> {
  const common = { target: "ES2022", strict: true, skipLibCheck: false, noEmit: true, exactOptionalPropertyTypes: true };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...common, ...options }, files }));
  await run(folder, "tsc", "-p", ".");
  return `${files.length} ${files.length === 1 ? "file" : "files"}`;
}

/** Everything public, and the host's own fetch and signal where it has them. */
const SURFACE = `import { createClient, type FetchLike } from "@rag-personal/client";
import { ApiError } from "@rag-personal/client/errors";
import { createScriptedFetch } from "@rag-personal/client/testing";
type HostFetch = typeof globalThis extends { fetch: infer Fetch } ? Fetch : FetchLike;
type HostSignal = typeof globalThis extends { AbortController: { prototype: { signal: infer Signal } } } ? Signal : undefined;
export const ask = (fetch: HostFetch, signal: HostSignal) =>
  createClient({ baseUrl: "http://rag.test", fetch }).chat.ask("?", { signal }).then(({ citations }) => citations[0]?.quote);
export const script = createScriptedFetch([]);
export const status = (error: unknown): number | undefined => (error instanceof ApiError ? error.status : undefined);
`;

async function checkAsUser(folder: string, tarball: string): Promise<void> {
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  await check("npm installs the tarball without a network", async () => {
    await run(folder, "npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball);
    return `${(await readdir(join(folder, "node_modules"))).filter((name) => !name.startsWith(".")).join(", ")} alone`;
  });

  await writeFile(join(folder, "surface.ts"), SURFACE);
  for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
    for (const [host, types] of Object.entries(HOSTS)) {
      await check(`declarations hold under ${resolution} with ${host}`, () => compile(folder, ["surface.ts"], { ...module, ...types }));
    }
  }

  // The example of the router's type is for those who have tRPC themselves.
  for (const name of ["client", "server"]) {
    await cp(join(PACKAGE, "node_modules/@trpc", name), join(folder, "node_modules/@trpc", name), { recursive: true, dereference: true });
  }
  const server = await startExamples();
  try {
    const found = findExamples(PACKAGE, await exportedValues());
    const examples = found.map(({ place, source }, index) => ({ place, file: `example-${index}.ts`, source }));
    for (const { file, source } of examples) await writeFile(join(folder, file), server.place(source));
    const files = examples.map(({ file }) => file);
    for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
      const options = { ...module, ...HOSTS["Node's types"], lib: ["ES2022", "DOM", "ESNext.Disposable"] };
      await check(`examples compile under ${resolution}`, () => compile(folder, files, options));
    }
    for (const { place, file } of examples) {
      await check(`example of ${place} runs`, async () => `${(await run(folder, process.execPath, file)).length} characters of output`);
    }
  } finally {
    await server.close();
  }
}

async function checkReport(): Promise<string> {
  const report = apiReport(DIST);
  if (process.argv.includes("--update")) {
    await mkdir(join(PACKAGE, "api"), { recursive: true });
    await writeFile(REPORT, report);
    return "rewritten";
  }
  const fresh = join(DIST, "client.api.md");
  await writeFile(fresh, report);
  try {
    if ((await readFile(REPORT, "utf8")) !== report) await run(PACKAGE, "diff", "-u", REPORT, fresh);
  } finally {
    await rm(fresh);
  }
  return `${report.split("\n").length} lines`;
}

const folder = await mkdtemp(join(tmpdir(), "rag-client-"));
try {
  await check("build", async () => {
    await run(PACKAGE, process.execPath, "scripts/build.ts");
    return `${(await readdir(DIST, { recursive: true })).length} files and folders`;
  });
  await check("API report", checkReport);
  await check("type of the tRPC router", async () => {
    if (!isAppRouterCurrent())
      throw new Error("src/trpc/app-router.ts is not the server's router; write it again with `node packages/client-sdk/scripts/app-router.ts`");
    return "as the server has it";
  });
  for (const { name, sizeBytes, maxBytes } of await measureSizes()) {
    await check(`size of ${name}`, async () => {
      if (sizeBytes > maxBytes) throw new Error(`${sizeBytes} bytes, at most ${maxBytes} are allowed`);
      return `${sizeBytes} of at most ${maxBytes} bytes, minified and compressed`;
    });
  }
  await run(PACKAGE, "pnpm", "pack", "--pack-destination", folder);
  const tarball = join(folder, (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "");
  await check("contents of the tarball", () => checkContents(tarball));
  await check("publint", async () => (await run(PACKAGE, "publint", "run", tarball, "--strict")).trim().split("\n").at(-1) ?? "");
  await check("are the types wrong", async () => {
    await run(PACKAGE, "attw", tarball, "--profile", "esm-only", "--format", "ascii", "--no-color");
    return "no problem";
  });
  const user = join(folder, "user");
  await mkdir(user);
  await checkAsUser(user, tarball);
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (failures > 0) process.exitCode = 1;
