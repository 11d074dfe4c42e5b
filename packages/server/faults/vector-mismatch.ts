/**
 * F10: vectors that do not belong together. A second server over the same stores is configured with another embedding model or another
 * dimension; the collection is removed behind the server's back; Chroma comes back as a version that is not supported.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromaClient } from "../test-support/chroma-server.ts";
import { startFalseChroma } from "../test-support/false-chroma.ts";
import { launchServer, type RunningServer, temporaryDirectory } from "../test-support/running-server.ts";
import { writeTinyEmbedder } from "../test-support/tiny-model/tiny-model.ts";
import { liveCollection, readVectors } from "./chroma-contents.ts";
import { type ChromaScene, isChromaAway, PROMISED_WITHOUT_CHROMA, startChromaScene } from "./chroma-scene.ts";
import { type Episodes, joinEpisodes, runEpisodes } from "./episodes.ts";
import { medianAndMax } from "./figures.ts";
import { createFindings } from "./findings.ts";
import { createHttpClient } from "./http-client.ts";
import { observe } from "./observer.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";
import { endServer, exitViolation } from "./scene.ts";
import { timeUntil } from "./waiting.ts";

const UNSUPPORTED = { version: "2.0.0", line: "CHROMA IS NOT A SUPPORTED VERSION" };
const OTHER_MODELS = [
  { name: "another model", of: { seed: 2 } },
  { name: "another dimension", of: { dimensions: 48 } },
] as const;
const REFUSED_WITHIN_MS = 5_000;
const ASKED_WHILE_REFUSED = 5;

/** `injections` counts all four kinds, in turn. */
export async function mismatchVectors(options: RowOptions): Promise<RowResult> {
  const { injections, say } = options;
  const scene = await startChromaScene(options);
  const findings = createFindings();
  const made = await readVectors(await liveCollection(scene.chroma, scene.api));
  const kinds: readonly Kind[] = [
    ...OTHER_MODELS.map((model): Kind => ({ name: `${model.name} in a second server`, seen: [], inject: () => startBeside(scene, model, options) })),
    { name: "collection removed", seen: [], inject: () => removeCollection(scene, options) },
    { name: "Chroma of version 2.0.0 in its place", seen: [], inject: () => replaceByAnotherVersion(scene, options, findings.violate) },
  ];
  for (let injection = 0; injection < injections; injection += 1) {
    const kind = kinds[injection % kinds.length];
    kind?.seen.push(await kind.inject());
    await scene.untilInStep();
    const mixed = countDifferent(made, await readVectors(await liveCollection(scene.chroma, scene.api)));
    if (mixed > 0) findings.violate("disagrees", `injection ${injection + 1}: ${mixed} vectors are not those that the model made at first`);
    if ((injection + 1) % kinds.length === 0) say(`${injection + 1} of ${injections}`);
  }
  const { violations, remark } = await scene.checkVectors();
  return await scene.finish({
    promised: PROMISED_WITHOUT_CHROMA,
    episodes: joinEpisodes(kinds.flatMap(({ seen }) => seen)),
    violations: [...findings.violations, ...violations],
    remarks: [
      ...kinds.map(({ name, seen }) => describeKind(name, joinEpisodes(seen))),
      "a second server detects from its being ready until it shows its vectors as refused",
      `after each, all ${made.size} vectors were compared with those made at first`,
      remark,
    ],
  });
}

interface Kind {
  readonly name: string;
  readonly seen: Episodes[];
  readonly inject: () => Promise<Episodes>;
}

function describeKind(name: string, { detectMs, healMs }: Episodes): string {
  return `${name}, ${detectMs.length} times: detected ${medianAndMax(detectMs)}${healMs.length === 0 ? "" : `, healed ${medianAndMax(healMs)}`}`;
}

function countDifferent(made: ReadonlyMap<string, readonly number[]>, now: ReadonlyMap<string, readonly number[]>): number {
  const ids = new Set([...made.keys(), ...now.keys()]);
  return [...ids].filter((id) => made.get(id)?.some((number, at) => number !== now.get(id)?.[at]) ?? true).length;
}

