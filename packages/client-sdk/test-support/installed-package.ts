/** The package as a user has it: packed, installed into a fresh folder outside of the repository, and used by programs that are compiled there. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { temporaryDirectory } from "../../server/test-support/running-server.ts";

const PACKAGE = join(import.meta.dirname, "..");
const ROOT = join(PACKAGE, "../..");
const execute = promisify(execFile);
const environment = { ...process.env, PATH: [join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter) };

async function run(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, args, { cwd, env: environment }).catch((thrown) => {
    throw new Error(`${command} ${args.join(" ")}\n${thrown.stdout}${thrown.stderr}`, { cause: thrown });
  });
  return stdout;
}

export interface InstalledPackage {
  readonly folder: string;
  /** Compiles with no host's types but the DOM's, and leaves JavaScript beside the source. @throws with what the compiler says. */
  compile(resolution: "bundler" | "node16", ...files: readonly string[]): Promise<void>;
  /** One file of JavaScript with everything in it. */
  bundle(source: string): Promise<string>;
  /** Runs a command in the folder. @returns what it prints. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function installPackage(): Promise<InstalledPackage> {
  const directory = await temporaryDirectory();
  const folder = join(directory.path, "user");
  await mkdir(folder);
  await run(PACKAGE, process.execPath, "scripts/build.ts");
  await run(PACKAGE, "pnpm", "pack", "--pack-destination", directory.path);
  const tarball = (await readdir(directory.path)).find((name) => name.endsWith(".tgz")) ?? "";
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  await run(folder, "npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", join(directory.path, tarball));
  return {
    folder,
    async compile(resolution, ...files) {
      const module = resolution === "node16" ? "node16" : "esnext";
      const compilerOptions = { target: "ES2022", module, moduleResolution: resolution, lib: ["ES2022", "DOM"], types: [], strict: true };
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      await run(folder, "tsc", "-p", ".");
    },
    async bundle(source) {
      const { outputFiles } = await build({
        stdin: { contents: source, resolveDir: folder, loader: "js" },
        bundle: true,
        format: "esm",
        platform: "browser",
        target: "es2022",
        write: false,
        logLevel: "error",
      });
      return outputFiles[0]?.text ?? "";
    },
    run: (command, ...args) => run(folder, command, ...args),
    remove: () => directory.remove(),
  };
}

/** The first example of the README, made into a function: what it imports stays outside. */
export async function readmeExample(replace: (source: string) => string): Promise<string> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const [imports, body] = [/^import .*$/gm, /^(?!import ).*$/gm].map((lines) => (example.match(lines) ?? []).join("\n"));
  return replace(`${imports}\nexport async function readme(): Promise<void> {\n${body}\n}\n`);
}
