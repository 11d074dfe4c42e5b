/**
 * Keeps the client as it is now, in one file, so that the servers to come can be tried with it.
 *
 * Usage: node packages/client-sdk/scripts/snapshot.ts
 *
 * To be run at each release, after the version was raised and the package built; `e2e/contract.e2e.test.ts` tries every file there is.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const PACKAGE = join(import.meta.dirname, "..");
const SNAPSHOTS = join(PACKAGE, "snapshots");

const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
const { outputFiles } = await build({
  entryPoints: [join(PACKAGE, "dist/index.js")],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  write: false,
  banner: { js: `// @rag-personal/client ${version} as it was released, with @trpc/client (MIT, Copyright (c) Alex Johansson) inside.` },
});
mkdirSync(SNAPSHOTS, { recursive: true });
writeFileSync(join(SNAPSHOTS, `client-${version}.js`), outputFiles[0]?.contents ?? "");
