/** Chroma's files: no room for them, and bytes in them that nobody wrote. */
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ChromaScene, isChromaAway, isChromaBack } from "./chroma-scene.ts";
import { type Episodes, runEpisodes } from "./episodes.ts";
import type { RowOptions, Violation } from "./row.ts";
import type { SmallDisk } from "./small-disk.ts";
import { timeUntil } from "./waiting.ts";

/** Two minutes for 10,000 chunks are allowed; the scene has a fifth of them. */
const REBUILT_WITHIN_MS = 24_000;
const DATABASE = "chroma.sqlite3";
/** Head of the graph that a search walks. */
const GRAPH_HEAD = "header.bin";
/** Links and vectors of the chunks, one after the other. */
const GRAPH_BODY = "data_level0.bin";
/** As Chroma writes a chunk: the number of its links, 64 of them, 32 numbers of 4 bytes, and 8 bytes that name it. */
const LINKS_BYTES = 4 + 64 * 4;
const VECTOR_BYTES = 32 * 4;
const CHUNK_BYTES = LINKS_BYTES + VECTOR_BYTES + 8;
/** One vector in so many is damaged. */
const DAMAGED_EVERY = 5;
const GARBAGE = 0xa5;
const LOOKS = 20;
const BETWEEN_LOOKS_MS = 100;

const rebuilt = (scene: ChromaScene) => ({
  isDetected: () => isChromaAway(scene.observer),
  isHealed: async () => (await scene.observer.metric("rag_vectors_missing")) === 0 && (await scene.isBack()),
  lastsMs: { atLeast: 500, upTo: 1_500 },
  healWithinMs: REBUILT_WITHIN_MS,
});

/** Once a write of Chroma has failed, all its reads fail too, and room alone mends nothing: it has to be started again. */
export async function fillDisk(scene: ChromaScene, disk: SmallDisk, options: RowOptions): Promise<Episodes> {
  return await runEpisodes(
    {
      ...rebuilt(scene),
      async prepare() {
        await scene.untilInStep();
      },
      async begin() {
        disk.fill();
        await scene.changeDocuments();
      },
      async end() {
        disk.empty();
        await scene.chroma.restart();
      },
    },
    options,
  );
}

/** Vectors that are other numbers now are answered from without a word; the doctor finds them, and one command makes them anew. */
export async function damageVectors(scene: ChromaScene, options: RowOptions): Promise<Episodes> {
  const findsDamage = async (): Promise<boolean> => {
    const { body } = await scene.api.admin("GET", "/admin/doctor");
    return body.findings?.some(({ kind }: { readonly kind: string }) => kind === "unfindable") ?? false;
  };
  return await runEpisodes(
    {
      ...rebuilt(scene),
      async prepare() {
        await scene.untilInStep();
      },
      async begin() {
        await scene.chroma.kill();
        for (const file of filesNamed(scene.chroma.folder, GRAPH_BODY)) damageSomeVectors(file);
        await scene.chroma.restart();
        await timeUntil(() => scene.isBack(), performance.now(), REBUILT_WITHIN_MS);
      },
      end: async () => void (await scene.api.admin("POST", "/admin/index/reindex")),
      isDetected: findsDamage,
      isHealed: async () => (await scene.isBack()) && !(await findsDamage()),
    },
    options,
  );
}

/** A collection that can no longer be read or written is replaced by one command. */
export async function damageGraph(
  scene: ChromaScene,
  options: RowOptions,
): Promise<{ readonly episodes: Episodes; readonly violations: readonly Violation[] }> {
  const violations: Violation[] = [];
  const violate = (kind: Violation["kind"], detail: string): void => void violations.push({ kind, detail });
  const episodes = await runEpisodes(
    {
      ...rebuilt(scene),
      async prepare() {
        await scene.untilInStep();
      },
      async begin() {
        await scene.chroma.kill();
        for (const file of filesNamed(scene.chroma.folder, GRAPH_HEAD)) damage(file);
        await scene.chroma.restart();
      },
      async end() {
        const { status, body } = await scene.api.admin("POST", "/admin/index/reindex");
        if (status !== 202) violate("failed", `reindex: status ${status} ${JSON.stringify(body).slice(0, 200)}`);
      },
    },
    options,
  );
  // The generation before, which cannot be read, must not be in the way of the one that answers.
  for (let look = 0; look < LOOKS; look += 1) {
    await delay(BETWEEN_LOOKS_MS);
    if (!(await isChromaBack(scene.observer))) violate("disagrees", `${look * BETWEEN_LOOKS_MS} ms after the reindex the vectors do not serve`);
  }
  return { episodes, violations };
}

/** A Chroma that does not start any more begins with nothing, and is filled from the record. */
export async function damageDatabase(scene: ChromaScene, options: RowOptions): Promise<Episodes> {
  const { chroma } = scene;
  return await runEpisodes(
    {
      ...rebuilt(scene),
      async prepare() {
        await scene.untilInStep();
      },
      async begin() {
        await chroma.kill();
        damage(join(chroma.folder, DATABASE));
      },
      async end() {
        // It ends by itself; what it says then is of no use to anybody.
        await chroma.restart().catch(() => undefined);
        await chroma.kill();
        for (const name of readdirSync(chroma.folder)) rmSync(join(chroma.folder, name), { recursive: true });
        await chroma.restart();
      },
    },
    options,
  );
}

function filesNamed(folder: string, name: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(`/${name}`))
    .map((path) => join(folder, path));
}

/** The first half is other bytes from now on. */
function damage(path: string): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(Math.ceil(statSync(path).size / 2), GARBAGE));
  closeSync(file);
}

/** The links stay what they are: a search would walk into nothing, and end Chroma. */
function damageSomeVectors(path: string): void {
  const file = openSync(path, "r+");
  const { size } = statSync(path);
  const step = DAMAGED_EVERY * CHUNK_BYTES;
  for (let at = LINKS_BYTES; at < size; at += step) writeSync(file, Buffer.alloc(VECTOR_BYTES, GARBAGE), 0, VECTOR_BYTES, at);
  closeSync(file);
}
