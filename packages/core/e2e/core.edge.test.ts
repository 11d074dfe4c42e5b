/** Core runs unchanged in a worker runtime: nothing of Node is in its bundle, and it answers there what it answers here. */
import { builtinModules } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runEverything } from "./worker.ts";

const BUILTINS = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

describe("core in workerd", () => {
  let bundle: { readonly text: string; readonly imports: readonly string[] };
  let miniflare: Miniflare;

  beforeAll(async () => {
    const result = await build({
      entryPoints: [join(import.meta.dirname, "worker.ts")],
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2024",
      write: false,
      metafile: true,
    });
    bundle = {
      text: result.outputFiles[0]?.text ?? "",
      imports: Object.values(result.metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path)),
    };
    miniflare = new Miniflare({ modules: [{ type: "ESModule", path: "worker.js", contents: bundle.text }], compatibilityDate: "2026-07-01" });
  });
  afterAll(() => miniflare.dispose());

  it("bundles without any Node built-in", () => {
    expect(bundle.imports.length).toBeGreaterThan(20);
    expect(bundle.imports.filter((path) => BUILTINS.has(path))).toEqual([]);
    expect(bundle.text).not.toMatch(/\bprocess\.|\bBuffer\b|\brequire\(/);
  });

  it("ingests, searches and answers there exactly as in Node", async () => {
    const response = await miniflare.dispatchFetch("http://core.test/");
    const there: unknown = await response.json();
    const here = await runEverything();
    expect(there).toEqual(here);
    expect(here).toMatchObject({
      ingested: 3,
      answers: [
        { answerable: true, answeredBy: "extractive", quotes: [["tower.md", expect.stringContaining("Ada Lund")]] },
        { answerable: true, answeredBy: "model", quotes: [["tower.md", expect.stringContaining("Ada Lund")]] },
        { answerable: false, answeredBy: "gate", quotes: [] },
      ],
    });
  });
});
