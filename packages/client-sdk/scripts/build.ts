/** Builds `dist/`: the compiler's output, tRPC's client bundled into it, and declarations whose imports any TypeScript can follow. */
import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { build, type Plugin, transform } from "esbuild";

const PACKAGE = join(import.meta.dirname, "..");
const DIST = join(PACKAGE, "dist");
const VENDOR = "trpc/vendor";
/** The only declarations that may name another package. */
const ROUTER_TYPES = "trpc/app-router.d.ts";

/** The compiler rewrites `./x.ts` in what it emits as JavaScript, and leaves it as it is in the declarations. */
function rewriteDeclarations(): void {
  for (const file of globSync("**/*.d.ts", { cwd: DIST })) {
    const path = join(DIST, file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replaceAll(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"'));
  }
}

/** Declarations that no entry leads to would only name packages that a user does not have. */
function removeUnreachableDeclarations(): void {
  const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const left = Object.values<string>(exports).map((path) => path.replace("./src/", "").replace(/\.ts$/, ".d.ts"));
  const reached = new Set<string>();
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, from = ""] of readFileSync(join(DIST, file), "utf8").matchAll(/\b(?:from |import\(|import )"([^"]+)"/g)) {
      if (from.startsWith(".")) left.push(normalize(join(dirname(file), from.replace(/\.js$/, ".d.ts"))));
      else if (file !== ROUTER_TYPES) throw new Error(`${file} imports ${from}, which a user of the package may not have.`);
    }
  }
  for (const file of globSync("**/*.d.ts", { cwd: DIST })) if (!reached.has(file)) rmSync(join(DIST, file));
}

/** None of tRPC's modules does anything by being imported; not all of them say so. */
const withoutSideEffects: Plugin = {
  name: "without-side-effects",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, pluginData, ...args }) => {
      if (args.kind === "entry-point" || pluginData === "resolved") return undefined;
      return {
        ...(await resolve(path, { kind: args.kind, importer: args.importer, resolveDir: args.resolveDir, pluginData: "resolved" })),
        sideEffects: false,
      };
    });
  },
};

/** tRPC is compiled for runtimes without object spread and class fields; those this package is for have both, and what stands for them is short. */
const HELPERS = `
export const n = (target, name, value) => Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
export const t = Object.assign;
`;

const withShortHelpers: Plugin = {
  name: "with-short-helpers",
  setup({ onLoad }) {
    onLoad({ filter: /@trpc[\\/]client[\\/]dist[\\/]objectSpread2-[^\\/]+\.mjs$/ }, () => ({ contents: HELPERS }));
  },
};

/** A list of tRPC's that nothing here uses, and that no bundler dares to remove: reading a property might do something. */
const UNUSED_LIST = /^var retryableRpcCodes = \[[^\]]*\];$/m;

async function bundleVendor(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [join(PACKAGE, `src/${VENDOR}.ts`)],
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    plugins: [withoutSideEffects, withShortHelpers],
    write: false,
    logLevel: "error",
  });
  const bundled = outputFiles[0]?.text ?? "";
  const isUnused = bundled.match(/\bretryableRpcCodes\b/g)?.length === 1;
  const { code } = await transform(isUnused ? bundled.replace(UNUSED_LIST, "") : bundled, { treeShaking: true, format: "esm", target: "es2022" });
  writeFileSync(join(DIST, `${VENDOR}.js`), code);
  copyFileSync(join(PACKAGE, "node_modules/@trpc/client/LICENSE"), join(DIST, `${VENDOR}.LICENSE`));
}

rmSync(DIST, { recursive: true, force: true });
const { status } = spawnSync(join(PACKAGE, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: PACKAGE,
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (status !== 0) process.exit(status ?? 1);
rewriteDeclarations();
removeUnreachableDeclarations();
await bundleVendor();
