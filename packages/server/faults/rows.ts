/** The rows of the suite, by the numbers of the failure-mode table. */
import { freezeChroma } from "./chroma-freeze.ts";
import { killChroma } from "./chroma-kill.ts";
import { handOver } from "./hand-over.ts";
import { failModel } from "./model-failures.ts";
import { freezePostgres } from "./postgres-freeze.ts";
import { killPostgres } from "./postgres-kill.ts";
import { flapRedis } from "./redis-flap.ts";
import { freezeRedis } from "./redis-freeze.ts";
import { killRedis } from "./redis-kill.ts";
import type { Aim } from "./report.ts";
import type { RunRow } from "./row.ts";
import { startInAnyOrder } from "./start-order.ts";

export interface Row {
  readonly fault: string;
  readonly injections: number;
  /** With `--short`. */
  readonly shortInjections: number;
  readonly aim: Aim;
  readonly run: RunRow;
}

const REDIS_AIM: Aim = { detectMs: 250, healMs: 1_000 };
const CHROMA_AIM: Aim = { detectMs: 2_000, healMs: 1_000 };
const POSTGRES_AIM: Aim = { detectMs: 1_000, healMs: 1_000 };

export const ROWS: Readonly<Record<string, Row>> = {
  F1: { fault: "Redis killed (kill -9) and started again", injections: 20, shortInjections: 3, aim: REDIS_AIM, run: killRedis },
  F2: { fault: "Redis frozen (SIGSTOP)", injections: 10, shortInjections: 2, aim: REDIS_AIM, run: freezeRedis },
  // Of 300 ms each: 20 s.
  F4: { fault: "Redis flapping", injections: 67, shortInjections: 17, aim: REDIS_AIM, run: flapRedis },
  F5: { fault: "PostgreSQL killed (kill -9) and started again", injections: 100, shortInjections: 5, aim: POSTGRES_AIM, run: killPostgres },
  F6: { fault: "PostgreSQL frozen (SIGSTOP)", injections: 10, shortInjections: 2, aim: POSTGRES_AIM, run: freezePostgres },
  F8: { fault: "Chroma killed (kill -9) while documents are read", injections: 100, shortInjections: 3, aim: CHROMA_AIM, run: killChroma },
  F9: { fault: "Chroma frozen (SIGSTOP)", injections: 10, shortInjections: 2, aim: CHROMA_AIM, run: freezeChroma },
  F11: { fault: "language model fails", injections: 54, shortInjections: 10, aim: { healMs: 1_000 }, run: failModel },
  F14: { fault: "server replaced by hand-over", injections: 50, shortInjections: 3, aim: {}, run: handOver },
  F21: { fault: "start with everything away", injections: 20, shortInjections: 3, aim: { healMs: 2_000 }, run: startInAnyOrder },
};
