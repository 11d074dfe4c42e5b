/** F17: the circuit breaker against its table, through random histories of calls, late replies, waits and resets. */
import { checkBreakerHistories } from "../../core/test-support/breaker-histories.ts";
import type { RowOptions, RowResult } from "./row.ts";

const HISTORIES_AT_A_TIME = 5_000;
const SEED_LIMIT = 2 ** 31;

/** `injections` is the number of steps at least. The first disagreement ends the row, with the shortest history that shows it. */
export async function compareBreaker({ injections, random, say }: RowOptions): Promise<RowResult> {
  let [histories, steps] = [0, 0];
  while (steps < injections) {
    const checked = checkBreakerHistories({ runs: HISTORIES_AT_A_TIME, seed: Math.floor(random() * SEED_LIMIT) });
    histories += checked.histories;
    steps += checked.steps;
    say(`${steps} steps`);
  }
  return {
    injections: steps,
    requests: 0,
    violations: [],
    detectMs: [],
    healMs: [],
    remarks: [`${steps} steps in ${histories} histories; the breaker agreed with its table after each`],
  };
}
