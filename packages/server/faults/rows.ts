/** The rows of the suite, by the numbers of the failure-mode table. */

import { compareBreaker } from "./breaker-histories.ts";
import { impairChroma } from "./chroma-impairments.ts";
import { killChroma } from "./chroma-kill.ts";
import { failClients } from "./client-faults.ts";
import { stepClock } from "./clock-steps.ts";
import { exhaust } from "./exhaustion.ts";
import { handOver } from "./hand-over.ts";
import { failModel } from "./model-failures.ts";
import { failModelNetwork } from "./model-network.ts";
import { failModelProcess } from "./model-process-failures.ts";
import { freezePostgres } from "./postgres-freeze.ts";
import { killPostgres } from "./postgres-kill.ts";
import { flapRedis } from "./redis-flap.ts";
import { freezeRedis } from "./redis-freeze.ts";
import { killRedis } from "./redis-kill.ts";
import { refuseRedis } from "./redis-refusals.ts";
import type { Aim } from "./report.ts";
import { killRestore } from "./restore-kill.ts";
import type { RunRow } from "./row.ts";
import { startInAnyOrder } from "./start-order.ts";
import { failTwo } from "./two-at-once.ts";
import { mismatchVectors } from "./vector-mismatch.ts";

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
  F2: { fault: "Redis frozen (SIGSTOP, CLIENT PAUSE ALL, DEBUG SLEEP)", injections: 10, shortInjections: 2, aim: REDIS_AIM, run: freezeRedis },
  F3: { fault: "Redis refuses: full, replica, password, loading, emptied", injections: 5, shortInjections: 1, aim: REDIS_AIM, run: refuseRedis },
  // Of 300 ms each: 20 s.
  F4: { fault: "Redis flapping", injections: 67, shortInjections: 17, aim: REDIS_AIM, run: flapRedis },
  F5: { fault: "PostgreSQL killed (kill -9) and started again", injections: 100, shortInjections: 5, aim: POSTGRES_AIM, run: killPostgres },
  F6: { fault: "PostgreSQL frozen (SIGSTOP)", injections: 10, shortInjections: 2, aim: POSTGRES_AIM, run: freezePostgres },
  F8: { fault: "Chroma killed (kill -9) while documents are read", injections: 100, shortInjections: 3, aim: CHROMA_AIM, run: killChroma },
  F9: { fault: "Chroma frozen (SIGSTOP), its disk full, its files damaged", injections: 10, shortInjections: 2, aim: CHROMA_AIM, run: impairChroma },
  F10: {
    fault: "vectors that do not belong together: model, dimension, collection, version",
    injections: 20,
    shortInjections: 4,
    aim: CHROMA_AIM,
    run: mismatchVectors,
  },
  F11: { fault: "language model fails", injections: 54, shortInjections: 10, aim: { healMs: 1_000 }, run: failModel },
  F12: { fault: "network to the language model fails", injections: 500, shortInjections: 40, aim: {}, run: failModelNetwork },
  F13: {
    fault: "clients leave, never read, trickle, repeat, pipeline",
    injections: 1_000,
    shortInjections: 100,
    aim: { detectMs: 100 },
    run: failClients,
  },
  F14: { fault: "server replaced by hand-over", injections: 50, shortInjections: 3, aim: {}, run: handOver },
  F15: {
    fault: "process of the embedding model killed, aborted, segfault, out of memory, hung",
    injections: 30,
    shortInjections: 6,
    aim: { healMs: 3_000 },
    run: failModelProcess,
  },
  F16: { fault: "clock steps by an hour and a day", injections: 20, shortInjections: 4, aim: {}, run: stepClock },
  F17: { fault: "breaker against its table, steps", injections: 10_000_000, shortInjections: 1_000_000, aim: {}, run: compareBreaker },
  F18: {
    fault: "nothing left: disks of data, log and waiting feedback full or read-only, no more open files",
    injections: 5,
    shortInjections: 1,
    // Free space is looked at every 5 s.
    aim: { detectMs: 5_000, healMs: 1_000 },
    run: exhaust,
  },
  F20: {
    fault: "two of Redis, PostgreSQL, Chroma, model at once",
    injections: 4,
    shortInjections: 1,
    aim: { detectMs: 2_000, healMs: 1_000 },
    run: failTwo,
  },
  F21: { fault: "start with everything away", injections: 20, shortInjections: 3, aim: { healMs: 2_000 }, run: startInAnyOrder },
  F22: { fault: "restore killed (kill -9) at any moment", injections: 100, shortInjections: 5, aim: { healMs: 5_000 }, run: killRestore },
};
