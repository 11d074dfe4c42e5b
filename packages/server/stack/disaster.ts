/** The loss of everything, and the way back from a backup. */
import { randomUUID } from "node:crypto";
import type { Checkout } from "./checkout.ts";

export interface Recovery {
  /** Everything from before the backup is there, the server is well and answers a question. */
  readonly isWhole: boolean;
  /** What `restore.sh` took, from its start until it had asked a question. */
  readonly rtoSeconds: number;
  /** From the end of the destruction until the server answered again: stores, images and restore. */
  readonly destroyedSeconds: number;
  readonly acknowledgedFeedback: number;
  readonly lostFeedback: number;
  readonly output: string;
}

const API = "http://127.0.0.1:8000";
const BEFORE = 200;
const AFTER = 50;

/** Gives feedback, takes a backup, gives some more, and loses all volumes: what came after the backup is the price (RPO) without the write-ahead log. */
export async function destroyAndRestore(checkout: Checkout): Promise<Recovery> {
  const headers = { "x-api-key": checkout.setting("API_KEY"), "content-type": "application/json" };
  async function judge(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      const response = await fetch(`${API}/feedback`, { method: "POST", headers, body: JSON.stringify({ id: randomUUID(), rating: "up" }) });
      if (response.status !== 201) throw new Error(`feedback: ${response.status} ${await response.text()}`);
    }
  }
  async function counted(): Promise<number> {
    const { output } = await checkout.must(
      "docker compose -f docker-compose.prod.yml exec -T postgres psql -U postgres -d rag -Atc 'select count(*) from feedback'",
    );
    return Number(output.trim());
  }

  await judge(BEFORE);
  const before = await counted();
  await checkout.must("./scripts/backup.sh");
  await judge(AFTER);

  await checkout.must("docker compose -f docker-compose.prod.yml --profile '*' down --timeout 0");
  // Files of the containers' users, removed as those containers could.
  await checkout.must('docker run --rm --network none --user 0:0 --volume "$PWD/data:/data" "$RAG_IMAGE:current" sh -c "rm -rf /data/*"');
  const startedAt = performance.now();
  const redeployed = await checkout.must("./scripts/deploy.sh");
  const newest = (await checkout.must("ls backups | grep -E '^[0-9]' | sort | tail -1")).output.trim();
  const restored = await checkout.sh(`./scripts/restore.sh ${newest}`);
  const destroyedSeconds = (performance.now() - startedAt) / 1_000;

  const answer = await fetch(`${API}/chat`, { method: "POST", headers, body: JSON.stringify({ question: "What does the lamp need?" }) });
  const isAnswered = answer.status === 200 && (await answer.json()).answerable === true;
  const after = await counted();
  return {
    isWhole: restored.exitCode === 0 && isAnswered && after === before,
    rtoSeconds: restored.seconds,
    destroyedSeconds,
    acknowledgedFeedback: AFTER,
    lostFeedback: before + AFTER - after,
    output: `${redeployed.output}\n${restored.output}\nfeedback before ${before}, after ${after}, answered ${isAnswered}`,
  };
}
