/** F15: the process of the embedding model is killed, fails as native code does, runs out of memory, or hangs, while documents are read. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ABORT, GROW, HANG, SEGFAULT } from "../test-support/faulty-model-texts.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";
import { PROMISED_WITHOUT_CHROMA, startChromaScene } from "./chroma-scene.ts";
import { runEpisodes } from "./episodes.ts";
import { medianAndMax } from "./figures.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";

const FAULTS = [
  { name: "killed", text: "SIGKILL" },
  { name: "aborted", text: ABORT },
  { name: "segfault", text: SEGFAULT },
  { name: "out of memory", text: GROW },
  { name: "hung", text: HANG },
] as const;
/** The fault comes within so many milliseconds after the reading began. */
const WITHIN_MS = 500;
/** A run that takes longer hangs; the program's default is 30 s, which would make most of the row waiting. */
const MODEL_TIMEOUT_MS = 1_000;
const BACK_WITHIN_MS = 3_000;
/** Fewer than the clients of the long form: what more asks is told so at once, and answered without. */
const QUEUE_TEXTS = 20;
const PRELOADED = join(import.meta.dirname, "failing-models.ts");

/** What waits for the process waits until it is back. */
const PROMISED = { ...PROMISED_WITHOUT_CHROMA, deadlineMs: (): number => MODEL_TIMEOUT_MS + BACK_WITHIN_MS };

interface EmbedderHealth {
  readonly isHealthy: boolean;
  readonly restarts: number;
}

export async function failModelProcess(options: RowOptions): Promise<RowResult> {
  const { random, cleanUp } = options;
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const file = join(folder.path, "fault");
  const more = {
    NODE_OPTIONS: `--import=${PRELOADED}`,
    MODEL_FAULT_FILE: file,
    MODEL_TIMEOUT_MS: String(MODEL_TIMEOUT_MS),
    MODEL_QUEUE_TEXTS: String(QUEUE_TEXTS),
  };
  const scene = await startChromaScene(options, { more });
  const violations: Violation[] = [];
  let injected = 0;
  let before: EmbedderHealth = { isHealthy: true, restarts: 0 };

  async function embedder(): Promise<EmbedderHealth> {
    const { body } = await scene.api.client("GET", "/health/detailed");
    const { status, detail } = body.components.embedder;
    return { isHealthy: status === "healthy", restarts: Number(/loaded anew (\d+) times/.exec(String(detail))?.[1] ?? Number.NaN) };
  }

  const episodes = await runEpisodes(
    {
      async prepare() {
        await scene.untilInStep();
        before = await embedder();
        await scene.changeDocuments();
        await delay(random() * WITHIN_MS);
      },
      async begin() {
        const fault = FAULTS[injected % FAULTS.length] ?? FAULTS[0];
        injected += 1;
        await writeFile(file, fault.text);
        scene.server.process.kill("SIGUSR2");
      },
      // None of them lasts longer than until it is noticed.
      end: async () => {},
      async isDetected() {
        const now = await embedder();
        return !now.isHealthy || now.restarts > before.restarts;
      },
      isHealed: async () => (await embedder()).isHealthy && (await scene.isBack()),
      lastsMs: { atLeast: 0, upTo: 0 },
    },
    options,
  );
  for (const [at, healMs] of episodes.healMs.entries()) {
    if (healMs > BACK_WITHIN_MS) violations.push({ kind: "not healed", detail: `injection ${at + 1}: back after ${Math.round(healMs)} ms` });
  }
  const { violations: inVectors, remark } = await scene.checkVectors();
  const restarts = (await embedder()).restarts;
  const ofKind = (values: readonly number[], kind: number): string => medianAndMax(values.filter((_, at) => at % FAULTS.length === kind));
  return await scene.finish({
    promised: PROMISED,
    episodes,
    violations: [...violations, ...inVectors],
    remarks: [
      ...FAULTS.map(({ name }, kind) => `${name}: detected ${ofKind(episodes.detectMs, kind)}, back ${ofKind(episodes.healMs, kind)} later`),
      `MODEL_TIMEOUT_MS=${MODEL_TIMEOUT_MS}, MODEL_QUEUE_TEXTS=${QUEUE_TEXTS}; loaded anew ${restarts} times`,
      remark,
    ],
  });
}
