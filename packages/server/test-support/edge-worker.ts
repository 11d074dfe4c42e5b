/** The worker of `edge.ts`, bundled as an operator would and run in workerd. */
import { builtinModules } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { Miniflare, type MiniflareOptions } from "miniflare";
import type { ApiRequest, ApiResponse } from "./api.ts";

const BUILTINS = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const SERVER = join(import.meta.dirname, "..");

export const EDGE_SECRETS = {
  API_KEY: "6f1c0a8e5d3b497286aa0c4e91d7f25b",
  SECRET_KEY: "b4e07d9135c84f6a9a2d6c1f03e8b75c",
  ADMIN_PASSWORD: "correct-horse-battery-staple-42!!",
};

export interface EdgeBundle {
  readonly text: string;
  readonly sizeBytes: number;
  readonly gzipBytes: number;
  /** Imports of what only Node has. */
  readonly builtins: readonly string[];
  /** Files that went into it. */
  readonly inputs: readonly string[];
}

/** Bundles as docs/edge.md says. @param entry below `packages/server`, or code as if it stood in `src`. */
export async function bundleEdge(entry: string | { readonly code: string } = "src/edge.ts"): Promise<EdgeBundle> {
  const source =
    typeof entry === "string"
      ? { entryPoints: [join(SERVER, entry)] }
      : { stdin: { contents: entry.code, resolveDir: join(SERVER, "src"), sourcefile: join(SERVER, "src/worker.ts"), loader: "ts" as const } };
  const { outputFiles, metafile } = await build({
    ...source,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
    external: [...BUILTINS],
    write: false,
    metafile: true,
  });
  const text = outputFiles[0]?.text ?? "";
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
  return {
    text,
    sizeBytes: Buffer.byteLength(text),
    gzipBytes: gzipSync(text).length,
    builtins: imports.filter((path) => BUILTINS.has(path)),
    inputs: Object.keys(metafile.inputs),
  };
}

/** A bucket or a namespace of miniflare; its own types want the globals of workers. */
interface Place {
  put(key: string, value: Uint8Array): Promise<unknown>;
}

export interface EdgeWorker {
  readonly address: string;
  /** Puts a file where the worker looks for it. @param place the name of the binding. */
  put(kind: "bucket" | "namespace", place: string, key: string, value: Uint8Array): Promise<void>;
  send(method: string, path: string, request?: ApiRequest): Promise<ApiResponse>;
  /** With the API key. */
  client(method: string, path: string, request?: ApiRequest): Promise<ApiResponse>;
  dispose(): Promise<void>;
}

/** Runs a bundle. @param options of miniflare; `bindings` is what the worker gets as its environment. */
export async function startEdgeWorker({ text }: EdgeBundle, options: Partial<MiniflareOptions> = {}): Promise<EdgeWorker> {
  const miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: text }],
    compatibilityDate: "2026-07-01",
    // Tells a worker that its client has left.
    compatibilityFlags: ["enable_request_signal"],
    ...options,
  } as MiniflareOptions);
  const address = (await miniflare.ready).origin;
  const send: EdgeWorker["send"] = async (method, path, { body, rawBody, headers } = {}) => {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const payload = rawBody ?? (body === undefined ? null : JSON.stringify(body));
    const response = await fetch(`${address}${path}`, { method, headers: { ...json, ...headers }, body: payload });
    const answer = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(answer) : answer };
  };
  return {
    address,
    send,
    async put(kind, place, key, value) {
      const found: unknown = await (kind === "bucket" ? miniflare.getR2Bucket(place) : miniflare.getKVNamespace(place));
      await (found as Place).put(key, value);
    },
    client: (method, path, request = {}) => send(method, path, { ...request, headers: { "x-api-key": EDGE_SECRETS.API_KEY, ...request.headers } }),
    dispose: () => miniflare.dispose(),
  };
}
