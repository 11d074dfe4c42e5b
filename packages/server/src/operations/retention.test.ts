import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expiredSets, type KeptSet } from "./retention.ts";

const DAY_MS = 86_400_000;
const NOW = 1_000 * DAY_MS;

const sets: fc.Arbitrary<KeptSet[]> = fc.uniqueArray(
  fc
    .record({ momentMs: fc.integer({ min: 0, max: 1_001 * DAY_MS }), isGood: fc.boolean() })
    .map((made) => ({ ...made, name: String(made.momentMs) })),
  { selector: ({ name }) => name, maxLength: 30 },
);
const rules = fc.record({ keepDays: fc.integer({ min: 0, max: 60 }), keepLast: fc.integer({ min: 0, max: 10 }) });

const check = (holds: (given: KeptSet[], keep: { keepDays: number; keepLast: number }, expired: readonly string[]) => void): void =>
  fc.assert(fc.property(sets, rules, (given, keep) => void holds(given, keep, expiredSets(given, keep, NOW))));

describe("of the sets, those that are removed", () => {
  it("are never among the last good ones, of which one at least stays, whatever the rules and the clock say", () => {
    check((given, { keepLast }, expired) => {
      const good = given.filter(({ isGood }) => isGood).sort((a, b) => b.momentMs - a.momentMs);
      for (const { name } of good.slice(0, Math.max(1, keepLast))) expect(expired).not.toContain(name);
    });
  });

  it("are all older than the days that are kept", () => {
    check((given, { keepDays }, expired) => {
      for (const { name, momentMs } of given) if (expired.includes(name)) expect(NOW - momentMs).toBeGreaterThan(keepDays * DAY_MS);
    });
  });

  it("are all those that neither rule keeps", () => {
    check((given, { keepDays, keepLast }, expired) => {
      const good = given.filter(({ isGood }) => isGood).sort((a, b) => b.momentMs - a.momentMs);
      const kept = new Set(good.slice(0, Math.max(1, keepLast)).map(({ name }) => name));
      const due = given.filter(({ name, momentMs }) => !kept.has(name) && NOW - momentMs > keepDays * DAY_MS);
      expect([...expired].sort()).toEqual(due.map(({ name }) => name).sort());
    });
  });

  it("are the same after a removal that was cut short was done again", () => {
    fc.assert(
      fc.property(sets, rules, fc.nat(), (given, keep, done) => {
        const expired = expiredSets(given, keep, NOW);
        const gone = expired.slice(0, expired.length === 0 ? 0 : done % expired.length);
        const left = given.filter(({ name }) => !gone.includes(name));
        expect([...gone, ...expiredSets(left, keep, NOW)]).toEqual(expired);
      }),
    );
  });

  it("are none when backups have failed for a month and one good set is left among damaged ones", () => {
    const old = { name: "good", momentMs: NOW - 30 * DAY_MS, isGood: true };
    const damaged = [1, 2, 3].map((days) => ({ name: `damaged${days}`, momentMs: NOW - days * DAY_MS, isGood: false }));
    expect(expiredSets([old, ...damaged], { keepDays: 7, keepLast: 1 }, NOW)).toEqual([]);
  });
});
