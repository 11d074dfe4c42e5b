import { describe, expect, it } from "vitest";
import type { CachedAnswer } from "../ports.ts";
import { createSingleFlight, type FlightEntry } from "./single-flight.ts";

const ANSWER: CachedAnswer = {
  answer: { answer: "Yes.", answerable: true, answeredBy: { kind: "extractive" }, citations: [], nearMisses: [], degraded: false },
  sources: [],
};

function land(entry: FlightEntry, answer: CachedAnswer | undefined): void {
  if (entry.kind !== "lead") throw new Error("whoever joins lands nothing");
  entry.land(answer);
}

const joined = (entry: FlightEntry): Promise<CachedAnswer | undefined> =>
  entry.kind === "join" ? entry.answer : Promise.reject(new Error("it leads"));

describe("createSingleFlight", () => {
  it("lets one lead and gives its answer to all who come before it has landed", async () => {
    const flight = createSingleFlight();
    const leader = flight.enter("key");
    const others = [flight.enter("key"), flight.enter("key")];
    land(leader, ANSWER);
    expect(await Promise.all(others.map(joined))).toEqual([ANSWER, ANSWER]);
  });

  it("lets another lead once the answer has landed, and for another question at any time", () => {
    const flight = createSingleFlight();
    const leader = flight.enter("key");
    expect(flight.enter("another").kind).toBe("lead");
    land(leader, ANSWER);
    expect(flight.enter("key").kind).toBe("lead");
  });

  it("tells those who joined when the leader came to nothing", async () => {
    const flight = createSingleFlight();
    const leader = flight.enter("key");
    const other = flight.enter("key");
    land(leader, undefined);
    expect(await joined(other)).toBeUndefined();
  });
});