/** A second server, over the same record and the same Chroma, that would make other vectors. */
async function startBeside(scene: ChromaScene, { name, of }: (typeof OTHER_MODELS)[number], { cleanUp }: RowOptions): Promise<Episodes> {
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const [data, model] = [join(folder.path, "data"), join(folder.path, "model")];
  await mkdir(data, { mode: 0o700 });
  await copyFile(join(scene.server.dataDir, "secrets.json"), join(data, "secrets.json"));
  await writeTinyEmbedder(model, of);
  const fromMs = performance.now();
  const server = launchServer({ ...scene.settings, DATA_DIR: data, EMBEDDING_MODEL: model, LOG_LEVEL: "warn" });
  cleanUp.add(() => endServer(server));
  await server.started;
  const readyAtMs = performance.now();
  const observer = observe(server, server.address);
  const isRefused = async (): Promise<boolean> => (await observer.metric('rag_vectors_state{state="refused"}')) === 1;
  const refusedMs = await timeUntil(isRefused, readyAtMs, REFUSED_WITHIN_MS);
  const violations: Violation[] = [];
  const violate = (kind: Violation["kind"], detail: string): void => void violations.push({ kind, detail: `${name}: ${detail}` });
  if (refusedMs === undefined) violate("not detected", `the vectors were not refused within ${REFUSED_WITHIN_MS} ms`);
  await askRefused(server, scene.api.apiKey, violate);
  if (!server.output().includes("rag reindex")) violate("disagrees", "the log does not name the command that repairs it");
  observer.close();
  if (server.process.exitCode !== null) violations.push(exitViolation(server));
  else if ((await server.stop()) !== 0) violate("process exit", "it did not end in order");
  const detectMs = refusedMs ?? Number.POSITIVE_INFINITY;
  return { detectMs: [detectMs], healMs: [], outages: [{ fromMs, untilMs: performance.now() }], violations };
}

/** Everything is answered, by words alone, and says so. */
async function askRefused(server: RunningServer, apiKey: string, violate: (kind: Violation["kind"], detail: string) => void): Promise<void> {
  const client = createHttpClient(server.address, { "x-api-key": apiKey });
  for (let asked = 0; asked < ASKED_WHILE_REFUSED; asked += 1) {
    const { status, text } = await client.send({ method: "POST", path: "/search", body: { query: "What about the lamp?", limit: 3 } });
    if (status !== 200) violate("failed", `status ${status}: ${text.slice(0, 200)}`);
    else if (JSON.parse(text).degraded !== true) violate("disagrees", "an answer without vectors is not marked as degraded");
  }
  client.close();
}

async function removeCollection(scene: ChromaScene, options: RowOptions): Promise<Episodes> {
  return await runEpisodes(
    {
      async begin() {
        const { name } = await liveCollection(scene.chroma, scene.api);
        await chromaClient(scene.chroma).deleteCollection({ name });
      },
      end: async () => {},
      isDetected: async () => ((await scene.observer.metric("rag_vectors_missing")) ?? 0) > 0,
      async isHealed() {
        return (await scene.observer.metric("rag_vectors_missing")) === 0 && (await scene.isBack());
      },
      lastsMs: { atLeast: 0, upTo: 0 },
    },
    { ...options, injections: 1 },
  );
}

async function replaceByAnotherVersion(
  scene: ChromaScene,
  options: RowOptions,
  violate: (kind: Violation["kind"], detail: string) => void,
): Promise<Episodes> {
  const linesBefore = scene.observer.countInLog(UNSUPPORTED.line);
  let close: () => Promise<void> = async () => {};
  const episodes = await runEpisodes(
    {
      async begin() {
        await scene.chroma.kill();
        const other = await startFalseChroma(scene.chroma.port);
        other.version = UNSUPPORTED.version;
        close = () => other.close();
        options.cleanUp.add(close);
      },
      async end() {
        if (scene.observer.countInLog(UNSUPPORTED.line) === linesBefore)
          violate("disagrees", "the log does not say that the version is not supported");
        await close();
        await scene.chroma.restart();
      },
      isDetected: () => isChromaAway(scene.observer),
      isHealed: () => scene.isBack(),
      lastsMs: { atLeast: 500, upTo: 1_000 },
    },
    { ...options, injections: 1 },
  );
  return episodes;
}
