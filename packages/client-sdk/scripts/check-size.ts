/** What a browser bundle of the built client weighs, minified and compressed, against its limits. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What is bundled, and how many bytes it may have. */
const LIMITS = [
  { name: "whole client", source: 'export * from "./index.js";', maxBytes: 15_000 },
  { name: "chat alone", source: 'export { createChatClient } from "./index.js";', maxBytes: 12_000 },
  { name: "errors alone", source: 'export * from "./errors.js";', maxBytes: 1_500 },
  { name: "nothing of it used", source: 'import "./index.js";', maxBytes: 100 },
] as const;

/** One bundle and its size. */
export interface MeasuredSize {
  readonly name: string;
  readonly sizeBytes: number;
  readonly maxBytes: number;
}

async function measure(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: join(import.meta.dirname, "../dist"), loader: "js" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).byteLength;
}

/** Every bundle with its size; `platform: "browser"` makes a Node built-in an error. */
export async function measureSizes(): Promise<MeasuredSize[]> {
  return Promise.all(LIMITS.map(async ({ name, source, maxBytes }) => ({ name, maxBytes, sizeBytes: await measure(source) })));
}

if (import.meta.main) {
  for (const { name, sizeBytes, maxBytes } of await measureSizes()) {
    const isWithin = sizeBytes <= maxBytes;
    console.log(`${isWithin ? "ok" : "FAILED"}: ${name} ${sizeBytes} of at most ${maxBytes} bytes`);
    if (!isWithin) process.exitCode = 1;
  }
}
