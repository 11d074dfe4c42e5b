/** Builds `dist/`: the compiler's output, with declarations whose imports any TypeScript can follow. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGE = join(import.meta.dirname, "..");
const DIST = join(PACKAGE, "dist");

/** The compiler rewrites `./x.ts` in what it emits as JavaScript, and leaves it as it is in the declarations. */
function rewriteDeclarations(): void {
  for (const file of globSync("**/*.d.ts", { cwd: DIST })) {
    const path = join(DIST, file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replaceAll(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"'));
  }
}

rmSync(DIST, { recursive: true, force: true });
const { status } = spawnSync(join(PACKAGE, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: PACKAGE,
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (status !== 0) process.exit(status ?? 1);
rewriteDeclarations();
